"""How far a long task has come, told to whoever listens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

Advance = Callable[[int, str], None]
"""Called with the steps done since the last call and a note such as the current loss."""


class Progress(Protocol):
    """Shows tasks; the command line draws bars, a library call is silent."""

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Advance]:
        """Open a task of `total` steps."""
        ...


class Silent:
    """Shows nothing."""

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Advance]:
        """Open a task that nobody watches."""
        yield lambda steps, note: None
