"""A light model that learns from the ranker what the ranker will say of all candidates, not only of those it gets.

Hinton, Vinyals and Dean, 2015, https://arxiv.org/abs/1503.02531; for the order of recommendations: Tang and Wang
(Ranking Distillation), KDD 2018, https://doi.org/10.1145/3219819.3220021

Shapes: R requests, N candidates, T tasks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from taojin.core.bounds import Count, Share, bounded
from taojin.core.units import Floats, Ints
from taojin.features.feature import Column
from taojin.nn.samples import Samples
from taojin.ranking.spec import Model


@dataclass(frozen=True, kw_only=True)
class Distilled:
    """`student`, whose label for each task is a mixture of the truth, the teacher's probability and its order.

    teacher         name of the model that teaches, on all that the channels propose at late training moments
    truth           share of what happened; where that is not known, of what the teacher says
    probability     share of the teacher's probability
    order           share of its order: 1 for the best candidate of the request, half of it every `top` places
    requests        moments at which the teacher is asked, each for all candidates
    """

    student: Model
    teacher: str
    truth: Share = 0.0
    probability: Share = 0.2
    order: Share = 0.8
    top: Count = 20
    requests: Count = 1_000

    def __post_init__(self) -> None:
        bounded(self)
        total = self.truth + self.probability + self.order
        if abs(total - 1) > 1e-6:
            raise ValueError(
                f"Distilled: expected truth, probability and order to sum to 1, got {self.truth:g} + "
                f"{self.probability:g} + {self.order:g} = {total:g}"
            )
        if self.truth == 1:
            raise ValueError("Distilled: nothing is left to the teacher; take the student alone, or a smaller `truth`")

    @property
    def features(self) -> tuple[str, ...]:
        """What the student reads."""
        return self.student.features

    @property
    def embeddings(self) -> tuple[str, ...]:
        """What the student reads."""
        return self.student.embeddings

    @property
    def starts(self) -> tuple[str, ...]:
        """What the student begins with."""
        return self.student.starts

    def check(self, columns: Mapping[str, Column], tasks: tuple[str, ...]) -> None:
        """As the student does."""
        self.student.check(columns, tasks)

    def taught(self, samples: Samples, said: Mapping[str, Floats]) -> Samples:
        """The same rows with the mixture as labels, float32[N, T] in [0, 1].

        said    the teacher's probability of each task for the rows, float32[N]
        """
        of = samples.rows.of
        columns = [self._target(samples.labels[:, t], said[task], of) for t, task in enumerate(samples.tasks)]
        return replace(samples, labels=np.stack(columns, axis=1))

    def _target(self, truth: Floats, probability: Floats, of: Ints) -> Floats:
        order = np.exp2(-_places(probability, of) / self.top)
        taught = self.probability * np.clip(probability, 0, 1) + self.order * order
        alone = taught / (self.probability + self.order)
        mixed = np.where(np.isnan(truth), alone, self.truth * truth + taught)
        return np.clip(mixed, 0, 1).astype(np.float32)  # the shares sum to 1 but for rounding


def _places(score: Floats, of: Ints) -> Ints:
    """Place of each candidate within its request, best first, from 0, int64[N]."""
    order = np.lexsort((-score, of))
    place = np.empty(len(score), np.int64)
    place[order] = np.arange(len(score)) - np.searchsorted(of[order], of[order])
    return place
