"""A channel by itself as a baseline: no rule but what a user has had, no ranker.

Shapes: R requests, K places.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from taojin.core.batch import Requests
from taojin.core.stages import Retriever
from taojin.core.units import PAD
from taojin.evaluation.recommended import Recommended
from taojin.features.store import Store

BLOCK = 256
"""Requests that are answered at once."""


@dataclass(frozen=True, kw_only=True)
class Alone:
    """Lists of a fitted channel.

    store       must hold the features that the channel reads
    had         bits of the kinds of event after which an item is not shown again
    items       size of the vocabulary
    setting     what is told of the channel
    """

    retriever: Retriever
    store: Store
    had: int
    items: int
    setting: Mapping[str, str | float] = field(default_factory=dict)

    def recommend(self, requests: Requests, k: int) -> Recommended:
        """The k best items of each request that its user has not had."""
        lists = Recommended(np.full((len(requests), k), PAD, np.int64), np.zeros((len(requests), k)))
        past = requests.past.end - requests.past.start
        # Users with pasts of similar length ask together, since a block fetches as many more as its longest past has.
        order = np.argsort(past, kind="stable")
        for start in range(0, len(order), BLOCK):
            rows = order[start : start + BLOCK]
            block = requests[rows]
            values = self.store.read(self.retriever.features, block)
            found = self.retriever.retrieve(block, values, k + int(past[rows[-1]]))
            had = block.past.consumed(self.had, self.items)
            fresh = found.where(had.times(found.request, found.item) == 0)
            best = Recommended.of(fresh.with_score("found", fresh.found[:, 0]), k, "found")
            lists.item[rows], lists.score[rows] = best.item, best.score
        return lists
