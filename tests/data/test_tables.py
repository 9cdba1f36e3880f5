"""Raw tables become a data set; every row that does not is counted and told."""

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.core.units import FIRST
from taojin.data.checked import Checked, Reason
from taojin.data.dataset import Clock, Dataset
from taojin.data.kinds import Kinds, Label
from taojin.data.tables import build

SHOP = Kinds(("view", "buy", "like"), (Label("like", "view", at_least=4),))
NOW = 1_000


def events(*rows: tuple[object, ...], user: pa.DataType | None = None) -> pa.Table:
    """Rows of user, item, time, event and, where there is a fifth, value."""
    columns = list(itertools.zip_longest(*rows)) or [(), (), (), ()]
    types = [user or pa.string(), pa.string(), pa.int64(), pa.string(), pa.float64()]
    names = ["user", "item", "time", "event", "value"]
    return pa.table({name: pa.array(column, type) for name, column, type in zip(names, columns, types, strict=False)})


def check(
    table: pa.Table, *, users: pa.Table | None = None, items: pa.Table | None = None, clock: Clock = Clock.REAL
) -> tuple[Dataset, Checked]:
    return build("shop", users=users, items=items, events=table, kinds=SHOP, clock=clock, now=NOW)


def rows(dataset: Dataset) -> list[tuple[str, str, int, int]]:
    """User id, item id, time and bits of each event of the log."""
    log = dataset.log
    return [
        (dataset.user_vocabulary.id(user), dataset.item_vocabulary.id(item), int(time), int(kinds))
        for user, item, time, kinds in zip(log.user, log.events.item, log.events.time, log.events.kinds, strict=True)
    ]


def test_table_rows_follow_the_vocabulary_and_ids_only_in_events_come_last() -> None:
    items = pa.table({"item": ["b", "a"], "price": [1.0, 2.0]})
    dataset, checked = check(events(("7", "z", 1, "view"), ("8", "a", 2, "view"), ("7", "y", 3, "buy")), items=items)
    assert dataset.items["item"].to_pylist() == ["b", "a", "z", "y"]
    assert dataset.items["price"].to_pylist() == [1.0, 2.0, None, None]
    assert [dataset.item_vocabulary.id(row + FIRST) for row in range(4)] == ["b", "a", "z", "y"]
    assert (checked.items.added, checked.users.added) == (2, 2)


def test_whole_numbers_and_text_are_the_same_ids() -> None:
    users = pa.table({"user": ["7", "8"]})
    for type in (pa.int32(), pa.uint64(), pa.float64()):
        dataset, checked = check(events((7, "a", 1, "view"), (8, "a", 1, "view"), user=type), users=users)
        assert dataset.users["user"].to_pylist() == ["7", "8"]
        assert checked.users.added == 0


def test_an_id_with_a_fraction_is_an_error_that_names_its_line() -> None:
    with pytest.raises(ValueError, match=r"events line 2, column 'user'.*got 8.5"):
        check(events((7.0, "a", 1, "view"), (8.5, "a", 1, "view"), user=pa.float64()))


