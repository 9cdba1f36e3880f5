"""Re-ranking: no more than so many items with one attribute value in any window of places.

Shapes: R requests, M candidates of the longest request, K places, V values of a set.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.units import FIRST, Ints
from taojin.reranking.greedy import padded


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """In any `within` consecutive places, at most `at_most` items share a value of a category.

    Each place takes the first item that keeps to this; where none does, the first that breaks it least.
    """

    feature: str
    within: int = 5
    at_most: int = 2

    @property
    def features(self) -> tuple[str, ...]:
        """The category."""
        return (self.feature,)

    def rerank(self, requests: Requests, candidates: Candidates, rows: Rows, k: int) -> Candidates:
        """Fill k places greedily, all requests at once; the others keep their order behind them."""
        pad = padded(candidates)
        codes = rows.candidate[self.feature]
        codes = pad.of(codes[:, None] if codes.ndim == 1 else codes).astype(np.int64)  # [R, M, V]
        free = pad.known.copy()
        order = np.empty((len(codes), min(k, pad.width)), np.int64)
        each = np.arange(len(codes))
        far = pad.width * (codes.shape[2] + 1)
        for place in range(order.shape[1]):
            before = codes[each[:, None], order[:, max(0, place - self.within + 1) : place]]  # [R, W, V]
            excess = np.where(free, self._excess(codes, before) * pad.width + np.arange(pad.width), far)
            order[:, place] = pad.or_padding(excess.argmin(axis=1), place)
            free[each, order[:, place]] = False
        return pad.reordered(candidates, order)

    def _excess(self, codes: Ints, before: Ints) -> Ints:
        """For how many of its values an item would be one too many, int64[R, M]."""
        if not before.shape[1]:
            return np.zeros(codes.shape[:2], np.int64)
        shared = (codes[:, :, :, None, None] == before[:, None, None, :, :]).any(axis=4).sum(axis=3)  # [R, M, V]
        return ((shared >= self.at_most) & (codes >= FIRST)).sum(axis=2)
