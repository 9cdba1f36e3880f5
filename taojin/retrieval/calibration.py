"""Calibrated merging: from each channel's scores, or places, to the probability that an item is relevant.

Shapes: N candidates, C channels, B corners of a curve.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize

from taojin.core.batch import Candidates
from taojin.core.units import Mask
from taojin.retrieval.serve.merging import By, Calibrated, Sigmoid, Steps

Method = Literal["isotonic", "logistic"]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Learn each channel's probability of relevance on the validation requests, and merge by them.

    Zadrozny and Elkan, KDD 2002, https://doi.org/10.1145/775047.775151

    method      "isotonic": any rising curve; "logistic": a sigmoid, for few validation requests
    by          what the probability is read from, see By
    """

    method: Method = "isotonic"
    by: str = By.PLACE

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(f"Calibration: method {self.method!r}; expected one of {', '.join(get_args(Method))}")
        if self.by not in list(By):
            raise ValueError(f"Calibration: by={self.by!r}; expected one of {', '.join(By)}")

    def fit(self, proposed: Candidates, relevant: Mask) -> Calibrated:
        """Curves from candidates within their quotas, and which of them turned out to be relevant, bool[N]."""
        if not relevant.any():
            raise ValueError(
                "Calibration: none of the channels' candidates is relevant on validation, so there is nothing to "
                "learn from; take a larger validation part or another merge"
            )
        quantity = By(self.by).of(proposed)
        curves = {}
        for column, name in enumerate(proposed.channels):
            there = proposed.place[:, column] > 0
            curves[name] = self._curve(quantity[there, column], relevant[there].astype(np.float64))
        return Calibrated(curves=curves, by=By(self.by))

    def _curve(self, quantity: Doubles, relevant: Doubles) -> Steps | Sigmoid:
        if not len(quantity):
            return Steps(at=np.zeros(1, np.float32), probability=np.zeros(1, np.float32))
        return isotonic(quantity, relevant) if self.method == "isotonic" else logistic(quantity, relevant)


def isotonic(quantity: Doubles, relevant: Doubles) -> Steps:
    """The rising curve of least squares, by pooling adjacent violators; equal quantities are pooled first.

    >>> isotonic(np.array([1.0, 2.0, 3.0, 3.0]), np.array([1.0, 0.0, 1.0, 0.0])).probability
    array([0.5, 0.5], dtype=float32)
    """
    at, which, count = np.unique(quantity, return_inverse=True, return_counts=True)
    mean = np.bincount(which, relevant) / count
    level = isotonic_regression(mean, weights=count).x
    # Only the ends of each flat piece are corners.
    corner = np.ones(len(at), np.bool_)
    corner[1:-1] = (level[1:-1] != level[:-2]) | (level[1:-1] != level[2:])
    return Steps(at=at[corner].astype(np.float32), probability=level[corner].astype(np.float32))


def logistic(quantity: Doubles, relevant: Doubles) -> Sigmoid:
    """The sigmoid of largest likelihood whose slope is not negative, with Platt's smoothed targets."""
    centre, scale = float(quantity.mean()), float(quantity.std()) or 1.0
    x, hits = (quantity - centre) / scale, float(relevant.sum())
    target = np.where(relevant > 0, (hits + 1) / (hits + 2), 1 / (len(x) - hits + 2))

    def loss(parameters: Doubles) -> tuple[float, Doubles]:
        logit = parameters[0] * x + parameters[1]
        wrong = 1 / (1 + np.exp(-logit)) - target
        value = np.logaddexp(0, logit) - target * logit
        return float(value.mean()), np.array([(wrong * x).mean(), wrong.mean()])

    start = np.array([0.0, np.log((hits + 1) / (len(x) - hits + 1))])
    slope, bias = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=((0, None), (None, None))).x
    return Sigmoid(slope=float(slope / scale), bias=float(bias - slope * centre / scale))
