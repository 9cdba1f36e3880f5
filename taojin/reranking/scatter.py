"""Re-ranking: no more than so many items with one attribute value in any window of places.

Shapes: R requests, M candidates of the longest request, K places, V values of a set.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.units import FIRST, Ints, Mask
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
        valued = codes >= FIRST
        if self._kept_to(codes[:, :k], valued[:, :k]):
            return candidates
        free = pad.known.copy()
        order = np.empty((len(codes), min(k, pad.width)), np.int64)
        each = np.arange(len(codes))
        far = pad.width * (codes.shape[2] + 1)
        near: deque[Mask] = deque()  # which values the items of the last places have, newest last
        shared = np.zeros(codes.shape, np.int64)  # how many of those items have a value, too
        for place in range(order.shape[1]):
            excess = ((shared >= self.at_most) & valued).sum(axis=2)  # values of which it would be one too many
            excess = np.where(free, excess * pad.width + np.arange(pad.width), far)
            order[:, place] = pad.or_padding(excess.argmin(axis=1), place)
            free[each, order[:, place]] = False
            taken = codes[each, order[:, place]]  # [R, V]
            near.append((codes[:, :, :, None] == taken[:, None, None, :]).any(axis=3))
            shared += near[-1]
            if len(near) == self.within:
                shared -= near.popleft()
        return pad.reordered(candidates, order)

    def _kept_to(self, codes: Ints, valued: Mask) -> bool:
        """Whether no item of lists int64[R, K, V] is one too many, so that the greedy choice is the order as it is."""
        shared = np.zeros(codes.shape, np.int64)
        for back in range(1, min(self.within, codes.shape[1])):
            shared[:, back:] += (codes[:, back:, :, None] == codes[:, :-back, None, :]).any(axis=3)
        return not ((shared >= self.at_most) & valued).any()
