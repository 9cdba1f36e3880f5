"""From somebody's files to a recipe: what the files are, what their columns mean, and the text that says so."""
