"""How far long work has come, drawn on the screen."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from taojin.core.progress import Advance


class Bars:
    """Progress bars on the error stream, so that what is printed stays clean."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description:<18}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self.bars = RichProgress(*columns, console=Console(file=sys.stderr))

    def __enter__(self) -> "Bars":
        self.bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bars.stop()

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Advance]:
        """A bar with the remaining time and a note."""
        task = self.bars.add_task(name, total=total, note="")
        yield lambda steps, note: self.bars.update(task, advance=steps, note=note)

    def curve(self, name: str, loss: Sequence[float], valid: Sequence[float], best: int) -> None:
        """The bar has shown it."""
