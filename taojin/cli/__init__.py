"""The command line: each command loads what it needs, so that a short one answers at once."""
