"""A built index: what the bundle holds of it, and what a search for k items has to spend.

Shapes: V vectors searched, D embedding size, Q queries, K items found, S depths at which the effort was measured.
"""

from dataclasses import dataclass
from functools import cached_property

import faiss
import numpy as np
from numpy.typing import NDArray

from taojin.core.units import Floats, Ints
from taojin.retrieval.serve.index import SEED, Bits, Exact, Found, Index

DEPTHS = (10, 100, 1_000)
"""Numbers of items for which the effort is measured."""
TRIED = 200
"""Queries that are asked when the effort is measured."""
ROUNDING = 1e-5
"""Differences below this share of the largest score come from the order in which floats are added."""


@dataclass(frozen=True, kw_only=True)
class Structure:
    """An index over item vectors that was built once.

    data        uint8[B]    the index as faiss writes it; empty for the exact one
    depth       int64[S]    ascending
    effort      int64[S]    what finding so many items takes
    size        vectors in it
    """

    index: Index
    data: NDArray[np.uint8]
    depth: Ints
    effort: Ints
    size: int

    @classmethod
    def of(cls, index: Index, item: Ints, vectors: Floats, asked: Floats | None = None) -> "Structure":
        """Build the index over float32[V, D], and measure the effort.

        item    int64[V]        item row of each vector
        asked   float32[Q, D]   queries to measure it with; None: vectors of the index
        """
        vectors = np.ascontiguousarray(vectors, np.float32)
        made = index.make(item, vectors)
        asked = vectors if asked is None or not asked.any() else asked[asked.any(axis=1)]
        depth = np.array([k for k in DEPTHS if k <= len(vectors) // 4] or [1])
        effort, data = np.ones_like(depth), np.empty(0, np.uint8)
        if not isinstance(index, Exact):  # which has no effort to measure, and is quicker to build than to read
            effort, data = _efforts(index, made, item, vectors, asked, depth), faiss.serialize_index(made)
        built = cls(index=index, data=data, depth=depth, effort=effort, size=len(vectors))
        vars(built)["made"] = made  # it need not be read again in this process
        return built

    @cached_property
    def made(self) -> faiss.Index:
        """The index, read from its bytes."""
        return faiss.deserialize_index(self.data)

    def search(self, query: Floats, k: int, *, only: Bits | None = None) -> Found:
        """The nearest items of each query; a mask that leaves few of them takes more effort."""
        share = 1.0 if only is None else max(_count(only), 1) / self.size
        return self.index.search(self.made, query, k, effort=self.effort_for(k / min(share, 1.0)), only=only)

    def effort_for(self, depth: float) -> int:
        """What finding so many items takes: a power law between the measured depths, in proportion beyond them."""
        known = np.interp(np.log(depth), np.log(self.depth), np.log(self.effort))
        beyond = max(1.0, depth / self.depth[-1])
        return int(min(np.ceil(np.exp(known) * beyond), self.index.most(self.size)))


def _efforts(index: Index, made: faiss.Index, item: Ints, vectors: Floats, asked: Floats, depth: Ints) -> Ints:
    """The least effort, among powers of two, at which each depth is found with the index's recall, int64[S]."""
    query = asked[np.random.default_rng(SEED).permutation(len(asked))[:TRIED]]
    true, _ = faiss.knn(query, vectors, int(depth[-1]), metric=faiss.METRIC_INNER_PRODUCT)
    place = np.zeros(int(item.max()) + 1, np.int64)
    place[item] = np.arange(len(item))

    def recall(k: int, effort: int) -> float:
        found = index.search(made, query, k, effort=effort, only=None).item
        # Those that are scored again may stand anywhere among what is found, and may be very many.
        score = np.stack([vectors[place[row]] @ one for row, one in zip(found, query, strict=True)])
        return float(recall_by_score(np.where(found < 0, -np.inf, score), true[:, :k]).mean())

    effort, least = 1, []
    for k in depth.tolist():
        effort = max(effort, index.least(k))
        while effort < index.most(len(vectors)) and recall(k, effort) < index.recall:
            effort *= 2
        least.append(min(effort, index.most(len(vectors))))
    return np.array(least)


def recall_by_score(found: Floats, true: Floats) -> Floats:
    """Share of the k nearest that were found, float[Q], from scores of what was found and of the true ones, best first.

    Items of equal vectors are as good as each other, and a catalogue of new items is full of them: what counts is to
    be as near as the k-th nearest, up to rounding.

    >>> recall_by_score(np.array([[3.0, 1.0, 1.0]]), np.array([[3.0, 2.0]]))
    array([0.5])
    """
    k = true.shape[1]
    enough = true[:, -1:] - ROUNDING * np.abs(true).max(axis=1, keepdims=True)
    return np.minimum((found >= enough).sum(axis=1), k) / k


def _count(bits: Bits) -> int:
    return int(np.bitwise_count(bits).sum(dtype=np.int64))
