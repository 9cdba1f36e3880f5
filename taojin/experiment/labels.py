"""The labels of all tasks of a recipe.

Shapes: N pairs of a request and an item, T tasks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import Floats
from taojin.data.kinds import Kinds
from taojin.data.tasks import Happened, Task


@dataclass(frozen=True)
class Labels:
    """Tasks on the kinds of event of a data set."""

    tasks: Sequence[Task]
    kinds: Kinds

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tasks."""
        return tuple(task.name for task in self.tasks)

    def of(self, happened: Happened) -> Floats:
        """float32[N, T], NaN where a task has no label."""
        return np.stack([task.label(happened, self.kinds) for task in self.tasks], axis=1)

    def weight(self, happened: Happened) -> Floats:
        """How much each row counts in each task, float32[N, T]."""
        return np.stack([task.weight(happened, self.kinds) for task in self.tasks], axis=1)

    def telling(self, happened: Happened) -> NDArray[np.uint8]:
        """1 for pairs that say more than any pair of which nothing is known, uint8[N].

        They are positive in some task, or have a label in one that knows nothing of pairs without an event: left to
        chance, like other negatives, those would make its positives look too frequent.
        """
        label = self.of(happened)
        nothing = self.of(Happened(np.zeros(1, np.uint32), np.full(1, np.nan, np.float32)))
        told = ~np.isnan(label) & np.isnan(nothing)
        return np.any((np.nan_to_num(label) > 0.5) | told, axis=1).astype(np.uint8)
