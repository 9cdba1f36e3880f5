"""Ranked lists: hot, popular, top rated, the best of a tag, ...

Shapes: R requests, G lists, M places of all lists together, P (request, list) pairs.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.events import spread
from taojin.core.units import Floats, Ints, Mask
from taojin.retrieval.serve.best import propose
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
        """At most k items per request."""
        asked = self.keys.find(requests, rows)
        offsets, item, score = self.offsets, self.item, self.score
        if requests.allowed is not None:
            offsets, item, score = self._only(requests.allowed)
        start = offsets[asked.key]
        if (np.diff(asked.request) > 0).all():  # no request has two lists, and each list is in order already
            # One place more, since the item that the request starts from may stand among them.
            pair, at = spread(start, np.minimum(start + k + 1, offsets[asked.key + 1]))
            return self._first(requests, asked.request[pair], item[at], asked.weight[pair] * score[at], k)
        pair, at = spread(start, offsets[asked.key + 1])
        return propose(requests, asked.request[pair], item[at], asked.weight[pair] * score[at], k=k)

    def _first(self, requests: Requests, request: Ints, item: Ints, score: Floats, k: int) -> Candidates:
        """The first k of each request but the item that it starts from."""
        other = item != requests.item[request]
        request, item, score = request[other], item[other], score[other]
        first = np.arange(len(request)) - np.searchsorted(request, request) < k
        offsets = np.searchsorted(request[first], np.arange(len(requests) + 1))
        return Candidates.proposed("", offsets, item[first], score[first])

    def _only(self, allowed: Mask) -> tuple[Ints, Ints, Floats]:
        mask = allowed[self.item]
        before = np.concatenate(([0], np.cumsum(mask)))
        return before[self.offsets], self.item[mask], self.score[mask]
