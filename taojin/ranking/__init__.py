"""Ranking: one model made of three kinds of part."""
