"""Vectors from a graph of facts about items."""
