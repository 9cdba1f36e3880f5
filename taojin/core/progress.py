"""How far a long task has come, told to whoever listens."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

Advance = Callable[[int, str], None]
"""Called with the steps done since the last call and a note such as the current loss."""


class Progress(Protocol):
    """Hears of tasks and of what was learned; the command line draws bars, a library call is silent."""

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Advance]:
        """Open a task of `total` steps."""
        ...

    def curve(self, name: str, loss: Sequence[float], valid: Sequence[float], best: int) -> None:
        """Take note of a training that has ended: mean loss and validation value of each epoch, and the one kept."""
        ...


class Silent:
    """Shows nothing."""

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Advance]:
        """Open a task that nobody watches."""
        yield lambda steps, note: None

    def curve(self, name: str, loss: Sequence[float], valid: Sequence[float], best: int) -> None:
        """Nobody takes note."""
