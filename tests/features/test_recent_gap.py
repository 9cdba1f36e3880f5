"""The present session: of a user's last items those behind which no gap lies, against a plain loop over events."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.core.batch import Requests
from taojin.core.events import Events, no_pasts
from taojin.core.units import DAY, PAD
from taojin.data.dataset import Clock, Log, TrainView
from taojin.features.attributes import Attribute, Id
from taojin.features.feature import Ask, Column, History
from taojin.features.past import Recent, RecentItems
from taojin.features.store import Store
from taojin.recipes.world import world_tiny
from taojin.retrieval.popular import Popular
from taojin.scene import Scene

ITEMS, LIKE, SHOW = 9, 1, 2
OTHER = np.concatenate([[PAD], np.arange(ITEMS - 1, 0, -1) + 20])
"""Another code of each item."""


def asked(log: Log, user: list[int], time: list[int]) -> Ask:
    past = log.before(np.array(user), np.array(time))
    zero = np.zeros(len(user), np.int64)
    return Ask(Requests(np.array(user), zero, np.array(time), zero.astype(np.uint64), past), None, {})


def column(length: int, gap: int | None) -> RecentItems:
    tables = (np.arange(ITEMS), OTHER)
    return RecentItems("session", LIKE, History(length, ("item", "other")), tables, gap)


event = st.tuples(st.integers(2, 4), st.integers(0, 40), st.integers(1, ITEMS - 1), st.integers(1, 3))
"""User, time, item, kinds."""


@settings(deadline=None)
@given(
    events=st.lists(event, max_size=25),
    requests=st.lists(st.tuples(st.integers(2, 5), st.integers(0, 60)), min_size=1, max_size=6),
    length=st.integers(1, 6),
    gap=st.one_of(st.none(), st.integers(1, 20)),
)
def test_only_what_was_liked_since_the_last_gap_is_read(events, requests, length: int, gap: int | None) -> None:
    events = sorted(events, key=lambda one: one[:3])
    user, time, item, kinds = (np.array([one[part] for one in events], np.int64) for part in range(4))
    log = Log.of(user, Events(item, kinds.astype(np.uint32), np.zeros(len(item), np.float32), time), 6)
    found = column(length, gap).read(asked(log, *map(list, zip(*requests, strict=True))))
    assert found.shape == (len(requests), length, 2)
    for r, (asks, now) in enumerate(requests):
        session: list[int] = []
        last = now
        for one, at, what, how in reversed(events):
            if one != asks or at >= now or not how & LIKE:
                continue
            if gap is not None and last - at > gap:
                break
            session.append(what)
            last = at
        newest = session[:length][::-1]
        padding = [PAD] * (length - len(newest))
        assert found[r, :, 0].tolist() == padding + newest
        assert found[r, :, 1].tolist() == padding + [OTHER[one] for one in newest]


def read(times: list[int], now: int, gap: int, kinds: list[int] | None = None) -> list[int]:
    """Items 1, 2, ... liked at these times, as read by a request at `now`."""
    n = len(times)
    of_kind = np.array(kinds or [LIKE] * n, np.uint32)
    events = Events(np.arange(1, n + 1), of_kind, np.zeros(n, np.float32), np.array(times))
    return column(5, gap).read(asked(Log.of(np.full(n, 2), events, 3), [2], [now]))[0, :, 0].tolist()


def test_a_gap_is_longer_than_what_is_allowed_and_may_lie_before_the_request() -> None:
    assert read([0, 10, 20], now=30, gap=10) == [PAD, PAD, 1, 2, 3]
    assert read([0, 9, 20], now=30, gap=10) == [PAD, PAD, PAD, PAD, 3]
    assert read([0, 10, 20], now=31, gap=10) == [PAD] * 5


def test_other_kinds_of_event_do_not_bridge_a_gap() -> None:
    assert read([0, 8, 16], now=20, gap=10, kinds=[LIKE, SHOW, LIKE]) == [PAD, PAD, PAD, PAD, 3]


def test_one_users_session_does_not_end_in_anothers() -> None:
    events = Events(np.array([1, 2, 3]), np.ones(3, np.uint32), np.zeros(3, np.float32), np.array([50, 90, 0]))
    log = Log.of(np.array([2, 2, 3]), events, 5)
    found = column(2, 45).read(asked(log, [3, 2, 4], [100, 100, 100]))
    assert found[:, :, 0].tolist() == [[PAD, PAD], [1, 2], [PAD, PAD]]


def test_who_has_no_past_has_no_session() -> None:
    zero = np.zeros(2, np.int64)
    ask = Ask(Requests(zero, zero, zero, zero.astype(np.uint64), no_pasts(2)), None, {})
    assert column(3, 10).read(ask).tolist() == np.zeros((2, 3, 2)).tolist()


def test_the_spec_hands_its_gap_and_its_columns_over(view: TrainView) -> None:
    year = Attribute(name="year", column="year", buckets=2).fit(view, {})
    fitted: dict[str, Column] = {"item": Id(name="item").fit(view, {}), "year": year}
    for name, gap in (("whole", None), ("session", DAY)):
        fitted[name] = Recent(name=name, event="rate", length=3, columns=("item", "year"), gap=gap).fit(view, fitted)
    # User 2 rated items 2, 3 and 4 on the days 1, 2 and 3; user 3 rated on the days 2 and 4.
    requests = asked(view.log, [2, 2, 3], [4 * DAY, 4 * DAY + 1, 5 * DAY]).requests
    rows = Store(fitted).read(("whole", "session"), requests)
    assert rows["whole"][:, :, 0].tolist() == [[2, 3, 4], [2, 3, 4], [PAD, 2, 3]]
    assert rows["session"][:, :, 0].tolist() == [[2, 3, 4], [PAD] * 3, [PAD, PAD, 3]]
    codes = year.values
    assert rows["session"][:, :, 1].tolist() == [codes[[2, 3, 4]].tolist(), [PAD] * 3, [PAD, PAD, codes[3]]]


def test_a_gap_lasts_at_least_a_millisecond_and_needs_a_clock() -> None:
    assert Recent(name="history", event="like").needs_clock is False
    session = Recent(name="session", event="like", gap=DAY)
    assert session.needs_clock is True
    with pytest.raises(ValueError, match=r"Recent\.gap: expected a whole number, 1 or more; got 0"):
        Recent(name="session", event="like", gap=0)
    scene = Scene(retrieval={"popular": (Popular(), 10)})
    experiment = replace(world_tiny(), features=(session,), embeddings={}, models={}, scenes={"for_you": scene})
    experiment.check(Clock.REAL)
    with pytest.raises(ValueError, match="these need a clock: feature 'session'; leave them out"):
        experiment.check(Clock.ORDER)
