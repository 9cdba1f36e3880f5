"""How well scores put positive rows above others, of all rows or in groups.

A label in [0, 1] counts as positive above one half. Shapes: N rows, G groups, T tasks.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import Ints

Numbers = NDArray[np.floating]


def auc(labels: Numbers, scores: Numbers) -> float:
    """Probability that a random positive scores above a random negative, ties one half; NaN without both labels.

    By the ranks of the positives, exact with ties: Hanley and McNeil, Radiology 1982,
    https://doi.org/10.1148/radiology.143.1.7063747

    >>> auc(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.1]))
    0.875
    """
    return float(group_auc(labels, scores, np.zeros(len(labels), np.int64))[1][0]) if len(labels) else float("nan")


def group_auc(labels: Numbers, scores: Numbers, group: Ints) -> tuple[Ints, NDArray[np.float64]]:
    """Groups in ascending order with their AUC, two [G]; NaN where a group has one label only."""
    order = np.lexsort((scores, group))
    groups, start, size = np.unique(group[order], return_index=True, return_counts=True)
    positive = labels[order] > 0.5
    # Rows of a group that tie share the mean of their ranks.
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (np.diff(group[order]) != 0) | (np.diff(scores[order]) != 0)
    tie = np.cumsum(fresh) - 1
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(order)) - 1
    rank = 1 + ((first + last) / 2)[tie] - np.repeat(start, size)
    positives = np.add.reduceat(positive, start, dtype=np.int64) if len(order) else size
    rank_sum = np.add.reduceat(rank * positive, start) if len(order) else np.empty(0)
    pairs = positives * (size - positives)
    above = rank_sum - positives * (positives + 1) / 2
    return groups, np.divide(above, pairs, out=np.full(len(groups), np.nan), where=pairs > 0)


def aucs(labels: Numbers, scores: Numbers, tasks: Sequence[str]) -> dict[str, float]:
    """AUC of each task with rows of both kinds, by labels and scores [N, T]; NaN labels are missing.

    Raises ValueError where no task has both.

    >>> aucs(np.array([[1, 1], [0, np.nan]]), np.array([[0.9, 0.5], [0.2, 0.1]]), ("click", "like"))
    {'click': 1.0}
    """
    found = {}
    for task, label, score in zip(tasks, labels.T, scores.T, strict=True):
        known = ~np.isnan(label)
        value = auc(label[known], score[known])
        if not np.isnan(value):
            found[task] = value
    if not found:
        raise ValueError(f"AUC: no task of {', '.join(tasks)} has rows above one half and others; take more rows")
    return found
