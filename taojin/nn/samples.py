"""What a ranker learns from: rows with labels. NumPy only.

Shapes: N rows, T tasks.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Rows
from taojin.core.units import Floats


class Origin(IntEnum):
    """Where a row comes from; AUC is reported for each kind of negative.

    EXPOSED     the user met the item: positives, and what was shown or rated without being liked
    RANDOM      a random item that the user had not met
    PROPOSED    an item that the scene's own channels propose
    """

    EXPOSED = 0
    RANDOM = 1
    PROPOSED = 2


@dataclass(frozen=True)
class Samples:
    """Rows to learn from or to be judged on.

    labels  float32[N, T]   0 or 1 (or a target in [0, 1]); NaN where a task's label is missing
    origin  uint8[N]        see Origin
    weight  float32[N]      >= 0
    """

    rows: Rows
    labels: Floats
    tasks: tuple[str, ...]
    origin: NDArray[np.uint8]
    weight: Floats

    def __len__(self) -> int:
        return len(self.labels)
