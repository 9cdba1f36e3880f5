"""What to know of a data set before training on it."""

from dataclasses import dataclass

import numpy as np

from taojin.core.units import DAY, FIRST
from taojin.data.checked import Checked
from taojin.data.dataset import Clock, Dataset

_QUANTILES = (0, 25, 50, 75, 90, 100)


@dataclass(frozen=True)
class Facts:
    """Counts of a data set.

    kinds           events of each kind; one event may have several
    per_user        quantiles of events per user with any: percent -> events
    silent_users    share of users without events
    silent_items    share of items without events
    first, last     times of the first and last event, ms; None where the clock is ORDER
    """

    name: str
    clock: Clock
    users: int
    items: int
    events: int
    kinds: dict[str, int]
    per_user: dict[int, int]
    silent_users: float
    silent_items: float
    first: int | None
    last: int | None
    checked: Checked

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.users:,} users, {self.items:,} items, {self.events:,} events",
            f"kinds            {', '.join(f'{name} {count:,}' for name, count in self.kinds.items())}",
            f"events per user  {', '.join(f'{percent} %: {n:,}' for percent, n in self.per_user.items())}",
            f"without events   {self.silent_users:.1%} of users, {self.silent_items:.1%} of items",
            f"time             {self._span()}",
        ]
        # What is generated was not read and checked.
        return "\n".join([*lines, *([str(self.checked)] if self.checked.events.read else [])])

    def _span(self) -> str:
        if self.first is None or self.last is None:
            return "the order of each user's events only"
        first, last = (np.datetime64(time, "ms").astype("datetime64[D]") for time in (self.first, self.last))
        return f"{first} to {last}, {(self.last - self.first) / DAY:,.0f} days"


def facts(dataset: Dataset) -> Facts:
    """Count what a data set holds."""
    log, time = dataset.log, dataset.log.events.time
    per_user = np.diff(log.offsets)[FIRST:]
    per_item = np.bincount(log.events.item, minlength=len(dataset.item_vocabulary))[FIRST:]
    active = per_user[per_user > 0]
    timed = dataset.clock is Clock.REAL
    return Facts(
        name=dataset.name,
        clock=dataset.clock,
        users=len(per_user),
        items=len(per_item),
        events=len(log),
        kinds={name: len(log.events.matching(dataset.kinds.bits(name)).position) for name in dataset.kinds.names},
        per_user={percent: int(np.percentile(active, percent, method="nearest")) for percent in _QUANTILES},
        silent_users=float((per_user == 0).mean()),
        silent_items=float((per_item == 0).mean()),
        first=int(time.min()) if timed else None,
        last=int(time.max()) if timed else None,
        checked=dataset.checked,
    )
