"""Fitted windowed columns: snapshots agree with timelines, and out of fold hides the label."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taojin.core.batch import Candidates, Requests
from taojin.core.events import Events, no_pasts
from taojin.core.units import FIRST
from taojin.data.dataset import Clock, Log, TrainView
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary
from taojin.features.encode import Scale
from taojin.features.feature import Ask, Column, Feature
from taojin.features.out_of_fold import OutOfFold
from taojin.features.snapshot import TRAINING, Changes, Timeline, fold
from taojin.features.windows import Count, Rate, Statistic

KINDS = Kinds(("rate", "like"))
RATE, LIKE = KINDS.bits("rate"), KINDS.bits("like")
LIKE_RATE = Rate(name="like_rate", top="like", bottom="rate", strength=4)


def ask_of(user, time, item, *, training: bool = False) -> Ask:
    """A request per (user, time), each with one candidate."""
    n = len(user)
    context = {TRAINING: np.ones(n, np.int64)} if training else {}
    zero = np.zeros(n, np.int64)
    requests = Requests(np.array(user), zero, np.array(time), zero.astype(np.uint64), no_pasts(n), context)
    return Ask(requests, Candidates.of(np.arange(n + 1), np.array(item)), {})


@st.composite
def timelines(draw) -> Timeline:
    points = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(-20, 20)), unique=True, max_size=25))
    refresh = draw(st.integers(1, 9))
    entity, tick = (
        (np.array(column, np.int64) for column in zip(*points, strict=True)) if points else [np.empty(0, int)] * 2
    )
    changes, order = Changes.of(entity, tick * refresh, refresh)
    values = np.arange(len(points), dtype=np.float32)[order]
    return Timeline("x", draw(st.sampled_from(["user", "item"])), changes, values, -1.0, Scale(2.0, 3.0), 5)


@given(timelines(), st.lists(st.tuples(st.integers(0, 8), st.integers(-250, 250)), min_size=1))
def test_a_timeline_gives_the_entitys_last_change_at_or_before_the_time(timeline, questions):
    entity, time = (np.array(column) for column in zip(*questions, strict=True))
    changes = timeline.changes
    known = [(key // changes.span, (key % changes.span - 1) * changes.refresh + changes.first) for key in changes.key]
    for e, t, got in zip(entity, time, timeline.at(entity, time), strict=True):
        at = [place for place, (of, when) in enumerate(known) if of == e and when <= t]
        assert got == (timeline.values[at[-1]] if at else -1)


@given(timelines(), st.integers(-250, 250), st.integers(0, 8))
def test_a_snapshot_answers_as_the_timeline_does_until_the_next_refresh(timeline, time, later):
    snapshot = timeline.now(time)
    now = min(time + later, snapshot.as_of + timeline.changes.refresh - 1)
    ask = ask_of(np.arange(8), np.full(8, now), np.arange(8))
    np.testing.assert_array_equal(snapshot.read(ask), timeline.read(ask))
    assert snapshot.as_of % timeline.changes.refresh == 0 and 0 <= time - snapshot.as_of < timeline.changes.refresh
    assert (snapshot.level, snapshot.form) == (timeline.level, timeline.form)
    assert isinstance(snapshot, Column) and isinstance(timeline, Column)


def test_a_snapshot_is_stale_after_two_refreshes():
    changes, _ = Changes.of(np.array([2]), np.array([100]), 100)
    snapshot = Timeline("x", "item", changes, np.ones(1, np.float32), 0.0, Scale(), 3).now(1234)
    assert snapshot.as_of == 1200
    assert not snapshot.stale(1400)
    assert snapshot.stale(1401)


def test_columns_of_one_entity_and_refresh_search_once_per_reading():
    class Counting(Changes):
        searches = 0

        def last(self, entity, time):
            Counting.searches += 1
            return super().last(entity, time)

    changes, order = Counting.of(np.array([2, 3]), np.array([0, 10]), 10)
    one = Timeline("one", "item", changes, np.array([1, 2], np.float32)[order], 0.0, Scale(), 4)
    two = replace(one, name="two", values=np.array([3, 4], np.float32))
    ask = replace(ask_of([2, 2], [5, 15], [2, 3]), columns={"one": one, "two": two})
    assert ask.value("one").tolist() == [[1], [2]] and ask.value("two").tolist() == [[3], [4]]
    assert Counting.searches == 1


def noise(users: int, items: int, seed: int = 0) -> TrainView:
    """Every user rates every item once and likes at random: no statistic can tell who likes what."""
    random = np.random.default_rng(seed)
    user = np.repeat(np.arange(users) + FIRST, items)
    item = np.tile(np.arange(items) + FIRST, users)
    like = random.random(len(user)) < 0.5
    events = Events(
        item,
        np.where(like, RATE | LIKE, RATE).astype(np.uint32),
        like.astype(np.float32),
        np.tile(np.arange(items), users),
    )
    return TrainView(
        pa.table({}),
        pa.table({}),
        Vocabulary(tuple(map(str, range(users)))),
        Vocabulary(tuple(map(str, range(items)))),
        KINDS,
        Clock.ORDER,
        Log.of(user, events, users + FIRST),
    )


def within_items(values, view: TrainView) -> float:
    """Correlation of values with likes, both taken relative to their item's mean."""
    item, like = view.log.events.item, view.log.events.value.astype(np.float64)
    count = np.bincount(item)

    def centred(x):
        return x - (np.bincount(item, x) / np.maximum(count, 1))[item]

    return float(np.corrcoef(centred(np.asarray(values, np.float64)), centred(like))[0, 1])


