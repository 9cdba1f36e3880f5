"""Channel: what many users liked lately.

Shapes: E events of the kind, T ticks, I items in the vocabulary.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taojin.core.bounds import Count, bounded
from taojin.core.units import DAY, FIRST, HOUR, NEVER, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.retrieval.serve.best import Ranked, join, top
from taojin.retrieval.serve.keys import AsOf, Everyone
from taojin.retrieval.serve.lists import Lists


@dataclass(frozen=True, kw_only=True)
class Hot:
    """Items by the decayed count of their events of a kind within a window that ends before the request.

    window      milliseconds looked back
    half_life   milliseconds after which an event counts half
    refresh     milliseconds between two states of the list
    longest     places of the list
    """

    event: str = "like"
    window: Count = 7 * DAY
    half_life: Count = DAY
    refresh: Count = HOUR
    longest: Count = 1000
    needs_clock: bool = True
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Lists:
        """The list at the end of the view."""
        now = self._lists(view, np.array([view.end]))
        return Lists(keys=Everyone(), offsets=now.offsets, item=now.key, score=now.score)

    def as_of(self, view: TrainView, times: Ints) -> Lists:
        """The lists at each time, rounded down to `refresh`; each knows events strictly before its tick."""
        ticks = np.unique(times - times % self.refresh)
        then = self._lists(view, ticks)
        return Lists(keys=AsOf(ticks=ticks), offsets=then.offsets, item=then.key, score=then.score)

    def _lists(self, view: TrainView, ticks: Ints) -> Ranked:
        at = view.log.events.matching(view.kinds.bits(self.event)).position
        at = at[view.log.events.item[at] >= FIRST]
        at = at[np.argsort(view.log.events.time[at], kind="stable")]
        states = self._states(view.log.events.item[at], view.log.events.time[at], ticks, view.n_items)
        parts = []
        for count, heat in states:
            item = np.flatnonzero(count)
            parts.append(top(np.array([0, len(item)]), item, heat[item], self.longest))
        return join(parts)

    def _states(self, item: Ints, time: Ints, ticks: Ints, items: int) -> Iterator[tuple[Ints, NDArray[np.float64]]]:
        """Count and decayed count of each item at each tick, [I] each; events and ticks ascend in time."""
        entered = np.searchsorted(time, ticks)
        left = np.searchsorted(time, ticks - self.window)
        count, heat, last = np.zeros(items, np.int64), np.zeros(items), NEVER
        first, stop = 0, 0
        for tick, new_first, new_stop in zip(ticks, left, entered, strict=True):
            heat *= np.exp2((last - float(tick)) / self.half_life)
            last = tick
            # An event that left before this tick entered earlier, or never.
            for sign, events in ((1, slice(max(stop, new_first), new_stop)), (-1, slice(first, min(stop, new_first)))):
                weight = np.exp2((time[events] - tick) / self.half_life)
                count += sign * np.bincount(item[events], minlength=items)
                heat += sign * np.bincount(item[events], weights=weight, minlength=items)
            first, stop = new_first, new_stop
            yield count, heat
