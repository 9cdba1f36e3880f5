"""What happened since training: the protocol of the live store and the columns that it gives.

A live store is keyed by external ids alone, so a new bundle, a rollback or a second replica never re-interprets it.

Shapes: E events, K items shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import Ints


class LiveEvent(NamedTuple):
    """One event as it was posted.

    id      given by the sender; the same id again is the same event
    event   name of its kind
    value   rating, seconds watched, quantity, ...; None where there is none
    time    milliseconds since 1970-01-01 UTC
    """

    id: str
    user: str
    item: str
    event: str
    value: float | None
    time: int


@dataclass(frozen=True, slots=True)
class LiveEvents:
    """Columns of E stored events.

    value       float32[E]  NaN where there is none
    time        int64[E]    milliseconds since 1970-01-01 UTC
    arrival     int64[E]    number of the event in the order of the store, from 1
    """

    user: tuple[str, ...]
    item: tuple[str, ...]
    event: tuple[str, ...]
    value: NDArray[np.float32]
    time: Ints
    arrival: Ints

    @classmethod
    def of(cls, rows: Sequence[tuple[str, str, str, float | None, int, int]]) -> "LiveEvents":
        """From rows of user, item, event, value (None where there is none), time and arrival."""
        user, item, event, value, time, arrival = zip(*rows, strict=True) if rows else ((), (), (), (), (), ())
        return cls(
            user,
            item,
            event,
            np.array([np.nan if v is None else v for v in value], np.float32),
            np.array(time, np.int64),
            np.array(arrival, np.int64),
        )

    def __len__(self) -> int:
        return len(self.item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression:
    """What one answer showed: K items, best first, with the scores that ordered them."""

    request_id: str
    user: str
    scene: str
    time: int
    items: tuple[str, ...]
    scores: tuple[float, ...]


class Receipt(NamedTuple):
    """What became of some events: newly applied, and already there by their ids."""

    applied: int
    duplicates: int


@runtime_checkable
class LiveStore(Protocol):
    """Events and impressions since training; safe to use from many threads at once."""

    def append(self, events: Sequence[LiveEvent]) -> Receipt:
        """Store all of these or none; returns once they are on disk and every reader sees them."""
        ...

    def user_events(self, user: str) -> LiveEvents:
        """All events of one user, by (time, arrival)."""
        ...

    def users(self, limit: int) -> tuple[str, ...]:
        """Users with events, those with the newest arrivals first."""
        ...

    def record(self, impression: Impression) -> None:
        """Store what was shown; returns at once, `flush` waits for the disk."""
        ...

    def flush(self) -> None:
        """Wait until all that was recorded is on disk."""
        ...

    def collect(self, since: int = 0) -> Iterator[LiveEvents]:
        """The events whose arrival is above `since`, in the order of arrival, in blocks."""
        ...

    def shown(self, since: int = 0) -> Iterator[tuple[int, Impression]]:
        """Impressions with their numbers, from above `since` on, in the order of arrival."""
        ...

    def close(self) -> None:
        """Write what is queued and let go of the files; the store cannot be used afterwards."""
        ...
