"""MovieLens as implicit feedback: 3.5 stars and more count as a like."""

from taojin.data.movielens import MovieLens, MovieLensOrder
from taojin.recipes.films import films
from taojin.scene import Experiment


def movielens() -> Experiment:
    """Any MovieLens release with times: 100k, latest-small, 1M, 10M, 20M, 25M, 32M."""
    return films("movielens", MovieLens(like_from=3.5))


def movielens_order() -> Experiment:
    """MovieLens 1M where only the order of each user's ratings is known: nothing that needs a clock."""
    return films("movielens_order", MovieLensOrder(like_from=3.5), clock=False, people=("gender", "age", "occupation"))
