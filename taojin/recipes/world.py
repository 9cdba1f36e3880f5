"""The generated world of films: the built-in data, nothing to download."""

from taojin.recipes.films import films
from taojin.scene import Experiment
from taojin.world.world import World

PEOPLE = ("gender", "age", "region")
MAKERS = ("directors", "cast")
SEEN = ("show", "rate", "like")
"""A film that was shown is not shown again, watched or not."""


def world() -> Experiment:
    """3,000 users, 2,000 films, about 300,000 events; what was shown without being watched is known, too."""
    return films("world", World(), people=PEOPLE, makers=MAKERS, consumed=SEEN)


def world_tiny() -> Experiment:
    """The same on 300 users and 300 films, for a first look and for tests."""
    tiny = World(users=300, items=300, events=20_000)
    return films("world_tiny", tiny, people=PEOPLE, makers=MAKERS, consumed=SEEN, epochs=6)
