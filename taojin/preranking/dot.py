"""Pre-ranking by the inner product of a request's vectors and the candidates': one product a candidate.

Shapes: R requests, Q query vectors of a request, N candidates, I items, D embedding size.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from taojin.core.batch import Requests, Rows
from taojin.core.events import no_pasts
from taojin.core.progress import Progress
from taojin.core.units import Floats
from taojin.embeddings.embedding import Embedding, Query
from taojin.features.feature import Column
from taojin.nn.samples import Samples


@dataclass(frozen=True, kw_only=True)
class DotProduct:
    """Score by the vectors of an embedding of the experiment; nothing more is learnt."""

    of: str
    features: tuple[str, ...] = ()

    @property
    def embeddings(self) -> tuple[str, ...]:
        """The embedding it reads."""
        return (self.of,)

    def fit(
        self,
        train: Samples,
        valid: Samples,
        columns: Mapping[str, Column],
        embeddings: Mapping[str, Embedding],
        *,
        seed: int,
        progress: Progress,
        checkpoint: Path | None = None,
    ) -> "Dot":
        """Take the vectors."""
        embedding = embeddings[self.of]
        return Dot(embedding.vectors, embedding.query, train.tasks)


@dataclass(frozen=True)
class Dot:
    """The best inner product of any of the request's vectors with the candidate's, squashed to (0, 1)."""

    vectors: Floats
    query: Query
    tasks: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """What the query reads, and the id of the candidate."""
        return (*self.query.features, "row")

    def score(self, rows: Rows) -> dict[str, Floats]:
        """The same score for each task, float32[N]."""
        n = len(next(iter(rows.request.values())))
        zero = np.zeros(n, np.int64)
        requests = Requests(zero, zero, zero, zero.astype(np.uint64), no_pasts(n))
        queries = self.query.vectors(requests, rows)  # [R, Q, D]
        item = rows.candidate["row"].astype(np.int64)
        score = np.einsum("nqd,nd->nq", queries[rows.of], self.vectors[item]).max(axis=1)
        probability = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
        return {task: probability.astype(np.float32) for task in self.tasks}
