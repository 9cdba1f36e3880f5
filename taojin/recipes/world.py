"""The generated world of films: the built-in data, nothing to download."""

from taojin.data.split import UserTimeSplit
from taojin.recipes import films
from taojin.scene import Experiment
from taojin.world.world import World


def world() -> Experiment:
    """3,000 users, 2,000 films, about 300,000 events."""
    people = ("gender", "age", "region")
    return Experiment(
        name="world",
        data=World(),
        split=UserTimeSplit(valid=0.1, test=0.2),
        features=films.features(clock=True, people=people),
        embeddings=films.embeddings(people),
        models=films.models(),
        scenes=films.scenes(clock=True),
    )
