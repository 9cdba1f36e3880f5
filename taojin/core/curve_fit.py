"""Curves from scores to probabilities, learned from what turned out.

Zadrozny and Elkan, KDD 2002, https://doi.org/10.1145/775047.775151 (isotonic); Platt, "Probabilistic Outputs for
Support Vector Machines", 1999 (logistic)

Shapes: N scores, B corners of a curve.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize

from taojin.core.curves import Sigmoid, Steps

Method = Literal["isotonic", "logistic"]
Doubles = NDArray[np.float64]


def curve(method: Method, quantity: Doubles, relevant: Doubles, weight: Doubles | None = None) -> Steps | Sigmoid:
    """The curve from quantities, float64[N], to how relevant they are, float64[N] in [0, 1]; without any: 0.

    weight  float64[N], above 0: how much each counts; None: all the same
    """
    if not len(quantity):
        return Steps(at=np.zeros(1, np.float32), probability=np.zeros(1, np.float32))
    weight = np.ones(len(quantity)) if weight is None else weight
    return (isotonic if method == "isotonic" else logistic)(quantity, relevant, weight)


def isotonic(quantity: Doubles, relevant: Doubles, weight: Doubles) -> Steps:
    """The rising curve of least squares, by pooling adjacent violators; equal quantities are pooled first.

    >>> isotonic(np.array([1.0, 2.0, 3.0, 3.0]), np.array([1.0, 0.0, 1.0, 0.0]), np.ones(4)).probability
    array([0.5, 0.5], dtype=float32)
    """
    at, which = np.unique(quantity, return_inverse=True)
    count = np.bincount(which, weight)
    mean = np.bincount(which, weight * relevant) / count
    level = isotonic_regression(mean, weights=count).x
    # Only the ends of each flat piece are corners.
    corner = np.ones(len(at), np.bool_)
    corner[1:-1] = (level[1:-1] != level[:-2]) | (level[1:-1] != level[2:])
    return Steps(at=at[corner].astype(np.float32), probability=level[corner].astype(np.float32))


def logistic(quantity: Doubles, relevant: Doubles, weight: Doubles) -> Sigmoid:
    """The sigmoid of largest likelihood whose slope is not negative, with Platt's smoothed targets.

    What is relevant in part lies between the targets of all and nothing, where it stands.
    """
    centre, scale = float(quantity.mean()), float(quantity.std()) or 1.0
    share = weight / weight.sum()
    x, hits = (quantity - centre) / scale, float((weight * relevant).sum())
    misses = float(weight.sum()) - hits
    most, least = (hits + 1) / (hits + 2), 1 / (misses + 2)
    target = least + (most - least) * relevant

    def loss(parameters: Doubles) -> tuple[float, Doubles]:
        logit = parameters[0] * x + parameters[1]
        wrong = 1 / (1 + np.exp(-logit)) - target
        value = np.logaddexp(0, logit) - target * logit
        return float(share @ value), np.array([share @ (wrong * x), share @ wrong])

    start = np.array([0.0, np.log((hits + 1) / (misses + 1))])
    slope, bias = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=((0, None), (None, None))).x
    return Sigmoid(slope=float(slope / scale), bias=float(bias - slope * centre / scale))
