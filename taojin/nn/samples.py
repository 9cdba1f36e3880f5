"""What a ranker learns from: rows with labels. NumPy only.

Shapes: N rows, T tasks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Rows
from taojin.core.units import Floats, Mask


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
    weight  float32[N] or [N, T]    >= 0; how much a row counts, in all tasks or in each
    """

    rows: Rows
    labels: Floats
    tasks: tuple[str, ...]
    origin: NDArray[np.uint8]
    weight: Floats

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def weights(self) -> Floats:
        """How much each row counts in each task, float32[N, T]."""
        return np.broadcast_to(self.weight if self.weight.ndim == 2 else self.weight[:, None], self.labels.shape)

    def check_labels(self, where: str) -> None:
        """Refuse a task that teaches nothing, since its rows have no label, or all that count the same; and labels
        outside [0, 1], and weights that are none.

        where   who would learn from it, for the error
        """
        for task, label, weight in zip(self.tasks, self.labels.T, self.weights.T, strict=True):
            if not (np.isfinite(weight) & (weight >= 0)).all():
                wrong = weight[~(np.isfinite(weight) & (weight >= 0))][0]
                raise ValueError(f"{where}, task {task!r}: expected finite weights of rows, 0 or more; got {wrong:g}")
            labelled = ~np.isnan(label)
            known = label[labelled & (weight > 0)]
            if len(known) and not (known.min() >= 0 and known.max() <= 1):
                raise ValueError(
                    f"{where}, task {task!r}: expected labels from 0 to 1, got {known.min():g} to {known.max():g}"
                )
            if not len(known) or known.min() == known.max():
                found = f"{len(known):,} labels, all of them {known[0]:g}" if len(known) else "no label at all"
                if labelled.sum() > len(known):
                    found += f" (and {int(labelled.sum()) - len(known):,} of rows that weigh nothing)"
                raise ValueError(
                    f"{where}, task {task!r}: expected rows that have it and some that have not, got {found} in "
                    f"{len(label):,} rows; take more rows, or leave the task out"
                )

    def where(self, mask: Mask) -> "Samples":
        """Some of the rows; requests that no row belongs to stay."""
        rows = Rows(self.rows.request, {name: v[mask] for name, v in self.rows.candidate.items()}, self.rows.of[mask])
        return Samples(rows, self.labels[mask], self.tasks, self.origin[mask], self.weight[mask])


def join(parts: Sequence[Samples]) -> Samples:
    """The rows of several, one behind the other; all have the same tasks and features."""
    first = parts[0]
    if len(parts) == 1:
        return first
    sizes = [_requests(part.rows) for part in parts]
    start = np.cumsum([0, *sizes[:-1]])
    rows = Rows(
        {name: np.concatenate([part.rows.request[name] for part in parts]) for name in first.rows.request},
        {name: np.concatenate([part.rows.candidate[name] for part in parts]) for name in first.rows.candidate},
        np.concatenate([part.rows.of + before for part, before in zip(parts, start, strict=True)]),
    )
    return Samples(
        rows,
        np.concatenate([part.labels for part in parts]),
        first.tasks,
        np.concatenate([part.origin for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


def _requests(rows: Rows) -> int:
    """How many requests there are; those of rows without a request column are counted by what refers to them."""
    return len(next(iter(rows.request.values()))) if rows.request else int(rows.of.max(initial=-1)) + 1
