"""Fitted windowed features: every value they ever had, or the value at one time. NumPy only.

A windowed value on its refresh grid changes only when an event enters or leaves the window. A `Timeline` holds the
values at these change points, so any as-of read is one search; a `Snapshot` holds one value per entity and stands in
the bundle.

Shapes: P change points, E entities (users or items, reserved rows included), R requests, N candidates, K folds.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taojin.core.units import FIRST, Floats, Ints
from taojin.features.attributes import LEVEL, Entity
from taojin.features.encode import Scale, hashed
from taojin.features.feature import Ask, Form, Level, Number

TRAINING = "training"
"""Key of `Requests.context` that marks the rows of a training table."""


@dataclass(frozen=True, eq=False)
class Changes:
    """When the values of the entities change: every (entity, time) on the refresh grid, once.

    key         int64[P]    entity * span + 1 + (time - first) / refresh, ascending
    first       int         earliest change, milliseconds
    span        int         1 + number of refreshes from the first to the last change
    refresh     int         milliseconds
    """

    key: Ints
    first: int
    span: int
    refresh: int

    @classmethod
    def of(cls, entity: Ints, time: Ints, refresh: int) -> tuple["Changes", Ints]:
        """The change points in order, and the place int64[P] of each in the arrays that were given."""
        if not len(time):
            return cls(time, 0, 1, refresh), time
        first = int(time.min())
        span = 2 + (int(time.max()) - first) // refresh
        if (int(entity.max()) + 1) * span >= 1 << 63:
            raise ValueError(
                f"windowed features: {entity.max()} entities and {span} refreshes of {refresh} ms are more than "
                "64 bits can number; choose a coarser refresh"
            )
        key = entity * span + 1 + (time - first) // refresh
        order = np.argsort(key)
        return cls(key[order], first, span, refresh), order

    def last(self, entity: Ints, time: Ints) -> Ints:
        """Place of each entity's last change at or before a time, int64[...]; -1 where there was none."""
        tick = np.clip((time - self.first) // self.refresh + 1, 0, self.span - 1)
        place = np.searchsorted(self.key, entity * self.span + tick, side="right") - 1
        if not len(self.key):
            return place
        return np.where(self.key[np.maximum(place, 0)] >= entity * self.span, place, -1)


@dataclass(frozen=True)
class Snapshot:
    """A windowed feature as it stood at one time: the form that a bundle holds.

    values      float32[E]  before scaling; NaN where there was nothing to measure
    empty       float       the value of an entity without events
    as_of       int         the time of the values, on the refresh grid
    refresh     int         milliseconds
    """

    name: str
    entity: Entity
    values: Floats
    empty: float
    scale: Scale
    as_of: int
    refresh: int

    @property
    def level(self) -> Level:
        """A user's value stands once per request, an item's once per candidate."""
        return LEVEL[self.entity]

    @property
    def form(self) -> Form:
        """One number."""
        return Number()

    def stale(self, now: int) -> bool:
        """True once the values are older than two refreshes, which makes answers `degraded`."""
        return now - self.as_of > 2 * self.refresh

    def read(self, ask: Ask) -> Floats:
        """Scaled values of the batch's entities, float32[R or N, 1]."""
        return self._scaled[self._place(ask), None]

    def raw(self, ask: Ask) -> Floats:
        """Values before scaling, float32[R or N]."""
        return np.append(self.values, np.float32(self.empty))[self._place(ask)]

    def _place(self, ask: Ask) -> Ints:
        """Row of each entity, one behind the last where training did not know it."""
        return np.minimum(ask.requests.user if self.entity == "user" else ask.item, len(self.values))

    @cached_property
    def _scaled(self) -> Floats:
        return self.scale.apply(np.append(self.values, np.float32(self.empty)))


@dataclass(frozen=True)
class Timeline:
    """A windowed feature at every time: what training and evaluation read.

    changes     when the values change; shared by the features of one entity and refresh
    values      float32[P]  from this change to the entity's next, before scaling; NaN where nothing was to measure
    empty       float       the value before an entity's first change
    entities    int         E
    """

    name: str
    entity: Entity
    changes: Changes
    values: Floats
    empty: float
    scale: Scale
    entities: int

    @property
    def level(self) -> Level:
        """A user's value stands once per request, an item's once per candidate."""
        return LEVEL[self.entity]

    @property
    def form(self) -> Form:
        """One number."""
        return Number()

    def read(self, ask: Ask) -> Floats:
        """Scaled values as of each request's time, float32[R or N, 1]."""
        return self.scale.apply(self.raw(ask))[:, None]

    def raw(self, ask: Ask) -> Floats:
        """Values before scaling, float32[R or N]."""
        return self._from(ask.once(self.changes, lambda: self._last(ask)))

    def at(self, entity: Ints, time: Ints) -> Floats:
        """Values of entities as of times, before scaling: over [grid(time) - window, grid(time))."""
        return self._from(self.changes.last(entity, time))

    def now(self, time: int) -> Snapshot:
        """What serving holds at a time."""
        values = self.at(np.arange(self.entities), np.full(self.entities, time))
        as_of = int(time - time % self.changes.refresh)
        return Snapshot(self.name, self.entity, values, self.empty, self.scale, as_of, self.changes.refresh)

    def _last(self, ask: Ask) -> Ints:
        if self.entity == "user":
            return self.changes.last(ask.requests.user, ask.requests.time)
        return self.changes.last(ask.item, ask.requests.time[ask.of])

    def _from(self, place: Ints) -> Floats:
        if not len(self.values):
            return np.full(place.shape, self.empty, np.float32)
        return np.where(place >= 0, self.values[place], np.float32(self.empty))


@dataclass(frozen=True)
class OutOfFoldValues:
    """A statistic of items without a clock: for a training row from the other folds' users, else from everybody.

    values      float32[K+1, E]     before scaling; row k leaves out the users of fold k, the last row nobody
    empty       float               the value of an item without events
    """

    name: str
    values: Floats
    empty: float
    scale: Scale

    @property
    def level(self) -> Level:
        """Items stand once per candidate."""
        return Level.CANDIDATE

    @property
    def form(self) -> Form:
        """One number."""
        return Number()

    def read(self, ask: Ask) -> Floats:
        """Scaled values of the candidates, float32[N, 1]."""
        return self._scaled[self._place(ask)][:, None]

    def raw(self, ask: Ask) -> Floats:
        """Values before scaling, float32[N]; out of fold where the context says that the rows train."""
        return self._with_strangers[self._place(ask)]

    def _place(self, ask: Ask) -> tuple[Ints, Ints]:
        """Fold and item of each candidate, one behind the last item where training did not know it."""
        folds, items = len(self.values) - 1, self.values.shape[1]
        row = np.full(len(ask.requests), folds)
        if TRAINING in ask.requests.context:
            row = np.where(ask.requests.context[TRAINING] != 0, fold(ask.requests.user, folds), folds)
        return row[ask.of], np.minimum(ask.item, items)

    @property
    def _with_strangers(self) -> Floats:
        return np.pad(self.values, ((0, 0), (0, 1)), constant_values=self.empty)

    @cached_property
    def _scaled(self) -> Floats:
        return self.scale.apply(self._with_strangers)


def fold(user: Ints, folds: int) -> Ints:
    """Fold of each user in [0, folds), int64[...], by a hash of the row.

    >>> fold(np.arange(2, 10), 3)
    array([1, 1, 1, 2, 0, 2, 2, 2])
    """
    return hashed([user], folds + FIRST, "fold") - FIRST
