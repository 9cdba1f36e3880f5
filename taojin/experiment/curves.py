"""What every training of a run looked like, epoch by epoch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from taojin.core.progress import Advance, Progress


@dataclass(frozen=True)
class Curve:
    """One training.

    loss    mean of the training rows, by epoch
    valid   what was maximised on validation, by epoch
    best    the epoch that was kept, from 0
    """

    name: str
    loss: tuple[float, ...]
    valid: tuple[float, ...]
    best: int


class Recording:
    """Keeps the curves and passes everything on."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.curves: list[Curve] = []

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Advance]:
        """Open the same task."""
        with self.progress.task(name, total) as advance:
            yield advance

    def curve(self, name: str, loss: Sequence[float], valid: Sequence[float], best: int) -> None:
        """Take note of a training."""
        self.curves.append(Curve(name, tuple(loss), tuple(valid), best))
        self.progress.curve(name, loss, valid, best)
