"""What users did: event columns grouped by user, and the part of them that lies before a request.

Shapes: E events, R requests, L places of a history.
"""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import NEVER, PAD, Ints, Mask

V = TypeVar("V", np.int64, np.uint32, np.uint8, np.float32)


@dataclass(frozen=True, slots=True)
class Matching:
    """The events that have one of some kinds.

    position    int64[M]    where they stand, ascending
    before      int64[E+1]  how many of them stand before each event
    """

    position: Ints
    before: Ints


@dataclass(frozen=True, slots=True)
class Events:
    """Columns of events, grouped by user, each user's sorted by (time, item).

    item    int64[E]    item row
    kinds   uint32[E]   the kinds this event has, one bit each: a rating of 5 is a `rate` and a `like`
    value   float32[E]  rating, seconds watched, quantity, ...; NaN where there is none
    time    int64[E]    milliseconds, or the position within the user where the clock is ORDER
    """

    item: Ints
    kinds: NDArray[np.uint32]
    value: NDArray[np.float32]
    time: Ints
    _matching: dict[int, Matching] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        sizes = {len(self.item), len(self.kinds), len(self.value), len(self.time)}
        assert len(sizes) == 1, f"Events: columns of different lengths {sorted(sizes)}"

    def __len__(self) -> int:
        return len(self.item)

    def matching(self, kinds: int) -> Matching:
        """The events that have at least one of `kinds`; computed once for each set of kinds."""
        if kinds not in self._matching:
            hit = (self.kinds & np.uint32(kinds)) != 0
            before = np.zeros(len(hit) + 1, dtype=np.int64)
            np.cumsum(hit, out=before[1:])
            self._matching[kinds] = Matching(np.flatnonzero(hit), before)
        return self._matching[kinds]


@dataclass(frozen=True, slots=True)
class Consumed:
    """Which items each request's user has had, when last and how often.

    key         int64[M]    request * items + item, ascending, each once
    last_time   int64[M]
    count       int64[M]
    items       int         size of the item vocabulary
    """

    key: Ints
    last: Ints
    count: Ints
    items: int

    def last_time(self, request: Ints, item: Ints) -> Ints:
        """Time of the last event of each (request, item), NEVER where there was none."""
        return look_up(self.key, self.last, request * self.items + item, absent=NEVER)

    def times(self, request: Ints, item: Ints) -> Ints:
        """How many events each (request, item) has had."""
        return look_up(self.key, self.count, request * self.items + item, absent=0)


@dataclass(frozen=True, slots=True)
class Pasts:
    """What each of R requests may look at: rows start[r]:end[r] of `events`, all before the request."""

    events: Events
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, rows: slice | Ints | Mask) -> "Pasts":
        return Pasts(self.events, self.start[rows], self.end[rows])

    def last(self, kinds: int, length: int) -> Ints:
        """Positions of each request's last `length` events of these kinds, int64[R, L]; newest last, -1 on the left."""
        found = self.events.matching(kinds)
        first, stop = found.before[self.start], found.before[self.end]  # [R]
        index = stop[:, None] + np.arange(-length, 0)  # [R, L]
        known = index >= first[:, None]
        positions = np.full(index.shape, -1, dtype=np.int64)
        positions[known] = found.position[index[known]]
        return positions

    def items(self, kinds: int, length: int) -> Ints:
        """Items of each request's last `length` events of these kinds, int64[R, L]; newest last, PAD on the left."""
        at = self.last(kinds, length)
        if not len(self.events):
            return np.full(at.shape, PAD, dtype=np.int64)
        return np.where(at >= 0, self.events.item[at], PAD)

    def pairs(self, kinds: int) -> tuple[Ints, Ints]:
        """Every (request, position of event) of these kinds, two int64[P], by request and then by time."""
        found = self.events.matching(kinds)
        first, stop = found.before[self.start], found.before[self.end]
        request, index = spread(first, stop)
        return request, found.position[index]

    def consumed(self, kinds: int, items: int) -> Consumed:
        """Last time and count of every item that the requests' users have had with these kinds."""
        request, at = self.pairs(kinds)
        key = request * items + self.events.item[at]
        order = np.argsort(key, kind="stable")  # within a key the events stay sorted by time
        key, time = key[order], self.events.time[at[order]]
        last = last_of_each(key)
        unique = key[last]
        count = np.diff(np.concatenate(([-1], np.flatnonzero(last))))
        return Consumed(unique, time[last], count, items)


NO_EVENTS = Events(np.empty(0, np.int64), np.empty(0, np.uint32), np.empty(0, np.float32), np.empty(0, np.int64))


def no_pasts(requests: int) -> Pasts:
    """The past of users of whom nothing is known."""
    return Pasts(NO_EVENTS, np.zeros(requests, np.int64), np.zeros(requests, np.int64))


def spread(start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """All (segment, index) with start[segment] <= index < stop[segment], two int64[sum of lengths].

    >>> spread(np.array([0, 5]), np.array([2, 6]))
    (array([0, 0, 1]), array([0, 1, 5]))
    """
    length = stop - start
    segment = np.repeat(np.arange(len(start)), length)
    before = np.cumsum(length) - length
    return segment, np.arange(len(segment)) - np.repeat(before - start, length)


def last_of_each(sorted_key: Ints) -> Mask:
    """True where the next key differs: the last row of each run of equal keys."""
    last = np.ones(len(sorted_key), dtype=np.bool_)
    np.not_equal(sorted_key[1:], sorted_key[:-1], out=last[:-1])
    return last


def look_up(key: Ints, values: NDArray[V], wanted: Ints, *, absent: float) -> NDArray[V]:
    """Value of each wanted key, `absent` where the ascending keys do not have it.

    >>> look_up(np.array([2, 5]), np.array([20, 50]), np.array([5, 3]), absent=0)
    array([50,  0])
    """
    if not len(key):
        return np.full(len(wanted), absent, dtype=values.dtype)
    at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    return np.where(key[at] == wanted, values[at], values.dtype.type(absent))
