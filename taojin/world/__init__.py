"""A generated world with known tastes: the built-in data, and a judge of what is learnt from it."""
