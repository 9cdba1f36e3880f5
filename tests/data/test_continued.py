"""What happened later, behind what happened before: nothing moves, nothing counts twice."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taojin.data.continued import among, continued, led_by
from taojin.data.dataset import Clock, Dataset
from taojin.data.kinds import Kinds, Label
from taojin.data.split import Part
from taojin.data.tables import build
from taojin.data.vocabulary import Vocabulary

KINDS = Kinds(("rate", "view", "like"), (Label("like", "rate", at_least=3.5),))
Event = tuple[str, str, int, str, float]


def table(events: list[Event]) -> pa.Table:
    columns = list(zip(*events, strict=True)) if events else [()] * 5
    types = (pa.string(), pa.string(), pa.int64(), pa.string(), pa.float64())
    names = ("user", "item", "time", "event", "value")
    return pa.table([pa.array(column, of) for column, of in zip(columns, types, strict=True)], names)


def dataset(events: list[Event], clock: Clock = Clock.REAL, **more: pa.Array) -> Dataset:
    items = pa.table({"item": ["a", "b"], "year": [1, 2]})
    made = table(events)
    for name, column in more.items():
        made = made.append_column(name, column)
    return build("small", users=None, items=items, events=made, kinds=KINDS, clock=clock)[0]


def as_set(found: Dataset) -> set[tuple[str, str, int, int]]:
    log = found.log
    return {
        (found.user_vocabulary.id(int(u)), found.item_vocabulary.id(int(i)), int(t), int(k))
        for u, i, t, k in zip(log.user, log.events.item, log.events.time, log.events.kinds, strict=True)
    }


EVENTS = st.lists(
    st.tuples(
        st.sampled_from("uvw"),
        st.sampled_from("abcd"),
        st.integers(1, 6),
        st.sampled_from(("rate", "view")),
        st.just(5.0),
    ),
    min_size=1,
    max_size=12,
)


@given(EVENTS, EVENTS)
def test_in_two_parts_or_at_once_it_is_the_same(first: list[Event], second: list[Event]) -> None:
    longer, checked = continued(dataset(first), table(second))
    assert as_set(longer) == as_set(dataset([*first, *second]))
    before = dataset(first)
    assert longer.user_vocabulary.ids[: len(before.user_vocabulary.ids)] == before.user_vocabulary.ids
    assert longer.item_vocabulary.ids[: len(before.item_vocabulary.ids)] == before.item_vocabulary.ids
    keys = np.lexsort((longer.log.events.item, longer.log.events.time, longer.log.user))
    assert (keys == np.arange(len(longer.log))).all()
    assert checked.events.read == len(second)


@given(EVENTS, st.permutations("uvwx"), st.permutations("abcdx"))
def test_led_by_other_vocabularies_nothing_changes_but_the_rows(
    events: list[Event], users: list[str], items: list[str]
) -> None:
    before = dataset(events)
    led = led_by(before, Vocabulary(tuple(users)), Vocabulary(tuple(items)))
    assert led.user_vocabulary.ids == tuple(users) and led.item_vocabulary.ids == tuple(items)
    assert as_set(led) == as_set(before)
    assert led.users["user"].to_pylist() == users and led.items["item"].to_pylist() == items
    years = dict(zip(before.items["item"].to_pylist(), before.items["year"].to_pylist(), strict=True))
    assert led.items["year"].to_pylist() == [years.get(item) for item in items]
    keys = np.lexsort((led.log.events.item, led.log.events.time, led.log.user))
    assert (keys == np.arange(len(led.log))).all()


def test_without_a_clock_the_new_stands_behind_the_old() -> None:
    before = dataset([("u", "a", 10, "view", 0.0), ("v", "b", 11, "view", 0.0)], Clock.ORDER)
    longer, _ = continued(before, table([("u", "b", 5, "view", 0.0), ("u", "c", 6, "rate", 5.0)]))
    row = longer.user_vocabulary.row("u")
    mine = slice(longer.log.offsets[row], longer.log.offsets[row + 1])
    assert [longer.item_vocabulary.id(int(i)) for i in longer.log.events.item[mine]] == ["a", "b", "c"]
    assert longer.log.events.time[mine].tolist() == [0, 1, 2]
    assert int(longer.log.events.kinds[mine][-1]) == KINDS.bits("rate", "like")


def test_a_split_of_the_data_takes_what_came_later_for_training() -> None:
    part = pa.array(["train", "test"])
    before = dataset([("u", "a", 1, "view", 0.0), ("u", "b", 2, "view", 0.0)], part=part)
    longer, _ = continued(before, table([("u", "b", 3, "view", 0.0), ("v", "a", 1, "view", 0.0)]))
    assert longer.log.given is not None
    assert longer.log.given.tolist() == [Part.TRAIN, Part.TEST, Part.TRAIN, Part.TRAIN]


def test_among_the_items_before_new_users_stay() -> None:
    before = dataset([("u", "a", 1, "view", 0.0)])
    longer, _ = continued(before, table([("new", "a", 2, "view", 0.0), ("u", "unheard", 3, "view", 0.0)]))
    cut = among(longer, before)
    assert as_set(cut) == {("u", "a", 1, KINDS.bits("view")), ("new", "a", 2, KINDS.bits("view"))}
    assert cut.item_vocabulary.ids == before.item_vocabulary.ids and cut.n_users == before.n_users + 1


def test_refused_rows_of_the_new_are_counted() -> None:
    _, checked = continued(
        dataset([("u", "a", 1, "view", 0.0)]), table([("u", "a", 2, "vew", 0.0), ("u", "b", 2, "view", 0.0)])
    )
    assert checked.reasons == {"kind of event not declared": 1}
    with pytest.raises(ValueError, match="no event could be kept"):
        continued(dataset([("u", "a", 1, "view", 0.0)]), table([("u", "a", 2, "vew", 0.0)]))
