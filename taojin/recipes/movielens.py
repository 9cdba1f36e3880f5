"""MovieLens as implicit feedback: 3.5 stars and more count as a like."""

from taojin.data.movielens import MovieLens, MovieLensOrder
from taojin.data.split import UserTimeSplit
from taojin.recipes import films
from taojin.scene import Experiment


def movielens() -> Experiment:
    """Any MovieLens release with times: 100k, latest-small, 1M, 10M, 20M, 25M, 32M."""
    return Experiment(
        name="movielens",
        data=MovieLens(like_from=3.5),
        split=UserTimeSplit(valid=0.1, test=0.2),
        features=films.features(clock=True),
        embeddings=films.embeddings(),
        models=films.models(),
        scenes=films.scenes(clock=True),
    )


def movielens_order() -> Experiment:
    """MovieLens 1M where only the order of each user's ratings is known: nothing that needs a clock."""
    people = ("gender", "age", "occupation")
    return Experiment(
        name="movielens_order",
        data=MovieLensOrder(like_from=3.5),
        split=UserTimeSplit(valid=0.1, test=0.2),
        features=films.features(clock=False, people=people),
        embeddings=films.embeddings(people),
        models=films.models(),
        scenes=films.scenes(clock=False),
    )
