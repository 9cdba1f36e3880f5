"""Recommended lists of many requests as two rectangles: items and scores.

Shapes: R requests, K places, N candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Candidates
from taojin.core.units import PAD, Ints

Doubles = NDArray[np.float64]
"""What is measured is float64, so that a sum over many users does not depend on its order."""


@dataclass(frozen=True)
class Recommended:
    """One list per request, best first.

    item    int64[R, K]     item rows, each once per request; PAD on the right where the list is shorter
    score   float64[R, K]   what the list was ordered by; 0 at PAD
    """

    item: Ints
    score: Doubles

    def __post_init__(self) -> None:
        assert self.item.shape == self.score.shape, f"Recommended: {self.item.shape} items, {self.score.shape} scores"

    def __len__(self) -> int:
        return len(self.item)

    @classmethod
    def of(cls, candidates: Candidates, k: int, by: str) -> "Recommended":
        """The first k candidates of each request in their order, with one of their score columns.

        >>> found = Candidates.of(np.array([0, 2, 2]), np.array([7, 5])).with_score("final", np.array([0.9, 0.4]))
        >>> Recommended.of(found, k=3, by="final").item
        array([[7, 5, 0],
               [0, 0, 0]])
        """
        requests = len(candidates.offsets) - 1
        request = candidates.request
        place = np.arange(len(candidates)) - candidates.offsets[request]
        shown = place < k
        item = np.full((requests, k), PAD, np.int64)
        score = np.zeros((requests, k))
        item[request[shown], place[shown]] = candidates.item[shown]
        score[request[shown], place[shown]] = candidates.scores[by][shown]
        return cls(item, score)

    @classmethod
    def joined(cls, blocks: Sequence["Recommended"]) -> "Recommended":
        """The lists of several blocks of requests, one after the other."""
        return cls(np.concatenate([b.item for b in blocks]), np.concatenate([b.score for b in blocks]))

    def first(self, k: int) -> Ints:
        """Items of the first k places, int64[R, k]."""
        return self.item[:, :k]
