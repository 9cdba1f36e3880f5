"""Vectors from random walks over the graph of what follows what."""
