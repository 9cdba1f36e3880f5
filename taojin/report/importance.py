"""What a ranker reads its predictions from: how much worse it is when one feature is shuffled among the rows.

Breiman, Machine Learning 2001, https://doi.org/10.1023/A:1010933404324; Fisher, Rudin and Dominici, JMLR 2019,
https://jmlr.org/papers/v20/18-760.html. A feature whose news another one brings as well seems to matter little.
"""

from dataclasses import dataclass, replace

import numpy as np

from taojin.core.auc import auc
from taojin.core.batch import Rows
from taojin.core.stages import Ranker
from taojin.core.units import Ints
from taojin.evaluation.ranker import JudgedRows, predict

MOST = 20_000
"""Rows that are scored, drawn by request."""
TIMES = 3


@dataclass(frozen=True)
class Importance:
    """What shuffling one feature costs.

    loss    mean drop of the AUC of the first task
    spread  half of the range over the shuffles
    """

    feature: str
    loss: float
    spread: float


def importances(ranker: Ranker, judged: JudgedRows, *, seed: int) -> list[Importance]:
    """Every feature that the ranker reads, the one that matters most first; none where the rows are of one kind."""
    rows, of = _some(judged.samples.rows, seed)
    label = judged.samples.labels[of, 0]
    known = ~np.isnan(label)
    if len(np.unique(label[known] > 0.5)) < 2:
        return []
    task = judged.samples.tasks[0]

    def quality(some: Rows) -> float:
        return auc(label[known], predict(ranker, some)[task][known])

    whole, random, found = quality(rows), np.random.default_rng(seed), []
    for name in ranker.features:
        drops = [whole - quality(_shuffled(rows, name, random)) for _ in range(TIMES)]
        found.append(Importance(name, float(np.mean(drops)), float(np.ptp(drops) / 2)))
    return sorted(found, key=lambda one: -one.loss)


def _shuffled(rows: Rows, name: str, random: np.random.Generator) -> Rows:
    """The same rows with one column in another order: among requests, or among candidates."""
    if name in rows.request:
        values = rows.request[name]
        return replace(rows, request={**rows.request, name: values[random.permutation(len(values))]})
    values = rows.candidate[name]
    return replace(rows, candidate={**rows.candidate, name: values[random.permutation(len(values))]})


def _some(rows: Rows, seed: int) -> tuple[Rows, Ints]:
    """Whole requests drawn at random until there are MOST rows, and the places of the rows that were taken."""
    size = np.bincount(rows.of, minlength=int(rows.of.max()) + 1 if len(rows.of) else 0)
    order = np.random.default_rng(seed).permutation(len(size))
    chosen = order[: max(1, int(np.searchsorted(np.cumsum(size[order]), MOST, side="right")))]
    at = np.flatnonzero(np.isin(rows.of, chosen))
    request, of = np.unique(rows.of[at], return_inverse=True)
    return (
        Rows(
            {name: values[request] for name, values in rows.request.items()},
            {name: values[at] for name, values in rows.candidate.items()},
            of,
        ),
        at,
    )
