"""Events from outside: checked against the bundle, then stored; what is acknowledged is on disk."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taojin.core.live import LiveEvent, LiveStore, Receipt
from taojin.core.units import MINUTE
from taojin.data.kinds import Kinds
from taojin.serving.problem import Problem, known

TOLERANCE = 5 * MINUTE
"""How far a sender's clock may be ahead of ours, milliseconds."""
EARLIEST = 100_000_000_000
"""March 1973; less is a time in seconds."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """An event as a sender tells it; without an id it is a new event, without a time it happens now."""

    user: str
    item: str
    event: str
    value: float | None = None
    time: int | None = None
    id: str | None = None


@dataclass(frozen=True)
class Intake:
    """Checks and stores events.

    clock   the time of arrival, milliseconds
    """

    kinds: Kinds
    store: LiveStore
    clock: Callable[[], int]

    def take(self, posted: Sequence[Posted]) -> tuple[Receipt, list[str]]:
        """Store all or none; returns what became of them, and their ids, when they are on disk.

        An item that the catalogue does not have is welcome: it is new. A kind that the data does not have raises a
        `ValueError`, and so does a time ahead of ours. A sender's clock may be a little ahead: nothing is stored as
        later than its arrival.
        """
        now = self.clock()
        events = [self._event(one, now, f"[{place}]." if len(posted) > 1 else "") for place, one in enumerate(posted)]
        return self.store.append(events), [event.id for event in events]

    @cached_property
    def _need_value(self) -> frozenset[str]:
        """Kinds whose labels depend on the value: without one they would silently mean nothing."""
        return frozenset(
            label.event for label in self.kinds.labels if np.isfinite(label.at_least) or np.isfinite(label.at_most)
        )

    def _event(self, posted: Posted, now: int, where: str) -> LiveEvent:
        name = known(posted.event, self.kinds.names, f"{where}event")
        if posted.value is None and name in self._need_value:
            expected = f"a number, since a {name!r} is judged by it"
            raise ValueError(Problem(f"{where}value", expected, "none", "add a value"))
        if posted.value is not None and not np.isfinite(posted.value):
            raise ValueError(Problem(f"{where}value", "a finite number", str(posted.value), "leave it out"))
        time = now if posted.time is None else posted.time
        if time < EARLIEST:
            remedy = "this looks like seconds: multiply by 1000" if time > EARLIEST // 1000 else "leave it out for now"
            raise ValueError(Problem(f"{where}time", "milliseconds since 1970-01-01 UTC", str(time), remedy))
        if time > now + TOLERANCE:
            raise ValueError(
                Problem(f"{where}time", f"at most {now}, the time here", str(time), "check the clock and the unit")
            )
        return LiveEvent(posted.id or uuid.uuid4().hex, posted.user, posted.item, name, posted.value, min(time, now))
