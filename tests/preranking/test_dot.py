"""Pre-ranking by the inner product of the towers' vectors."""

from dataclasses import dataclass

import numpy as np
import pytest

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.events import no_pasts
from taojin.core.units import Floats
from taojin.embeddings.embedding import Embedding
from taojin.experiment.fit import with_vectors
from taojin.features.store import Store
from taojin.preranking.dot import Dot

VECTORS = np.array([[0, 0], [0, 0], [1, 0], [0, 2], [-1, -1]], np.float32)


@dataclass(frozen=True)
class TwoTastes:
    """Every request asks for both axes."""

    features: tuple[str, ...] = ()

    def vectors(self, requests: Requests, rows: Rows) -> Floats:
        return np.tile(np.eye(2, dtype=np.float32), (len(requests), 1, 1))


def test_the_better_of_a_requests_vectors_counts() -> None:
    known = np.array([False, False, True, True, True])
    store = with_vectors(Store({}), {"towers": Embedding(VECTORS, known, ~known, TwoTastes())})
    ranker = Dot("towers", ("like", "buy"))
    zero = np.zeros(2, np.int64)
    requests = Requests(zero, zero, zero, zero.astype(np.uint64), no_pasts(2))
    candidates = Candidates.of(np.array([0, 2, 3]), np.array([2, 3, 4]))
    scores = ranker.score(store.read(ranker.features, requests, candidates))
    expected = 1 / (1 + np.exp(-np.array([1.0, 2.0, -1.0])))
    assert scores["like"] == pytest.approx(expected)
    assert scores["buy"].tolist() == scores["like"].tolist()
