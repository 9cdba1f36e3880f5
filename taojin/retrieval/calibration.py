"""Calibrated merging: from each channel's scores, or places, to the probability that an item is relevant.

Shapes: N candidates, C channels.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Candidates
from taojin.core.bounds import bounded
from taojin.core.curve_fit import Method, curve
from taojin.core.units import Mask
from taojin.retrieval.serve.merging import By, Calibrated


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
        bounded(self)
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
            curves[name] = curve(self.method, quantity[there, column], relevant[there].astype(np.float64))
        return Calibrated(curves=curves, by=By(self.by))
