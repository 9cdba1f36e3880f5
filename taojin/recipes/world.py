"""The generated world of films: the built-in data, nothing to download."""

from dataclasses import replace

from taojin.data.split import UserTimeSplit
from taojin.recipes import films
from taojin.scene import Experiment
from taojin.world.world import World

PEOPLE = ("gender", "age", "region")


def world() -> Experiment:
    """3,000 users, 2,000 films, about 300,000 events; what was shown without being watched is known, too."""
    return Experiment(
        name="world",
        data=World(),
        split=UserTimeSplit(valid=0.1, test=0.2),
        features=films.features(clock=True, people=PEOPLE),
        embeddings=films.embeddings(PEOPLE),
        models=films.models(),
        scenes=films.scenes(clock=True, consumed=("show", "rate")),
    )


def world_tiny() -> Experiment:
    """The same on 300 users and 300 films, for a first look and for tests."""
    whole = world()
    return replace(whole, data=World(users=300, items=300, events=20_000), models=films.models(epochs=2))
