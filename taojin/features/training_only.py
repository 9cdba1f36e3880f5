"""Features that explain what happened but are not to decide: known in training rows, unknown to what is served.

The first places of a list are clicked more whatever stands there. A model that may read the place learns what is left
for the item; served without it, it is asked what would happen at an unknown place. Rows that choose the epoch know the
place too: judged without it, the model that has learned least from places explains their clicks best.

Zhao et al., RecSys 2019, https://doi.org/10.1145/3298689.3346997 (section 4.4: a position as a feature of training,
missing when served)

Shapes: R requests, N candidates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from taojin.core.bounds import Count, Dropped, bounded
from taojin.core.units import FIRST, UNKNOWN
from taojin.data.dataset import TrainView
from taojin.features.encode import hashed
from taojin.features.feature import Ask, Category, Column, Feature, Form, History, Level, Values
from taojin.features.store import Timed

OBSERVED = "observed"
"""Key of `Requests.context` that marks rows of what happened, to learn from or to choose an epoch on."""
SHARES = 1_000
"""Into so many equal parts the rows are hashed to draw those that do not know."""


@dataclass(frozen=True)
class Hidden:
    """A column that says nothing but of what was observed, and in a share of those rows nothing either."""

    of: Column
    hidden: float

    @property
    def name(self) -> str:
        """The column's name."""
        return self.of.name

    @property
    def level(self) -> Level:
        """The column's level."""
        return self.of.level

    @property
    def form(self) -> Form:
        """The column's form."""
        return self.of.form

    def read(self, ask: Ask) -> Values:
        """Its values where the context says that the row was observed; UNKNOWN codes and numbers of 0 elsewhere."""
        observed = ask.requests.context.get(OBSERVED)
        known = np.zeros(len(ask.requests), np.bool_) if observed is None else observed != 0
        drawn = hashed([ask.requests.seed.astype(np.int64)], SHARES + FIRST, self.name) - FIRST
        known = known & (drawn >= self.hidden * SHARES)
        if self.level == Level.CANDIDATE:
            known = known[ask.of]
        values = self.of.read(ask)
        nothing = UNKNOWN if isinstance(self.form, Category) else 0
        return np.where(known.reshape(-1, *[1] * (values.ndim - 1)), values, values.dtype.type(nothing))

    def now(self, time: int) -> "Hidden":
        """What a bundle keeps of it."""
        return replace(self, of=self.of.now(time)) if isinstance(self.of, Timed) else self


@dataclass(frozen=True, kw_only=True)
class TrainingOnly:
    """The feature `of`, which what is served does not know.

    hidden  share of the training rows that do not know it either, so that the model learns what to do then; where what
            stands at good places is not drawn at random, it also learns who stood there

    >>> TrainingOnly(of=Place(name="place", event="show")).name
    'place'
    """

    of: Feature
    hidden: Dropped = 0.0

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def name(self) -> str:
        """The feature's name."""
        return self.of.name

    @property
    def needs_clock(self) -> bool:
        """If the feature does."""
        return self.of.needs_clock

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> Hidden:
        """Fit the feature."""
        column = self.of.fit(view, columns)
        if isinstance(column.form, History):
            raise ValueError(f"feature {self.name!r}: a history cannot be hidden; name a category or a number")
        return Hidden(column, self.hidden)


@dataclass(frozen=True)
class PlaceCode:
    """Place of each request's row in its session, a category int64[R]: FIRST for the first, `most` for all behind."""

    name: str
    kinds: int
    gap: int
    most: int
    level: Level = Level.REQUEST

    @property
    def form(self) -> Form:
        """A category of the places."""
        return Category(FIRST + self.most)

    def read(self, ask: Ask) -> Values:
        """How many such events there were since the last gap."""
        past = ask.requests.past
        at = past.last(self.kinds, self.most)  # [R, most]
        if not len(past.events) or not len(at):
            return np.full(len(ask.requests), FIRST)
        time = np.concatenate([past.events.time[at], ask.requests.time[:, None]], axis=1)
        near = (np.diff(time, axis=1) <= self.gap) & (at >= 0)
        before = np.logical_and.accumulate(near[:, ::-1], axis=1).sum(axis=1)
        return FIRST + np.minimum(before, self.most - 1)


@dataclass(frozen=True, kw_only=True)
class Place:
    """How many events of a kind the user had had in this session: the place in a feed that shows one after the other.

    To be wrapped in `TrainingOnly`, and read off rows of what was shown (`Sampling.exposed`).

    gap     milliseconds without such an event that end a session
    most    places behind this one count as it
    """

    name: str
    event: str = "show"
    gap: Count = 30 * 60_000
    most: Count = 20
    needs_clock: bool = True

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> PlaceCode:
        """There is nothing to learn."""
        return PlaceCode(self.name, view.kinds.bits(self.event), self.gap, self.most)
