"""Every rule has a case that it removes and a case that it must not."""

import numpy as np
import pyarrow as pa
import pytest

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.events import Events
from taojin.core.units import DAY, FOREVER
from taojin.data.dataset import Clock, Log, TrainView
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary
from taojin.rules.already_seen import AlreadySeen
from taojin.rules.available import Available
from taojin.rules.blocked import Blocked

ROWS = Rows({}, {}, np.empty(0, np.int64))


def view() -> TrainView:
    """User 2 rated item 2 on day 1 and viewed item 3 on day 2."""
    events = Events(np.array([2, 3]), np.array([1, 2], np.uint32), np.zeros(2, np.float32), np.array([DAY, 2 * DAY]))
    items = pa.table({"item": ["a", "b", "c"], "released": pa.array([0, 5 * DAY, None], pa.int64())})
    return TrainView(
        pa.table({"user": ["u"]}),
        items,
        Vocabulary(("u",)),
        Vocabulary(("a", "b", "c")),
        Kinds(("rate", "view")),
        Clock.REAL,
        Log.of(np.array([2, 2]), events, 3),
    )


def asked(time: int) -> tuple[Requests, Candidates]:
    past = view().log.before(np.array([2]), np.array([time]))
    requests = Requests(np.array([2]), np.array([0]), np.array([time]), np.array([0], np.uint64), past)
    return requests, Candidates.of(np.array([0, 3]), np.array([2, 3, 4]))


def test_already_seen_removes_what_was_rated_and_not_what_was_viewed() -> None:
    requests, candidates = asked(3 * DAY)
    assert AlreadySeen(events=("rate",)).fit(view()).keep(requests, candidates, ROWS).tolist() == [False, True, True]


def test_already_seen_forgets_after_its_window() -> None:
    requests, candidates = asked(3 * DAY)
    rule = AlreadySeen(events=("rate", "view"), window=DAY + 1).fit(view())
    assert rule.keep(requests, candidates, ROWS).tolist() == [True, False, True]
    assert AlreadySeen(events=("rate",), window=FOREVER).needs_clock is False
    assert AlreadySeen(events=("rate",), window=DAY).needs_clock is True


def test_already_seen_knows_nothing_that_happens_at_the_request_or_later() -> None:
    requests, candidates = asked(DAY)
    assert AlreadySeen(events=("rate",)).fit(view()).keep(requests, candidates, ROWS).all()


def test_blocked_removes_the_named_items_alone() -> None:
    requests, candidates = asked(DAY)
    assert Blocked(items=("b",)).fit(view()).keep(requests, candidates, ROWS).tolist() == [True, False, True]
    with pytest.raises(ValueError, match="no item 'B'"):
        Blocked(items=("B",)).fit(view())


def test_available_removes_what_is_not_out_yet() -> None:
    rule = Available(since="released").fit(view())
    requests, candidates = asked(3 * DAY)
    assert rule.keep(requests, candidates, ROWS).tolist() == [True, False, True]
    requests, candidates = asked(5 * DAY)
    assert rule.keep(requests, candidates, ROWS).all()
    with pytest.raises(ValueError, match="no column 'relased'"):
        Available(since="relased").fit(view())


def test_available_removes_what_is_gone() -> None:
    requests, candidates = asked(5 * DAY)
    assert Available(until="released").fit(view()).keep(requests, candidates, ROWS).tolist() == [False, False, True]


@pytest.mark.parametrize(
    "spec", [AlreadySeen(events=("rate",)), Blocked(items=("b",)), Available(since="released"), Available()]
)
@pytest.mark.parametrize("times", [[3 * DAY], [3 * DAY, 6 * DAY], []])
def test_what_a_rule_forbids_it_never_keeps_and_it_removes_no_more_than_it_says(spec, times: list[int]) -> None:
    rule, n = spec.fit(view()), len(times)
    time = np.array(times, np.int64)
    past = view().log.before(np.full(n, 2), time)
    requests = Requests(np.full(n, 2), np.zeros(n, np.int64), time, np.zeros(n, np.uint64), past)
    candidates = Candidates.of(np.arange(n + 1) * 3, np.tile([2, 3, 4], n))
    keep, forbidden = rule.keep(requests, candidates, ROWS), rule.forbids(requests)
    if forbidden is None:
        forbidden = np.zeros(view().n_items, np.bool_)
    assert not keep[forbidden[candidates.item]].any()
    others = np.bincount(candidates.request[~keep & ~forbidden[candidates.item]], minlength=n)
    assert others.max(initial=0) <= rule.removes(requests)
    if n == 1:
        assert rule.removes(requests) == 0
