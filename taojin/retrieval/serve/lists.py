"""Lists: hot, popular, top rated, the best of a tag, what friends like, what is new, ...

Shapes: R requests, G lists, M places of all lists together, P (request, list) pairs.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.events import spread
from taojin.core.units import DAY, FOREVER, Floats, Ints, Mask
from taojin.retrieval.serve.best import Combine, propose
from taojin.retrieval.serve.keys import Keys


@dataclass(frozen=True, kw_only=True)
class Lists:
    """Proposes the best of each request's lists; an item's score is the weighted sum over those that hold it.

    keys        how a request finds its lists
    offsets     int64[G+1]  list g is places offsets[g]:offsets[g+1]
    item        int64[M]    best first
    score       float32[M]
    """

    keys: Keys
    offsets: Ints
    item: Ints
    score: Floats

    @property
    def features(self) -> tuple[str, ...]:
        return self.keys.features

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        """At most k items per request out of those that it may have."""
        asked = self.keys.find(requests, rows)
        if (np.diff(asked.request) > 0).all():  # no request has two lists
            start, stop, at = places(self.offsets, self.item, asked.key, requests.allowed)
            # One place more, since the item that the request starts from may stand among them.
            pair, place = spread(start, np.minimum(start + k + 1, stop))
            at, combine = at[place], Combine.NOTHING
        else:
            # What stands far down in one list may stand high in another, so that all of each counts.
            pair, at = spread(self.offsets[asked.key], self.offsets[asked.key + 1])
            combine = Combine.SUM
        score = asked.weight[pair] * self.score[at]
        return propose(requests, asked.request[pair], self.item[at], score, k=k, combine=combine)


@dataclass(frozen=True, kw_only=True)
class NewestLists:
    """Proposes the newest of each request's lists; the score is minus an item's age in days.

    keys        how a request finds its lists; their weights do not matter
    offsets     int64[G+1]  list g is places offsets[g]:offsets[g+1]
    item        int64[M]
    since       int64[M]    when each place begins, milliseconds, newest first within each list
    age         milliseconds after which a place ends
    """

    keys: Keys
    offsets: Ints
    item: Ints
    since: Ints
    age: int = FOREVER

    @property
    def features(self) -> tuple[str, ...]:
        return self.keys.features

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        """At most k items per request that are there at its time, and not older than `age`."""
        asked = self.keys.find(requests, rows)
        time = requests.time[asked.request]
        start, stop, at = places(self.offsets, self.item, asked.key, requests.allowed)
        since = self.since[at]
        start = _first_at_most(since, start, stop, time)
        stop = _first_at_most(since, start, stop, time - self.age)
        pair, place = spread(start, np.minimum(start + k + 1, stop))
        score = ((since[place] - time[pair]) / DAY).astype(np.float32)
        return propose(requests, asked.request[pair], self.item[at[place]], score, k=k, combine=Combine.MAX)


def places(offsets: Ints, item: Ints, asked: Ints, allowed: Mask | None) -> tuple[Ints, Ints, Ints]:
    """The allowed places of the lists asked for, `start`, `stop`, `at`: those of asked[p] are at[start[p]:stop[p]]."""
    lists, which = np.unique(asked, return_inverse=True)
    length = offsets[lists + 1] - offsets[lists]
    _, at = spread(offsets[lists], offsets[lists + 1])
    cuts = np.concatenate(([0], np.cumsum(length)))
    if allowed is not None:
        mask = allowed[item[at]]
        at, cuts = at[mask], np.concatenate(([0], np.cumsum(mask)))[cuts]
    return cuts[which], cuts[which + 1], at


def _first_at_most(values: Ints, start: Ints, stop: Ints, wanted: Ints) -> Ints:
    """First place of each start:stop, where values fall, that is at most what is wanted, by bisection; else stop."""
    start, stop = start.copy(), stop.copy()
    while (open_ := np.flatnonzero(start < stop)).size:
        middle = (start[open_] + stop[open_]) // 2
        above = values[middle] > wanted[open_]
        start[open_[above]] = middle[above] + 1
        stop[open_[~above]] = middle[~above]
    return start
