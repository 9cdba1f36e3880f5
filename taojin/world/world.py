"""The generated world as a data set."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from taojin.core.events import Events
from taojin.core.units import FIRST
from taojin.data.dataset import Clock, Dataset, Log
from taojin.data.kinds import Kinds, Label
from taojin.data.vocabulary import Vocabulary
from taojin.world.events import Shown, shown
from taojin.world.films import Films, films
from taojin.world.policy import LIST
from taojin.world.reactions import LIKED
from taojin.world.tastes import Tastes, tastes
from taojin.world.truth import Truth

KINDS = Kinds(("show", "rate", "like"), (Label("like", "rate", at_least=LIKED),))
"""`show`: stood on a list, looked at or not; `rate`: watched, and rated with `value` stars."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Films that a recommender showed to users of known tastes, over two years. The same fields, the same world.

    variant     "movies", the only one so far
    users       how many; their ids are u1, u2, ...
    items       how many films, 20 or more; their ids are m1, m2, ..., the oldest first
    events      how many films are shown, within five in a hundred

    >>> small = World(users=50, items=200, events=2_000)
    >>> small.load().items.column_names
    ['item', 'title', 'genres', 'year', 'released', 'directors', 'cast']
    """

    variant: str = "movies"
    users: int = 3_000
    items: int = 2_000
    events: int = 300_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.variant != "movies":
            raise ValueError(f"world: no variant {self.variant!r}; there is 'movies'")
        for field, least in (("users", 1), ("items", 20), ("events", LIST)):
            if getattr(self, field) < least:
                raise ValueError(f"world: {field}: expected {least} at least, got {getattr(self, field)}")

    @property
    def name(self) -> str:
        """What the data set is called."""
        return f"world-{self.variant}"

    def load(self, path: Path | None = None) -> Dataset:
        """Users, films, and what was shown to whom. There is nothing to read: a path is an error."""
        if path is not None:
            raise ValueError(f"{self.name}: is generated and reads no files, got {str(path)!r}; leave the path out")
        users = Vocabulary(tuple(f"u{n}" for n in range(1, self.users + 1)))
        items = Vocabulary(tuple(f"m{n}" for n in range(1, self.items + 1)))
        return Dataset(
            self._tastes.table().add_column(0, "user", pa.array(users.ids)),
            self._films.table().add_column(0, "item", pa.array(items.ids)),
            users,
            items,
            KINDS,
            Clock.REAL,
            _log(self.shown(), self.users),
            name=self.name,
        )

    def shown(self) -> Shown:
        """The same log with what nobody records: positions, and where users looked."""
        return shown(self._films, self._tastes, self.events, (self.seed, 2))

    def truth(self) -> Truth:
        """The probabilities behind the log."""
        return Truth(self._films, self._tastes)

    @cached_property
    def _films(self) -> Films:
        return films(self.items, np.random.default_rng((self.seed, 0)))

    @cached_property
    def _tastes(self) -> Tastes:
        return tastes(self.users, np.random.default_rng((self.seed, 1)))


def _log(shown: Shown, users: int) -> Log:
    rated = ~np.isnan(shown.rating)
    bits = np.where(rated, KINDS.bits("show", "rate"), KINDS.bits("show")).astype(np.uint32)
    kinds = KINDS.labelled(bits, shown.rating)
    offsets = np.searchsorted(shown.user, np.arange(-FIRST, users + 1)).astype(np.int64)
    return Log(offsets, Events(shown.item + FIRST, kinds, shown.rating, shown.time))
