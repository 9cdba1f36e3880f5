"""Pre-ranking by the inner product of a request's vectors and the candidates': one product a candidate.

Shapes: R requests, Q query vectors of a request, N candidates, I items, D embedding size.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Rows
from taojin.core.units import Floats
from taojin.embeddings.query import asked_as
from taojin.features.feature import Column
from taojin.ranking.lesson import Lesson


@dataclass(frozen=True, kw_only=True)
class DotProduct:
    """Score by the vectors of an embedding of the experiment; nothing more is learnt."""

    of: str
    features: tuple[str, ...] = ()

    @property
    def embeddings(self) -> tuple[str, ...]:
        """The embedding it reads."""
        return (self.of,)

    @property
    def starts(self) -> tuple[str, ...]:
        """None."""
        return ()

    def check(self, columns: Mapping[str, Column], tasks: tuple[str, ...]) -> None:
        """There is nothing to build."""

    def fit(self, lesson: Lesson) -> "Dot":
        """Name the columns that hold the vectors."""
        return Dot(self.of, lesson.train.tasks)


@dataclass(frozen=True)
class Dot:
    """The best inner product of any of the request's vectors with the candidate's, squashed to (0, 1).

    of      name of the embedding, whose columns it reads
    """

    of: str
    tasks: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The request's vectors and the candidate's."""
        return (asked_as(self.of), self.of)

    def score(self, rows: Rows) -> dict[str, Floats]:
        """The same score for each task, float32[N]."""
        queries = rows.request[asked_as(self.of)]  # [R, Q, D]
        score = np.einsum("nqd,nd->nq", queries[rows.of], rows.candidate[self.of]).max(axis=1)
        probability = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
        return {task: probability.astype(np.float32) for task in self.tasks}
