"""The three ways to serve: ranked lists, neighbours of items, nearest vectors. No torch, no SciPy."""
