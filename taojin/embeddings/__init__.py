"""Who learns vectors."""
