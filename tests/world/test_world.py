"""The world as a data set."""

import numpy as np
import pyarrow as pa
import pytest

from taojin.core.units import FIRST
from taojin.data.dataset import Clock
from taojin.data.tables import build
from taojin.world.world import KINDS, World


def same(one, other):
    return (
        one.users.equals(other.users)
        and one.items.equals(other.items)
        and all(
            np.array_equal(getattr(one.log.events, name), getattr(other.log.events, name), equal_nan=name == "value")
            for name in ("item", "kinds", "value", "time")
        )
        and np.array_equal(one.log.offsets, other.log.offsets)
    )


def test_the_same_seed_makes_the_same_world_and_another_seed_another_one():
    sizes = {"users": 60, "items": 150, "events": 4_000}
    first, again, other = (World(**sizes, seed=seed).load() for seed in (3, 3, 4))
    assert same(first, again)
    assert not np.array_equal(first.log.events.item[:100], other.log.events.item[:100])
    assert first.items["title"] != other.items["title"]


def test_a_second_load_is_the_first(small):
    assert same(small.load(), small.load())


def test_loading_does_not_change_the_truth(small):
    user, item, time = np.array([5]), np.array([9]), np.array([1_700_000_000_000])
    fresh = World(users=60, items=150, events=4_000, seed=3).truth()
    small.load()
    assert fresh.like_probability(user, item, time) == small.truth().like_probability(user, item, time)


def test_it_passes_the_checks_of_raw_tables_unchanged(small):
    made = small.load()
    rated = (made.log.events.kinds & np.uint32(KINDS.bits("rate"))) != 0
    user = np.array(made.user_vocabulary.ids)[made.log.user - FIRST]
    item = np.array(made.item_vocabulary.ids)[made.log.events.item - FIRST]
    shows = pa.table({"user": user, "item": item, "time": made.log.events.time, "event": ["show"] * len(made.log)})
    rates = shows.filter(pa.array(rated)).set_column(3, "event", pa.array(["rate"] * int(rated.sum())))
    rates = rates.append_column("value", pa.array(made.log.events.value[rated].astype(np.float64)))
    events = pa.concat_tables([shows, rates], promote_options="default")
    built, checked = build(made.name, users=made.users, items=made.items, events=events, kinds=KINDS, clock=Clock.REAL)
    assert not checked.reasons
    assert same(made, built)


def test_kinds_are_nested_and_likes_follow_the_label(small):
    events = small.load().log.events
    show, rate, like = ((events.kinds & np.uint32(KINDS.bits(name))) != 0 for name in ("show", "rate", "like"))
    assert show.all() and rate.sum() > like.sum() > 0 and not (like & ~rate).any()
    assert np.array_equal(like, np.nan_to_num(events.value) >= 3.5)
    assert np.array_equal(np.isnan(events.value), ~rate)


def test_tables_have_the_attributes_and_ids(small):
    data = small.load()
    assert data.clock is Clock.REAL and data.name == "world-movies"
    assert data.user_vocabulary.ids[:2] == ("u1", "u2") and data.item_vocabulary.ids[-1] == "m150"
    assert data.users["user"].to_pylist() == list(data.user_vocabulary.ids)
    assert data.users.column_names == ["user", "age", "gender", "region", "registered"]
    assert pa.types.is_list(data.items.schema.field("genres").type)
    assert pa.types.is_int64(data.items.schema.field("released").type)
    assert all(0 < len(people) <= 5 for people in data.items["cast"].to_pylist())


def test_it_reads_nothing(tmp_path):
    with pytest.raises(ValueError, match="leave the path out"):
        World().load(tmp_path)


@pytest.mark.parametrize(
    "fields, message",
    [({"variant": "shop"}, "movies"), ({"items": 5}, "items: expected 20"), ({"users": 0}, "users: expected 1")],
)
def test_what_cannot_be_made_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        World(**fields)
