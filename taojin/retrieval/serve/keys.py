"""How a request finds its lists: everybody the same, by time, by the tags of what was liked. NumPy only.

Shapes: R requests, T ticks, I items in the vocabulary, G tags, M (item, tag) pairs.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from taojin.core.batch import Requests, Rows
from taojin.core.events import spread
from taojin.core.units import Floats, Ints
from taojin.embeddings.seeds import Seeds, Weighted
from taojin.retrieval.serve.best import best


@runtime_checkable
class Keys(Protocol):
    """Finds the lists of requests."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the request features it reads."""
        ...

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """Rows of lists; a request may have several, or none."""
        ...


@dataclass(frozen=True, kw_only=True)
class Everyone:
    """There is one list, and it is everybody's."""

    features: tuple[str, ...] = ()

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """List 0 for each request."""
        request = np.arange(len(requests))
        return Weighted(request, np.zeros_like(request), np.ones(len(request), np.float32))


@dataclass(frozen=True, kw_only=True)
class AsOf:
    """List t is the state from ticks[t] on, until the next tick.

    ticks   int64[T], ascending, milliseconds
    """

    ticks: Ints
    features: tuple[str, ...] = ()

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """The list of the last tick at or before each request; none before the first tick."""
        tick = np.searchsorted(self.ticks, requests.time, side="right") - 1
        request = np.flatnonzero(tick >= 0)
        return Weighted(request, tick[request], np.ones(len(request), np.float32))


@dataclass(frozen=True, kw_only=True)
class TagsOfItems:
    """The tags that weigh most among the items a request starts from: summed weight times rarity (TF-IDF).

    offsets     int64[I+1]  tags of item i are tag[offsets[i]:offsets[i+1]]
    tag         int64[M]
    rarity      float32[G]  inverse frequency among items
    most        how many tags of a request are asked
    """

    seeds: Seeds
    offsets: Ints
    tag: Ints
    rarity: Floats
    most: int

    @property
    def features(self) -> tuple[str, ...]:
        return self.seeds.features

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """Lists are keyed by tag."""
        seeds = self.seeds.find(requests, rows)
        seed, at = spread(self.offsets[seeds.key], self.offsets[seeds.key + 1])
        tag = self.tag[at]
        liked = best(seeds.request[seed], tag, seeds.weight[seed] * self.rarity[tag], groups=len(requests), k=self.most)
        return Weighted(np.repeat(np.arange(len(requests)), np.diff(liked.offsets)), liked.key, liked.score)
