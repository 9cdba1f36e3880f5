"""Re-ranking by maximal marginal relevance: each place trades relevance for difference from the places before.

Carbonell and Goldstein, SIGIR 1998, https://doi.org/10.1145/290941.291025

Shapes: R requests, M candidates of the longest request, K places, D embedding size.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.units import Floats
from taojin.reranking.greedy import Padded, padded


@dataclass(frozen=True, kw_only=True)
class MMR:
    """Take the item with the largest `relevance` * score - (1 - `relevance`) * (similarity to the nearest one taken).

    vectors     feature with a vector per item; similarity is the cosine
    relevance   1: the order of scores, 0: difference alone; scores are taken relative to the best of the request
    """

    vectors: str
    relevance: float = 0.7

    @property
    def features(self) -> tuple[str, ...]:
        """The vectors."""
        return (self.vectors,)

    def rerank(self, requests: Requests, candidates: Candidates, rows: Rows, k: int) -> Candidates:
        """Fill k places greedily, all requests at once; the others keep their order behind them."""
        pad = padded(candidates)
        vectors = rows.candidate[self.vectors].astype(np.float32)
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        vectors = pad.of(vectors)  # [R, M, D]
        similarity = vectors @ vectors.transpose(0, 2, 1)  # [R, M, M]
        score = self.relevance * _relative(candidates, pad)
        nearest = np.zeros(score.shape, np.float32)
        free = pad.known.copy()
        order = np.empty((len(score), min(k, pad.width)), np.int64)
        each = np.arange(len(score))
        for place in range(order.shape[1]):
            gain = np.where(free, score - (1 - self.relevance) * nearest, -np.inf)
            best = pad.or_padding(gain.argmax(axis=1), place)
            order[:, place] = best
            free[each, best] = False
            nearest = similarity[each, best] if place == 0 else np.maximum(nearest, similarity[each, best])
        return pad.reordered(candidates, order)


def _relative(candidates: Candidates, pad: Padded) -> Floats:
    """Scores divided by the largest magnitude of the request, float32[R, M]."""
    score = pad.of(candidates.scores["final"])
    return score / np.maximum(np.abs(score).max(axis=1, keepdims=True), np.float32(1e-9))
