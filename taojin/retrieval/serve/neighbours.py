"""Items beside items: item CF, swing, association, content, ...

Shapes: R requests, I items in the vocabulary, M neighbours of all items together, P seeds.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows, stack
from taojin.core.events import spread
from taojin.core.units import Floats, Ints
from taojin.embeddings.seeds import Seeds
from taojin.retrieval.serve.best import propose

BLOCK = 256
"""Requests whose neighbours are summed at once: a history of 50 items with 100 neighbours each is a million pairs."""


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Proposes the neighbours of the items a request starts from; scores are sums of weight times similarity.

    seeds       the items it starts from, and their weights
    offsets     int64[I+1]  neighbours of item i are places offsets[i]:offsets[i+1]
    item        int64[M]
    similarity  float32[M]
    """

    seeds: Seeds
    offsets: Ints
    item: Ints
    similarity: Floats

    @property
    def features(self) -> tuple[str, ...]:
        return self.seeds.features

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        """The k items of the largest sums, per request; items of the history itself are not left out."""
        seeds = self.seeds.find(requests, rows)
        edges = np.append(np.arange(0, max(len(requests), 1), BLOCK), len(requests))
        blocks = []
        for first, stop in pairwise(edges):
            of_block = slice(*np.searchsorted(seeds.request, (first, stop)))
            key, weight = seeds.key[of_block], seeds.weight[of_block]
            seed, at = spread(self.offsets[key], self.offsets[key + 1])
            request, score = seeds.request[of_block][seed] - first, weight[seed] * self.similarity[at]
            blocks.append(propose(requests[first:stop], request, self.item[at], score, k=k))
        return stack(blocks) if len(blocks) > 1 else blocks[0]
