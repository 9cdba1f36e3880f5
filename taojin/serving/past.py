"""One user's past: what the bundle knows from training, joined with what the live store has seen.

Shapes: E events of the user, B of them from the bundle, V live.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taojin.core.events import Events, Pasts
from taojin.core.live import LiveEvents
from taojin.core.units import FIRST, MINUTE, PAD, UNKNOWN, Ints, Mask
from taojin.data.dataset import Clock
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary

KEY = np.dtype([("item", np.int64), ("time", np.int64), ("kinds", np.int64), ("value", np.int64)])


@dataclass(frozen=True)
class Past:
    """Events of one user, sorted by (time, item).

    live    int64[E]    place of the event among the user's live events, -1 where it comes from the bundle
    """

    events: Events
    live: Ints
    clock: Clock

    def before(self, now: int) -> tuple[Pasts, int]:
        """What a request at `now` may look at, and the request's time on the data's clock.

        On the clock ORDER the request stands at the next position behind everything that is known.
        """
        count = len(self.events)
        if self.clock is Clock.REAL:
            count = int(np.searchsorted(self.events.time, now))
            time = now
        else:
            time = int(self.events.time[-1]) + 1 if count else 0
        return Pasts(self.events, np.zeros(1, np.int64), np.full(1, count, np.int64)), time


@dataclass(frozen=True)
class Coding:
    """How external events become events of one bundle."""

    items: Vocabulary
    kinds: Kinds
    clock: Clock

    def join(self, base: Events, live: LiveEvents) -> Past:
        """Both kinds of event as one past; what both hold counts once.

        A live event of a kind that the bundle does not know is left out, an unknown item is UNKNOWN.
        """
        if not len(live):
            return Past(base, np.full(len(base), -1, np.int64), self.clock)
        known = np.isin(np.array(live.event, dtype=np.str_), np.array(self.kinds.names))
        place = np.flatnonzero(known)
        item, name = np.array(live.item, dtype=object)[place], np.array(live.event, dtype=np.str_)[place]
        value = live.value[place]
        recent = Events(self.items.rows(item), self.kinds.code(name, value), value, live.time[place])
        first = _first_of_each(_keys(_apart(recent.item, item), recent))
        recent, place = _take(recent, first), place[first]
        if self.clock is Clock.ORDER:
            return self._appended(base, recent, place)
        base = _take(base, np.flatnonzero(~_also_in(base, recent)))
        joined = _joined(base, recent, recent.time)
        order = np.lexsort((joined.item, joined.time))
        origin = np.concatenate([np.full(len(base), -1, np.int64), place])
        return Past(_take(joined, order), origin[order], self.clock)

    def brought(self, item_ids: Sequence[str], kind: str, now: int) -> Past:
        """A history that a stranger brings along, oldest first, as events of one kind, a minute apart before `now`."""
        length = len(item_ids)
        time = np.arange(length, dtype=np.int64)
        if self.clock is Clock.REAL:
            time = now - (length - time) * MINUTE
        kinds = np.full(length, self.kinds.bits(kind), np.uint32)
        events = Events(self.items.rows(item_ids), kinds, np.full(length, np.nan, np.float32), time)
        return Past(events, np.full(length, -1, np.int64), self.clock)

    def _appended(self, base: Events, recent: Events, place: Ints) -> Past:
        """Positions go on behind the bundle's; its last events may be the first live ones, learned since."""
        kept = len(base) - _overlap(base, recent)
        time = kept + np.arange(len(recent), dtype=np.int64)
        joined = _joined(_take(base, np.arange(kept)), recent, time)
        return Past(joined, np.concatenate([np.full(kept, -1, np.int64), place]), self.clock)


def item_ids(past: Past, live: LiveEvents, items: Vocabulary) -> list[str | None]:
    """External id of each event's item; None where the bundle knows the event and not the item's id."""
    rows = past.events.item
    return [
        live.item[place] if place >= 0 else items.id(int(row)) if row >= FIRST else None
        for place, row in zip(past.live.tolist(), rows, strict=True)
    ]


def _apart(row: Ints, item_id: NDArray[np.object_]) -> Ints:
    """Rows, with a negative number of its own for each id that is UNKNOWN."""
    unknown = row == UNKNOWN
    apart = row.copy()
    apart[unknown] = PAD - 1 - np.unique(item_id[unknown].astype(np.str_), return_inverse=True)[1]
    return apart


def _keys(item: Ints, events: Events) -> NDArray[np.void]:
    """What makes two events the same: item, time, kinds and the bits of the value (every NaN alike), [E]."""
    keys = np.empty(len(events), KEY)
    value = np.where(np.isnan(events.value), np.float32(np.nan), events.value)
    keys["item"], keys["time"], keys["kinds"], keys["value"] = item, events.time, events.kinds, value.view(np.int32)
    return keys


def _first_of_each(keys: NDArray[np.void]) -> Ints:
    return np.sort(np.unique(keys, return_index=True)[1])


def _also_in(base: Events, recent: Events) -> Mask:
    """Which of the bundle's events the live store has, too, bool[B]."""
    also = np.zeros(len(base), np.bool_)
    shared = np.flatnonzero(np.isin(base.time, recent.time))
    if len(shared):
        candidates = _take(base, shared)
        also[shared] = np.isin(_keys(candidates.item, candidates), _keys(recent.item, recent))
    return also


def _overlap(base: Events, recent: Events) -> int:
    """The largest number k so that the last k events of the bundle are the first k live ones."""
    ours, theirs = _keys(base.item, base), _keys(recent.item, recent)
    ours["time"], theirs["time"] = 0, 0
    longest = min(len(ours), len(theirs))
    return next(k for k in range(longest, -1, -1) if (ours[len(ours) - k :] == theirs[:k]).all())


def _joined(base: Events, recent: Events, time: Ints) -> Events:
    return Events(
        np.concatenate([base.item, recent.item]),
        np.concatenate([base.kinds, recent.kinds]),
        np.concatenate([base.value, recent.value]),
        np.concatenate([base.time, time]),
    )


def _take(events: Events, rows: Ints) -> Events:
    return Events(events.item[rows], events.kinds[rows], events.value[rows], events.time[rows])
