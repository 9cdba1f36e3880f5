"""How good predictions are against labels: order (AUC, GAUC, PR-AUC) and probability (logloss, calibration).

Labels are 0 or 1; where an order is judged, a label in [0, 1] counts as positive above one half.
Shapes: N rows, G groups.
"""

import numpy as np

from taojin.core.auc import Numbers, group_auc
from taojin.core.units import Ints


def gauc(labels: Numbers, scores: Numbers, user: Ints) -> float:
    """Mean of the users' AUC weighted by their rows, over the users with both labels; NaN if there is none.

    Zhou et al., KDD 2018 (DIN), https://doi.org/10.1145/3219819.3219823

    >>> gauc(np.array([1, 0, 0, 1, 0]), np.array([0.9, 0.1, 0.2, 0.3, 0.8]), user=np.array([7, 7, 7, 8, 8]))
    0.6
    """
    _, value = group_auc(labels, scores, user)
    rows = np.unique(user, return_counts=True)[1]
    judged = ~np.isnan(value)
    return float(np.average(value[judged], weights=rows[judged])) if judged.any() else float("nan")


def pr_auc(labels: Numbers, scores: Numbers) -> float:
    """Area under precision over recall, as steps (average precision), rows that tie together; NaN without positives.

    Davis and Goadrich, ICML 2006, https://doi.org/10.1145/1143844.1143874, on why it is not interpolated

    >>> pr_auc(np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1])).__round__(4)
    0.8333
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)) if len(order) else np.empty(0, np.int64)
    found = np.cumsum(labels[order] > 0.5)[ends]
    if not len(found) or found[-1] == 0:
        return float("nan")
    return float((np.diff(found, prepend=0) * found / (ends + 1)).sum() / found[-1])


def logloss(labels: Numbers, probabilities: Numbers, weights: Numbers | None = None, nearest: float = 1e-7) -> float:
    """Mean negative log likelihood, nats per row; labels in [0, 1]; NaN without rows that weigh anything.

    weights     how much each row counts, >= 0; None: all the same
    nearest     probabilities are held this far from 0 and 1: float32 knows none closer to 1

    >>> logloss(np.array([1, 0]), np.array([0.5, 0.5])).__round__(4)
    0.6931
    """
    weights = np.ones(len(labels)) if weights is None else weights
    if not weights.sum() > 0:
        return float("nan")
    p = np.clip(probabilities.astype(np.float64), nearest, 1 - nearest)
    y = labels.astype(np.float64)
    return float(np.average(-(y * np.log(p) + (1 - y) * np.log1p(-p)), weights=weights))


def mean_absolute_error(labels: Numbers, predictions: Numbers) -> float:
    """Mean of |label - prediction|; NaN without rows.

    >>> mean_absolute_error(np.array([0.5, 1.0]), np.array([0.25, 1.0]))
    0.125
    """
    return float(np.abs(labels - predictions).mean()) if len(labels) else float("nan")


def root_mean_squared_error(labels: Numbers, predictions: Numbers) -> float:
    """Root of the mean squared difference; NaN without rows.

    >>> root_mean_squared_error(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    0.5
    """
    return float(np.sqrt(np.square(labels.astype(np.float64) - predictions).mean())) if len(labels) else float("nan")


def calibration_error(labels: Numbers, probabilities: Numbers, weights: Numbers | None = None, bins: int = 15) -> float:
    """Expected calibration error: mean over the rows of |mean label - mean probability| of the row's bin, in [0, 1].

    weights how much each row counts, >= 0; None: all the same
    bins    of equal width over [0, 1]

    Guo et al., ICML 2017, https://proceedings.mlr.press/v70/guo17a.html

    >>> calibration_error(np.array([1, 0, 1, 1]), np.array([0.5, 0.5, 0.9, 0.9])).__round__(4)
    0.05
    """
    weights = np.ones(len(labels)) if weights is None else weights
    if not weights.sum() > 0:
        return float("nan")
    p = probabilities.astype(np.float64)
    of = np.minimum((p * bins).astype(np.int64), bins - 1)
    gap = np.bincount(of, weights=weights * (labels - p), minlength=bins)
    return float(np.abs(gap).sum() / weights.sum())
