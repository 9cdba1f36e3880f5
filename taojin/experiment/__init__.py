"""Train, evaluate: from a recipe to a bundle and its numbers."""
