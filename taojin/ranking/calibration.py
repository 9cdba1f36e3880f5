"""Predictions that are put right by curves. NumPy only.

Shapes: N candidates.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Rows
from taojin.core.curves import Sigmoid, Steps
from taojin.core.stages import Ranker
from taojin.core.units import Floats

ORDER = 1e-4
"""What the prediction counts beside the curve, so that where the curve is flat an order is left."""


@dataclass(frozen=True)
class CalibratedRanker:
    """A ranker whose predictions go through a rising curve each: their order is never reversed.

    Where a curve is flat, predictions that differ by less than float32 tells apart at its height, some 2e-4, are equal.

    curves      by task, from the ranker's probability to the one that was seen
    """

    ranker: Ranker
    curves: Mapping[str, Steps | Sigmoid]

    @property
    def features(self) -> tuple[str, ...]:
        """What the ranker reads."""
        return self.ranker.features

    def score(self, rows: Rows) -> dict[str, Floats]:
        """Calibrated probability of each task, float32[N]."""
        return {task: self._calibrated(task, found) for task, found in self.ranker.score(rows).items()}

    def _calibrated(self, task: str, found: Floats) -> Floats:
        read = found.astype(np.float64)
        if isinstance(self.curves[task], Sigmoid):
            read = logit(read)
        right: Floats = ((1 - ORDER) * self.curves[task](read) + ORDER * found).astype(np.float32)
        return right


def logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a sigmoid takes the probability from; those nearest to 0 and 1 are held at 1e-7 from them."""
    held = np.clip(probability, 1e-7, 1 - 1e-7)
    return np.log(held) - np.log1p(-held)
