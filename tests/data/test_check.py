"""The facts of a data set, by hand."""

import pyarrow as pa

from taojin.core.units import DAY
from taojin.data.check import facts
from taojin.data.dataset import Clock, Dataset
from taojin.data.kinds import Kinds, Label
from taojin.data.tables import build


def dataset(clock: Clock) -> Dataset:
    events = pa.table(
        {
            "user": ["1", "1", "1", "2", None],
            "item": ["a", "b", "c", "a", "a"],
            "time": [0, DAY, 10 * DAY, 5, 6],
            "event": ["rate"] * 5,
            "value": [5.0, 1.0, None, 4.0, 4.0],
        }
    )
    kinds = Kinds(("rate", "like"), (Label("like", "rate", at_least=4),))
    items, users = pa.table({"item": ["a", "b", "c", "d"]}), pa.table({"user": ["1", "2", "3", "4"]})
    return build("tiny", users=users, items=items, events=events, kinds=kinds, clock=clock)[0]


def test_facts_count_what_is_there() -> None:
    found = facts(dataset(Clock.REAL))
    assert (found.users, found.items, found.events) == (4, 4, 4)
    assert found.kinds == {"rate": 4, "like": 2}
    assert (found.per_user[0], found.per_user[100]) == (1, 3)
    assert (found.silent_users, found.silent_items) == (0.5, 0.25)
    assert (found.first, found.last) == (0, 10 * DAY)


def test_facts_print_the_span_and_what_was_refused() -> None:
    text = str(facts(dataset(Clock.REAL)))
    assert "1970-01-01 to 1970-01-11, 10 days" in text
    assert "refused 1: no id, first events line 5, column 'user': nothing; give every row" in text
    assert "the order of each user's events only" in str(facts(dataset(Clock.ORDER)))
