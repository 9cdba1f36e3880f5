"""Light rankers for thousands of candidates."""
