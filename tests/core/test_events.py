"""Pasts and what was consumed, against plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from taojin.core.events import Events
from taojin.core.units import NEVER, PAD
from taojin.data.dataset import Log


def log(seed: int, events: int = 60, users: int = 6, items: int = 9) -> Log:
    random = np.random.default_rng(seed)
    return Log.of(
        random.integers(2, users, events),
        Events(
            random.integers(1, items, events),
            random.integers(1, 4, events).astype(np.uint32),
            random.random(events).astype(np.float32),
            random.integers(0, 20, events),
        ),
        users,
    )


@given(st.integers(0, 10_000))
def test_a_past_holds_what_lies_strictly_before(seed: int) -> None:
    all_events, random = log(seed), np.random.default_rng(seed)
    user, time = random.integers(2, 6, 8), random.integers(0, 22, 8)
    past = all_events.before(user, time)
    for r in range(8):
        rows = [i for i in range(len(all_events)) if all_events.user[i] == user[r]]
        before = [i for i in rows if all_events.events.time[i] < time[r]]
        assert list(range(past.start[r], past.end[r])) == before


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 3]), st.integers(1, 7))
def test_the_last_items_of_a_kind_stand_newest_last(seed: int, kinds: int, length: int) -> None:
    all_events, random = log(seed), np.random.default_rng(seed)
    past = all_events.before(random.integers(2, 6, 8), random.integers(0, 22, 8))
    items = past.items(kinds, length)
    for r in range(8):
        rows = [i for i in range(past.start[r], past.end[r]) if all_events.events.kinds[i] & kinds]
        expected = [all_events.events.item[i] for i in rows[-length:]]
        assert items[r].tolist() == [PAD] * (length - len(expected)) + expected


@given(st.integers(0, 10_000))
def test_consumed_knows_the_last_time_and_the_count(seed: int) -> None:
    all_events, random = log(seed), np.random.default_rng(seed)
    past = all_events.before(random.integers(2, 6, 5), random.integers(0, 22, 5))
    consumed = past.consumed(2, 9)
    request, item = (a.ravel() for a in np.meshgrid(np.arange(5), np.arange(9)))
    times, counts = consumed.last_time(request, item), consumed.times(request, item)
    for r, i, last, count in zip(request, item, times, counts, strict=True):
        rows = [e for e in range(past.start[r], past.end[r]) if all_events.events.kinds[e] & 2]
        seen = [all_events.events.time[e] for e in rows if all_events.events.item[e] == i]
        assert (last, count) == (max(seen, default=NEVER), len(seen))
