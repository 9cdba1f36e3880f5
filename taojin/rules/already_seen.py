"""Rule: do not show again what the user has consumed."""

from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.units import FOREVER, Mask
from taojin.data.dataset import TrainView


@dataclass(frozen=True, kw_only=True)
class AlreadySeen:
    """Remove items that the user had one of these events with less than `window` milliseconds ago."""

    events: tuple[str, ...]
    window: int = FOREVER

    @property
    def needs_clock(self) -> bool:
        """A window is one of a clock."""
        return self.window != FOREVER

    def fit(self, view: TrainView) -> "NotConsumed":
        """Look the names of the events up."""
        return NotConsumed(view.kinds.bits(*self.events), self.window, view.n_items)


@dataclass(frozen=True)
class NotConsumed:
    """Keeps what was not consumed within the window."""

    kinds: int
    window: int
    items: int
    must: bool = False
    features: tuple[str, ...] = ()

    def keep(self, requests: Requests, candidates: Candidates, rows: Rows) -> Mask:
        """False where the last such event is younger than the window."""
        request = candidates.request
        consumed = requests.past.consumed(self.kinds, self.items)
        last = consumed.last_time(request, candidates.item)  # [N], NEVER where absent
        return last < requests.time[request] - self.window

    def forbids(self, requests: Requests) -> Mask | None:
        """What the user of a request that comes alone has had; several have little in common."""
        if len(requests) != 1:
            return None
        request, at = requests.past.pairs(self.kinds)
        events = requests.past.events
        mask = np.zeros(self.items, np.bool_)
        mask[events.item[at[events.time[at] >= requests.time[request] - self.window]]] = True
        return mask

    def removes(self, requests: Requests) -> int:
        """The longest past; nothing more from a request that comes alone."""
        return 0 if len(requests) == 1 else int((requests.past.end - requests.past.start).max(initial=0))
