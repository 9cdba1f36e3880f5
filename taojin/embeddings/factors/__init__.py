"""Factors of the matrix of likes: a vector per user and item whose product says how well they go together."""
