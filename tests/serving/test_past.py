"""One user's past out of the bundle and the live store."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taojin.core.events import NO_EVENTS, Events
from taojin.core.live import LiveEvents
from taojin.core.units import UNKNOWN
from taojin.data.dataset import Clock
from taojin.data.kinds import Kinds, Label
from taojin.data.vocabulary import Vocabulary
from taojin.serving.past import Coding, Past, item_ids

KINDS = Kinds(("rate", "like", "view"), (Label("like", "rate", at_least=3.5),))
ITEMS = Vocabulary(("a", "b", "c"))  # rows 2, 3, 4
NAN = float("nan")
Row = tuple[str, str, float, int]


def coding(clock: Clock = Clock.REAL) -> Coding:
    return Coding(ITEMS, KINDS, clock)


def live(*rows: Row) -> LiveEvents:
    item, event, value, time = zip(*rows, strict=True) if rows else ((), (), (), ())
    order = np.argsort(np.array(time, np.int64), kind="stable")
    pick = lambda column: tuple(column[place] for place in order)  # noqa: E731
    return LiveEvents(
        ("u",) * len(rows),
        pick(item),
        pick(event),
        np.array(pick(value), np.float32),
        np.array(pick(time), np.int64),
        np.arange(1, len(rows) + 1),
    )


def base(*rows: Row) -> Events:
    item, event, value, time = zip(*rows, strict=True) if rows else ((), (), (), ())
    values = np.array(value, np.float32)
    return Events(ITEMS.rows(item), KINDS.code(event, values), values, np.array(time, np.int64))


def told(past: Past, events: LiveEvents) -> list[tuple[str | None, int, int]]:
    ids = item_ids(past, events, ITEMS)
    return list(zip(ids, past.events.kinds.tolist(), past.events.time.tolist(), strict=True))


def test_live_events_are_coded_as_training_codes_them_and_sorted_among_the_trained_ones() -> None:
    events = live(("b", "rate", 5.0, 15))
    past = coding().join(base(("a", "rate", 2.0, 10), ("c", "rate", 4.0, 20)), events)
    assert told(past, events) == [("a", 1, 10), ("b", 3, 15), ("c", 3, 20)]
    assert past.live.tolist() == [-1, 0, -1]


def test_events_of_one_time_are_sorted_by_item() -> None:
    events = live(("c", "view", NAN, 10), ("a", "view", NAN, 10))
    past = coding().join(base(("b", "view", NAN, 10)), events)
    assert [id for id, _, _ in told(past, events)] == ["a", "b", "c"]


def test_an_event_that_both_hold_counts_once() -> None:
    trained = base(("a", "rate", 5.0, 10), ("b", "view", NAN, 11))
    events = live(("a", "rate", 5.0, 10), ("b", "view", NAN, 11), ("a", "rate", 4.0, 10))
    past = coding().join(trained, events)
    assert sorted(told(past, events)) == [("a", 3, 10), ("a", 3, 10), ("b", 4, 11)]
    assert sorted(past.events.value[:2].tolist()) == [4.0, 5.0]


def test_the_same_event_posted_under_two_ids_counts_once() -> None:
    events = live(("a", "view", NAN, 10), ("a", "view", NAN, 10))
    assert len(coding().join(NO_EVENTS, events).events) == 1


def test_a_new_item_is_unknown_to_the_models_and_keeps_its_own_id() -> None:
    events = live(("new", "like", NAN, 10), ("newer", "like", NAN, 10))
    past = coding().join(base(), events)
    assert past.events.item.tolist() == [UNKNOWN, UNKNOWN]
    assert sorted(id for id in item_ids(past, events, ITEMS) if id) == ["new", "newer"]


def test_a_kind_that_the_bundle_does_not_know_is_left_out() -> None:
    events = live(("a", "purchase", NAN, 10), ("b", "view", NAN, 11))
    assert [id for id, _, _ in told(coding().join(NO_EVENTS, events), events)] == ["b"]


def test_a_request_sees_what_lies_strictly_before_it() -> None:
    past = coding().join(base(("a", "view", NAN, 10)), live(("b", "view", NAN, 20)))
    assert [past.before(now)[0].end[0] for now in (10, 11, 20, 21)] == [0, 1, 1, 2]
    assert past.before(15)[1] == 15


def test_without_a_clock_live_events_take_the_next_positions() -> None:
    trained = base(("a", "rate", 5.0, 0), ("b", "rate", 1.0, 1))
    events = live(("c", "view", NAN, 1_700_000_000_000), ("a", "view", NAN, 1_700_000_000_001))
    past = coding(Clock.ORDER).join(trained, events)
    assert told(past, events) == [("a", 3, 0), ("b", 1, 1), ("c", 4, 2), ("a", 4, 3)]
    pasts, time = past.before(now=0)
    assert (pasts.end[0], time) == (4, 4)


def test_without_a_clock_what_was_learned_since_counts_once() -> None:
    events = live(("b", "view", NAN, 100), ("c", "view", NAN, 200), ("a", "view", NAN, 300))
    trained = base(("a", "view", NAN, 0), ("b", "view", NAN, 1), ("c", "view", NAN, 2))
    past = coding(Clock.ORDER).join(trained, events)
    assert [(id, time) for id, _, time in told(past, events)] == [("a", 0), ("b", 1), ("c", 2), ("a", 3)]


@pytest.mark.parametrize("clock", list(Clock))
def test_a_history_brought_along_lies_before_now_in_its_order(clock: Clock) -> None:
    past = coding(clock).brought(["c", "a", "nobody"], "like", now=1_000_000)
    assert past.events.item.tolist() == [4, 2, UNKNOWN]
    assert (past.events.kinds == KINDS.bits("like")).all()
    pasts, time = past.before(1_000_000)
    assert pasts.end[0] == 3 and (past.events.time < time).all()
    assert (np.diff(past.events.time) > 0).all()


ROW = st.tuples(
    st.sampled_from(["a", "b", "new"]),
    st.sampled_from(["rate", "view"]),
    st.sampled_from([1.0, 4.0, NAN]),
    st.integers(0, 3),
)


@given(trained=st.lists(ROW, max_size=6), posted=st.lists(ROW, max_size=6))
def test_joining_equals_a_plain_set_of_events(trained: list[Row], posted: list[Row]) -> None:
    trained = [row for row in trained if row[0] != "new"]
    key = lambda row: (row[0], row[1], str(row[2]), row[3])  # noqa: E731 - NaN differs from itself
    unique = {key(row): row for row in trained}
    ordered = sorted(unique.values(), key=lambda row: (row[3], ITEMS.row(row[0])))
    events = live(*posted)
    past = coding().join(base(*ordered), events)
    expected = {key(row) for row in (*unique.values(), *posted)}
    assert len(past.events) == len(expected)
    assert (np.diff(past.events.time) >= 0).all()
    ids = item_ids(past, events, ITEMS)
    assert sorted(zip(ids, past.events.time.tolist(), strict=True)) == sorted((row[0], row[3]) for row in expected)