def test_leaving_only_the_own_row_out_reveals_the_label_and_leaving_folds_out_hides_it():
    view = noise(users=1000, items=12)
    events = view.log.events
    likes, ratings = view.counts(LIKE), view.counts(RATE)
    own_left_out = (likes[events.item] - events.value) / (ratings[events.item] - 1)
    column = OutOfFold(of=LIKE_RATE).fit(view, {})
    out_of_fold = column.raw(ask_of(view.log.user, events.time, events.item, training=True))
    assert within_items(own_left_out, view) < -0.999
    # One label is 1 / m of its fold's sum, m = 1000 / 5 users: -1 / sqrt(200) = -0.07.
    assert -0.12 < within_items(out_of_fold, view) < -0.02


def test_training_rows_read_the_other_folds_and_everybody_else_reads_all():
    view = noise(users=40, items=3, seed=1)
    column = OutOfFold(of=LIKE_RATE, folds=4).fit(view, {})
    events, user = view.log.events, view.log.user
    prior = events.value.mean()
    asked = ask_of(np.arange(FIRST, 42), np.zeros(40, int), np.full(40, 3), training=True)
    of = fold(user, 4)
    for left_out, got in zip(fold(np.arange(FIRST, 42), 4), column.raw(asked), strict=True):
        others = of != left_out
        mine = others & (events.item == 3)
        strength = LIKE_RATE.strength * others.mean()
        assert got == pytest.approx((events.value[mine].sum() + prior * strength) / (mine.sum() + strength), rel=1e-5)
    everybody = events.value[events.item == 3]
    whole = (everybody.sum() + prior * 4) / (len(everybody) + 4)
    np.testing.assert_allclose(column.raw(ask_of([1, 2, 7], [0, 0, 0], [3, 3, 3])), whole, rtol=1e-5)
    assert column.raw(ask_of([1], [0], [77])) == pytest.approx(prior)  # an item that came after training


@pytest.mark.parametrize(
    "of",
    [
        Count(name="n", event="like"),
        Statistic(name="mean", event="rate"),
        Statistic(name="std", event="rate", what="std"),
    ],
)
def test_what_training_reads_is_on_the_scale_of_what_serving_reads(of):
    view = noise(users=500, items=4)
    column = OutOfFold(of=of).fit(view, {})
    whole = column.values[-1, FIRST:]
    np.testing.assert_allclose(column.values[:-1, FIRST:], np.tile(whole, (5, 1)), rtol=0.15)
    trained = column.read(ask_of(view.log.user, view.log.events.time, view.log.events.item, training=True))
    assert trained.shape == (2000, 1) and abs(trained.mean()) < 1e-3


def test_out_of_fold_refuses_what_it_cannot_be():
    assert isinstance(OutOfFold(of=LIKE_RATE), Feature) and not OutOfFold(of=LIKE_RATE).needs_clock
    with pytest.raises(ValueError, match="FOREVER"):
        OutOfFold(of=replace(LIKE_RATE, window=1000))
    with pytest.raises(ValueError, match="use `Past` for users"):
        OutOfFold(of=replace(LIKE_RATE, entity="user"))
    with pytest.raises(ValueError, match="at least 2 folds"):
        OutOfFold(of=LIKE_RATE, folds=1)
    with pytest.raises(ValueError, match="too little data"):
        OutOfFold(of=LIKE_RATE).fit(noise(users=1, items=3), {})


def test_folds_are_even_and_the_same_everywhere():
    counts = np.bincount(fold(np.arange(FIRST, 20_000), 5))
    assert len(counts) == 5 and counts.min() > 3800
