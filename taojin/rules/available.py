"""Rule: show only what can be had at the time of the request."""

from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.units import FOREVER, NEVER, Ints, Mask
from taojin.data.dataset import TrainView
from taojin.features.attributes import dates


@dataclass(frozen=True, kw_only=True)
class Available:
    """Remove items before the date in column `since` and from the date in column `until` on (milliseconds).

    An empty date sets no limit; an empty column name asks for no date at all.
    """

    since: str = ""
    until: str = ""

    @property
    def needs_clock(self) -> bool:
        """Dates are ones of a clock."""
        return True

    def fit(self, view: TrainView) -> "Within":
        """Read the dates of the items."""
        return Within(_dates(view, self.since, NEVER), _dates(view, self.until, FOREVER))


def _dates(view: TrainView, column: str, absent: int) -> Ints:
    return dates(view, column, "rule Available", absent=absent) if column else np.full(view.n_items, absent, np.int64)


@dataclass(frozen=True)
class Within:
    """Keeps items with since <= time of the request < until; both int64[I]."""

    since: Ints
    until: Ints
    must: bool = True
    features: tuple[str, ...] = ()

    def keep(self, requests: Requests, candidates: Candidates, rows: Rows) -> Mask:
        """Compare each candidate's dates with its request's time."""
        time = requests.time[candidates.request]
        return (self.since[candidates.item] <= time) & (time < self.until[candidates.item])

    def forbids(self, requests: Requests) -> Mask | None:
        """What comes after the latest of the requests, or is gone before the earliest."""
        if not len(requests):
            return None
        return (self.since > requests.time.max()) | (self.until <= requests.time.min())

    def removes(self, requests: Requests) -> int:
        """Items that come or go between the earliest of the requests and the latest."""
        if not len(requests):
            return 0
        first, last = requests.time.min(), requests.time.max()
        comes, goes = (self.since > first) & (self.since <= last), (self.until > first) & (self.until <= last)
        return int((comes | goes).sum())
