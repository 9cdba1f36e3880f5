"""Gradient boosted trees, plain, below a logistic regression, or for the order of a list.

Shapes: N rows, C columns, T tasks, L leaves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from taojin.core.bounds import Bound, bounded
from taojin.core.hint import did_you_mean
from taojin.core.units import Floats, Ints
from taojin.features.feature import Column, History
from taojin.features.inputs import Inputs
from taojin.nn.batch import check_codes
from taojin.nn.samples import Samples
from taojin.nn.session import loaded
from taojin.ranking.boosting import Boosting, LabelledRows, Learns
from taojin.ranking.lesson import Lesson
from taojin.ranking.tree_graph import leaf_graph, numbers_graph, score_graph
from taojin.ranking.tree_ranker import TreeRanker, categorical, table

GRADES = 4
"""Labels between 0 and 1 as whole grades, for what learns an order."""


@dataclass(frozen=True, kw_only=True)
class Trees:
    """A forest per task; histories are not read, and an interrupted fit starts again.

    Friedman, Annals of Statistics 2001, https://doi.org/10.1214/aos/1013203451

    learns          "probability"; "order": that of each request's candidates, a score and no probability (Burges,
                    "From RankNet to LambdaRank to LambdaMART", 2010, MSR-TR-2010-82), to be wrapped in
                    `CalibratedModel` where a value formula adds several tasks
    regression_l2   None, or the penalty of a logistic regression over the leaves into which a row falls (He et al.,
                    ADKDD 2014, https://doi.org/10.1145/2648584.2648589); it learns from half of the requests, the trees
                    from the other half
    """

    features: tuple[str, ...] = ()
    boosting: Boosting = Boosting()
    learns: Learns = "probability"
    regression_l2: Annotated[float | None, Bound(low=0)] = None
    embeddings: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounded(self)

    def check(self, columns: Mapping[str, Column], tasks: tuple[str, ...]) -> None:
        """Refuse features that are not there, or all of which are histories; and a library that is missing."""
        self._read(columns)
        self.boosting.loaded()

    def fit(self, lesson: Lesson) -> TreeRanker:
        """Learn from labelled rows until the trees are no better on `valid`."""
        lesson.check("trees")
        lesson.valid.check_labels("trees, validation")
        train, valid, read = lesson.train, lesson.valid, self._read(lesson.columns)
        inputs = Inputs.of(read)
        for samples in (train, valid):
            packed = inputs.pack(samples.rows)
            inputs.check_numbers(packed)
            check_codes(inputs, packed)
        parts, codes = [(samples, table(inputs, samples.rows)) for samples in (train, valid)], categorical(inputs)
        graphs = {}
        with lesson.progress.task(f"train {lesson.name or 'trees'}", len(train.tasks)) as advance:
            for place, task in enumerate(train.tasks):
                learned, judged = (_labelled(*part, codes, place, self.learns) for part in parts)
                graphs[task] = self._graph(learned, judged, lesson.seed)
                advance(1, task)
        return TreeRanker(graphs, inputs, tuple(column.name for column in read))

    def _graph(self, learned: LabelledRows, judged: LabelledRows, seed: int) -> bytes:
        if self.regression_l2 is None:
            return score_graph(self.boosting.grow(learned, judged, self.learns, seed))
        # On the rows that the trees were grown on, their leaves know the labels, and a regression would trust them.
        grown, learned = learned.halves(seed)
        forest = self.boosting.grow(grown, judged, self.learns, seed)
        # By the graph that serves: a row falls where it will fall.
        numbers = loaded(numbers_graph(forest), self.boosting.threads)
        leaf = numbers.run(None, {"columns": learned.columns})[0]
        leaves = len(forest.value)
        return leaf_graph(forest, *logistic_regression(leaf, learned.label, learned.weight, leaves, self.regression_l2))

    def _read(self, columns: Mapping[str, Column]) -> list[Column]:
        for name in self.features:
            if name not in columns:
                raise ValueError(f"trees: feature {name!r} is not declared; {did_you_mean(name, columns)}")
        read = [columns[name] for name in self.features or columns if not isinstance(columns[name].form, History)]
        if not read:
            raise ValueError("trees: no feature but histories, which trees do not read; name some that they do")
        return read


def logistic_regression(leaf: Ints, label: Floats, weight: Floats, leaves: int, l2: float) -> tuple[Floats, float]:
    """Weights float32[L] and bias of the logistic regression over leaves, int64[N, trees]."""
    rows, trees = leaf.shape
    ones = sparse.csr_matrix((np.ones(leaf.size), leaf.ravel(), np.arange(rows + 1) * trees), (rows, leaves))

    def loss(parameters: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[float, Any]:
        logit = ones @ parameters[:-1] + parameters[-1]
        wrong = weight * (1 / (1 + np.exp(-logit)) - label)
        value = (weight * (np.logaddexp(0, logit) - label * logit)).sum() + l2 / 2 * (parameters[:-1] ** 2).sum()
        return float(value), np.append(ones.T @ wrong + l2 * parameters[:-1], wrong.sum())

    found = minimize(loss, np.zeros(leaves + 1), jac=True, method="L-BFGS-B").x
    return found[:-1].astype(np.float32), float(found[-1])


def _labelled(samples: Samples, columns: Floats, codes: list[int], place: int, learns: Learns) -> LabelledRows:
    """The rows that have a task's label, those of a request side by side."""
    label = samples.labels[:, place]
    if learns == "order" and ((label > 0) & (label < 1)).any():
        label = np.rint(label * GRADES)
    rows = np.flatnonzero(~np.isnan(label))
    rows = rows[np.argsort(samples.rows.of[rows], kind="stable")]
    _, group = np.unique(samples.rows.of[rows], return_counts=True)
    return LabelledRows(columns[rows], label[rows], samples.weights[rows, place], group, codes)