@pytest.mark.parametrize(
    ("row", "reason", "column", "value"),
    [
        ((None, "a", 1, "view"), Reason.ID_MISSING, "user", None),
        (("", "a", 1, "view"), Reason.ID_MISSING, "user", ""),
        (("7", None, 1, "view"), Reason.ID_MISSING, "item", None),
        (("7", "a", None, "view"), Reason.TIME_MISSING, "time", None),
        (("7", "a", -1, "view"), Reason.TIME_NEGATIVE, "time", "-1"),
        (("7", "a", NOW + 1, "view"), Reason.FUTURE, "time", "1001"),
        (("7", "a", 1, "veiw"), Reason.KIND, "event", "veiw"),
        (("7", "a", 1, None), Reason.KIND, "event", None),
        (("7", "a", 1, "view", float("nan")), Reason.VALUE, "value", "nan"),
        (("7", "a", 1, "view", 1e300), Reason.VALUE, "value", "1e+300"),
        (("1", "good", NOW, "view"), Reason.DUPLICATE, "event", "view"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_column_value_and_reason(
    row: tuple[object, ...], reason: Reason, column: str, value: str | None
) -> None:
    dataset, checked = check(events(("1", "good", NOW, "view", 0.0), row))
    assert rows(dataset) == [("1", "good", NOW, 1)]
    expected = {"table": "events", "file": "events", "line": 2, "column": column, "value": value, "reason": reason}
    assert checked.refused.to_pylist() == [expected]
    assert reason.remedy in str(checked)


def test_entities_without_an_id_or_with_one_that_stands_twice_are_refused() -> None:
    users = pa.table({"user": ["7", None, "7", "", "8"], "age": [1, 2, 3, 4, 5]})
    dataset, checked = check(events(("7", "a", 1, "view")), users=users)
    assert dataset.users.to_pylist() == [{"user": "7", "age": 1}, {"user": "8", "age": 5}]
    assert [(r["line"], r["reason"]) for r in checked.refused.to_pylist()] == [
        (2, Reason.ID_MISSING),
        (3, Reason.ID_TWICE),
        (4, Reason.ID_MISSING),
    ]
    assert (checked.users.read, checked.users.kept) == (5, 2)


def test_kinds_of_one_moment_become_one_event_with_the_first_kinds_value() -> None:
    table = events(
        ("7", "a", 1, "buy", 9.5), ("7", "a", 1, "view", 4.0), ("7", "a", 2, "buy", 9.5), ("7", "b", 1, "buy")
    )
    dataset, checked = check(table)
    assert rows(dataset) == [("7", "a", 1, SHOP.all), ("7", "b", 1, 2), ("7", "a", 2, 2)]
    assert dataset.log.events.value.tolist()[::2] == [4.0, 9.5]
    assert np.isnan(dataset.log.events.value[1])
    assert checked.merged == 1


def test_the_log_is_sorted_whatever_the_order_of_the_rows() -> None:
    dataset, _ = check(events(("8", "a", 9, "view"), ("7", "b", 5, "view"), ("8", "b", 3, "buy"), ("7", "a", 7, "buy")))
    assert rows(dataset) == [("8", "b", 3, 2), ("8", "a", 9, 1), ("7", "b", 5, 1), ("7", "a", 7, 2)]


def test_an_order_counts_positions_from_zero_whether_numbered_or_not() -> None:
    numbered = events(("7", "b", 10**15, "view"), ("8", "a", 2, "view"), ("7", "a", 4, "view"))
    dataset, _ = check(numbered, clock=Clock.ORDER)
    assert rows(dataset) == [("7", "a", 0, 1), ("7", "b", 1, 1), ("8", "a", 0, 1)]
    dataset, _ = check(numbered.drop_columns("time"), clock=Clock.ORDER)
    assert rows(dataset) == [("7", "b", 0, 1), ("7", "a", 1, 1), ("8", "a", 0, 1)]


def test_an_order_of_which_nothing_is_left_says_so() -> None:
    with pytest.raises(ValueError, match="no event could be kept"):
        check(events(("7", None, 1, "view")), clock=Clock.ORDER)


def test_the_parts_that_events_name_follow_them_into_the_log() -> None:
    table = events(("7", "b", 5, "view"), ("7", "a", 3, "view"), ("7", "c", 4, "view"))
    dataset, checked = check(table.append_column("part", pa.array(["test", "train", "dev"])))
    assert dataset.log.given is not None
    assert dataset.log.given.tolist() == [0, 2]
    assert checked.reasons == {Reason.PART: 1}


def test_timestamps_are_times() -> None:
    table = events(("7", "a", 5, "view"))
    moments = table["time"].cast(pa.timestamp("ms")).cast(pa.timestamp("us"))
    dataset, _ = check(table.set_column(2, "time", moments))
    assert rows(dataset) == [("7", "a", 5, 1)]


def test_refused_rows_are_written_even_if_none_is_left(tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    table = events(("7", 'say "a", b', NOW + 5, "view"))
    with pytest.raises(ValueError, match=r"no event could be kept(.|\n)*time in the future.*declare the unit"):
        build("shop", users=None, items=None, events=table, kinds=SHOP, clock=Clock.REAL, rejects=rejects, now=NOW)
    assert pyarrow.csv.read_csv(rejects).to_pylist() == [
        {"table": "events", "file": "events", "line": 1, "column": "time", "value": 1005, "reason": Reason.FUTURE}
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            events(("7", "a", 1, "view")).rename_columns(["user", "item", "tiem", "event"]),
            "'time'; did you mean 'tiem'",
        ),
        (events(("7", "a", 1, "view")).set_column(2, "time", pa.array([1.5])), "'time': expected int64 milliseconds"),
        (
            events(("7", "a", 1, "view")).append_column("value", pa.array(["x"])),
            "'value': expected a number, got string",
        ),
        (events(("7", "a", 1, "view")).set_column(3, "event", pa.array([1])), "'event': expected text, got int64"),
        (events(("7", "a", 1, "view")).append_column("user", pa.array(["x"])), "'user' stands twice"),
    ],
)
def test_tables_of_another_schema_are_refused(table: pa.Table, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(table)


Cells = tuple[str | None, str | None, int | None, str, float | None]

cells = st.tuples(
    st.sampled_from(["1", "2", "", None]),
    st.sampled_from(["a", "b", None]),
    st.sampled_from([0, 1, 2, -1, NOW + 1, None]),
    st.sampled_from(["view", "buy", "fly"]),
    st.sampled_from([None, 1.0, 5.0, float("inf")]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(cells, min_size=1, max_size=30))
def test_every_row_is_kept_or_refused_as_a_plain_loop_says(rows_in: list[Cells]) -> None:
    expected: dict[tuple[str, str, int], int] = {}
    seen: set[tuple[object, ...]] = set()
    refused = 0
    for user, item, time, event, value in rows_in:
        wrong = event == "fly" or value == float("inf") or not 0 <= (time or 0) <= NOW
        if not user or not item or time is None or wrong or (user, item, time, event) in seen:
            refused += 1
            continue
        seen.add((user, item, time, event))
        bits = {"view": 1 | (4 if (value or 0) >= 4 else 0), "buy": 2}[event]
        expected[user, item, time] = expected.get((user, item, time), 0) | bits
    table = events(("0", "z", 0, "buy", None), *rows_in)
    dataset, checked = check(table)
    assert {(user, item, time): bits for user, item, time, bits in rows(dataset) if user != "0"} == expected
    assert len(dataset.log) == len(expected) + 1
    assert checked.refused.num_rows == refused
    assert checked.events.read == table.num_rows == checked.events.kept + refused
    assert checked.events.kept == len(dataset.log) + checked.merged


def test_an_event_may_name_several_kinds() -> None:
    kinds = Kinds(("show", "click", "a+b"))
    texts = ["show+click", "click", "show+clack", "a+b", "a+b+show", "", "click+show"]
    table = pa.table({"user": [1] * 7, "item": [*range(6), 0], "time": [1] * 7, "event": texts})
    dataset, checked = build("t", users=None, items=None, events=table, kinds=kinds, clock=Clock.REAL)
    assert dataset.log.events.kinds.tolist() == [3, 2, 4]
    assert checked.reasons == {"kind of event not declared": 3, "event stands twice": 1}
