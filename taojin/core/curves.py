"""Curves that turn a score into a probability. NumPy only.

Shapes: B corners of a curve.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import Floats


@dataclass(frozen=True, kw_only=True)
class Steps:
    """A rising curve through corners, flat beyond them: isotonic regression.

    at              float32[B], ascending
    probability     float32[B], ascending, in [0, 1]
    """

    at: Floats
    probability: Floats

    def __call__(self, quantity: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities, linear between the corners."""
        return np.interp(quantity, self.at, self.probability)


@dataclass(frozen=True, kw_only=True)
class Sigmoid:
    """1 ÷ (1 + exp(-(slope × quantity + bias))): logistic regression (Platt, 1999)."""

    slope: float
    bias: float

    def __call__(self, quantity: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities."""
        return 1 / (1 + np.exp(-np.clip(self.slope * quantity + self.bias, -50, 50)))
