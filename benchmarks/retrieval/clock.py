"""The time a model gets, and how far it came."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from taojin.core.progress import Advance, Silent
from taojin.embeddings.embedding import Embedder

MINUTES = 45.0
"""What a model gets; one that needs more is reported as cut off, with its epoch."""


def within(spec: Embedder, minutes: float = MINUTES) -> Embedder:
    """The same, whose training (if it has one) is cut off by the clock."""
    training = getattr(spec, "training", None)
    return spec if training is None else replace(spec, training=replace(training, minutes=minutes))


class Watch(Silent):
    """Prints every epoch of a training with its seconds, and remembers the last.

    points  seconds after each epoch, and the best validation value so far
    epochs  the last one of the longest training
    """

    def __init__(self) -> None:
        self.note, self.epochs = "", 0
        self.points: list[tuple[float, float]] = []

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Advance]:
        """A line whenever the note changes."""
        start, before = time.perf_counter(), time.process_time()

        def advance(steps: int, note: str) -> None:
            if note != self.note:
                wall, used = time.perf_counter() - start, time.process_time() - before
                print(f"  {name}: {note} ({wall:.0f} s, {used:.0f} CPU s)", flush=True)
                epoch, best = re.search(r"epoch (\d+)", note), re.search(r"best (\S+)", note)
                self.epochs = max(self.epochs, int(epoch[1]) if epoch else 0)
                if best:
                    self.points.append((round(wall, 2), float(best[1])))
            self.note = note

        yield advance

    def figures(self, seconds: float) -> dict[str, float]:
        """Epochs begun, and whether the clock ended them; nothing where nothing was trained."""
        return {"epochs": self.epochs, "cut_off": seconds >= 60 * MINUTES} if self.epochs else {}
