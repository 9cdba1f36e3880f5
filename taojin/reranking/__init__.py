"""The list as a whole: diversity and business order."""
