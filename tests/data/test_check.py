"""The facts of a data set, by hand."""

import numpy as np
import pyarrow as pa

from taojin.core.units import DAY
from taojin.data.check import facts
from taojin.data.dataset import Clock, Dataset
from taojin.data.expect import expectations
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


def log(users: np.ndarray, items: np.ndarray, clock: Clock = Clock.REAL, days: float = 30, known: int = 0) -> Dataset:
    """Events at even times; `known` items are in the catalogue whether they have one or not."""
    n = len(users)
    time = np.linspace(0, days * DAY, n).astype(np.int64)
    kind = np.where(np.arange(n) % 100 == 0, "buy", "view")
    events = pa.table({"user": users.astype(str), "item": items.astype(str), "time": time, "event": kind})
    catalogue = pa.table({"item": np.arange(known).astype(str)}) if known else None
    return build("made", users=None, items=catalogue, events=events, kinds=Kinds(("view", "buy")), clock=clock)[0]


def test_what_stands_out_is_said_with_its_figure() -> None:
    users, items = np.repeat(np.arange(500), 3), np.arange(1_500) % 300
    items[::2] = 7
    said = "\n".join(expectations(log(users, items, days=2, known=1_000)))
    for part in (
        "about ±0.018 wide",
        "Half of the users have 3 events or fewer",
        "500 users and 1,500 events are few for networks",
        "of the events repeat a user's item",
        "of the items have no event: only what reads their columns",
        "1 % of the items have ",
        "Rare kinds of event: buy (15)",
        "All events lie within 2.0 days",
    ):
        assert part in said
    assert "There are no times" in "\n".join(expectations(log(users, items, Clock.ORDER)))
    assert "span 3 years" in "\n".join(expectations(log(users, items, days=3 * 365)))


def test_a_plain_log_has_only_its_intervals() -> None:
    users = np.repeat(np.arange(2_000), 15)
    items = (users * 7 + np.tile(np.arange(15), 2_000) * 31) % 900
    (only, *others) = expectations(log(users, items))
    assert only.startswith("Intervals of NDCG@10 will be about ±0.009 wide")
    assert all(sentence.startswith("Rare kinds") for sentence in others)


def test_tables_that_hardly_belong_to_the_events_are_told() -> None:
    users, items = np.repeat(np.arange(500), 3), np.arange(1_500) % 300

    def said(known: list[str]) -> str:
        events = pa.table({"user": users.astype(str), "item": items.astype(str), "event": ["buy"] * 1_500})
        table = pa.table({"item": known})
        made = build("made", users=None, items=table, events=events, kinds=Kinds(("buy",)), clock=Clock.ORDER)[0]
        return "\n".join(expectations(made))

    advice = "of the 300 items of the events have a row in the table of items; that holds 'Pan 0', the events '299'"
    assert f"0% {advice}: correct the column in its `Id(...)`" in said([f"Pan {n}" for n in range(300)])
    assert f"33% {advice}" in said(["Pan 0", *map(str, range(100))])
    assert "have a row in" not in said(list(map(str, range(160))))
    assert "have a row in" not in "\n".join(expectations(log(users, items)))
