"""Rows of what was shown: each row against a loop over a small log, and which of them are kept and how they count."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.events import Events
from taojin.core.units import DAY, FIRST, HOUR, PAD
from taojin.data.dataset import Clock, Log, TrainView
from taojin.data.kinds import Kinds
from taojin.data.sampling import Sampling
from taojin.data.tasks import Amount, Happened, Reaction, Task, WeightedReaction
from taojin.data.vocabulary import Vocabulary
from taojin.experiment import exposures
from taojin.experiment.exposures import aged, draw_exposures, late_exposures, thinned, what_came
from taojin.experiment.labels import Labels
from taojin.experiment.samples import Drawn
from taojin.features.attributes import Id
from taojin.features.feature import Column
from taojin.features.past import Past, Recent, What
from taojin.features.snapshot import TRAINING
from taojin.features.store import Store
from taojin.nn.samples import Origin

USERS, ITEMS, LENGTH = 5, 7, 3
KINDS = Kinds(("show", "click", "like", "watch"))
TASKS: tuple[Task, ...] = (
    "click",
    Reaction("like", among="show"),
    Amount("ratio", event="watch", most=2.0),
    WeightedReaction("time", event="watch", unit=0.5),
)
NAMES = ("item", "clicks", "mean", "history")


@pytest.fixture(scope="module")
def view() -> TrainView:
    """60 events of 5 users; several share a time, so that `before` and `not after` are told apart."""
    random, n = np.random.default_rng(0), 60
    events = Events(
        random.integers(FIRST, ITEMS + FIRST, n),
        random.integers(1, 16, n).astype(np.uint32),
        np.where(random.random(n) < 0.3, np.nan, random.uniform(0, 3, n)).astype(np.float32),
        random.integers(1, 9, n) * HOUR,
    )
    users, items = ([f"{letter}{place}" for place in range(size)] for letter, size in (("u", USERS), ("i", ITEMS)))
    return TrainView(
        pa.table({"user": users}),
        pa.table({"item": items}),
        Vocabulary(tuple(users)),
        Vocabulary(tuple(items)),
        KINDS,
        Clock.REAL,
        Log.of(random.integers(FIRST, USERS + FIRST, n), events, USERS + FIRST),
    )


@pytest.fixture(scope="module")
def store(view: TrainView) -> Store:
    columns: dict[str, Column] = {}
    for feature in (
        Id(name="item"),
        Past(name="clicks", event="click"),
        Past(name="mean", event="watch", what=What.MEAN),
        Recent(name="history", event="click", length=LENGTH),
    ):
        columns[feature.name] = feature.fit(view, columns)
    return Store(columns)


class Heard:
    """A store that keeps what it was asked."""

    def __init__(self, store: Store) -> None:
        self.store, self.asked = store, list[Requests]()

    def read(self, names, requests: Requests, candidates: Candidates | None = None, known=None) -> Rows:
        self.asked.append(requests)
        return self.store.read(names, requests, candidates)


def drawn_of(view: TrainView, store, at: np.ndarray | None = None, *, training: bool = True) -> Drawn:
    sampling = Sampling(tasks=TASKS, exposed="show", requests=0)
    at = view.log.events.matching(KINDS.bits("show")).position if at is None else at
    return draw_exposures(store, view.log, at, sampling, KINDS, names=NAMES, marks=(TRAINING,) if training else ())


def earlier(view: TrainView, row: int, kind: str) -> list[int]:
    """Events of a row's user before the row's time, by a loop."""
    log, time = view.log, view.log.events.time
    same = [e for e in range(len(log)) if log.user[e] == log.user[row] and time[e] < time[row]]
    return [e for e in same if log.events.kinds[e] & KINDS.bits(kind)]


def came(view: TrainView, row: int) -> tuple[int, float]:
    """Kinds and value of an exposure with what followed of its user and item until it is shown again, by a loop."""
    log, events = view.log, view.log.events
    same = [e for e in range(len(log)) if log.user[e] == log.user[row] and events.item[e] == events.item[row]]
    code, value = int(events.kinds[row]), float(events.value[row])
    later = []
    for e in same[same.index(row) + 1 :]:
        if events.kinds[e] & KINDS.bits("show"):
            break
        code |= int(events.kinds[e])
        later.append(float(events.value[e]))
    known = [one for one in later if not np.isnan(one)]
    return code, known[-1] if np.isnan(value) and known else value


def test_every_row_is_its_event(view: TrainView, store: Store) -> None:
    found, events = drawn_of(view, store), view.log.events
    at = [e for e in range(len(events)) if events.kinds[e] & KINDS.bits("show")]
    assert len(found.samples) == len(at) > 20
    assert found.samples.tasks == ("click", "like", "ratio", "time")
    assert (found.samples.origin == Origin.EXPOSED).all()
    assert found.samples.rows.of.tolist() == list(range(len(at)))
    for row, e in enumerate(at):
        code, value = came(view, e)
        has = {name: float(code & KINDS.bits(name) != 0) for name in KINDS.names}
        ratio = min(value / 2, 1) if has["watch"] else np.nan
        time = (np.nan_to_num(value) / 0.5) if has["watch"] else 1.0
        assert (found.item[row], found.user[row], found.time[row]) == (events.item[e], view.log.user[e], events.time[e])
        label, weight = found.samples.labels[row], found.samples.weights[row]
        assert label.tolist() == pytest.approx([has["click"], has["like"], ratio, has["watch"]], nan_ok=True)
        assert weight.tolist() == pytest.approx([1, 1, 1, time])


def test_what_follows_belongs_to_the_last_exposure_for_a_while() -> None:
    show, click, like = (KINDS.bits(name) for name in ("show", "click", "like"))
    nan = np.nan
    told = [  # user, item, kinds, value, time
        (2, 2, show, nan, 0),
        (2, 2, click, 1.0, 5),  # of the first
        (2, 3, like, nan, 6),  # of another item, never shown
        (2, 2, show, 0.5, 10),
        (2, 2, like, 2.0, 70),  # an hour later, so to say
        (3, 2, click, nan, 11),  # of another user
    ]
    user, item, kinds, value, time = (np.array(column) for column in zip(*told, strict=True))
    log = Log.of(user, Events(item, kinds.astype(np.uint32), value.astype(np.float32), time), 4)
    at = log.events.matching(show).position
    found = what_came(log, at, show, 59)
    assert found.code.tolist() == [show | click, show] and found.value.tolist() == [1.0, 0.5]
    assert what_came(log, at, show, 60).code.tolist() == [show | click, show | like]
    assert what_came(log, at, show, 0).code.tolist() == [show, show]
    assert len(what_came(log, at[:0], show, 60).code) == 0


def test_features_look_strictly_before_the_row(view: TrainView, store: Store) -> None:
    found, events = drawn_of(view, store).samples.rows, view.log.events
    at = events.matching(KINDS.bits("show")).position
    for row, e in enumerate(at):
        clicks, watched = earlier(view, e, "click"), earlier(view, e, "watch")
        values = [events.value[one] for one in watched]
        history = [events.item[one] for one in clicks][-LENGTH:]
        expected = store.columns["clicks"].scale.apply(np.array([len(clicks)]))
        assert found.request["clicks"][row] == pytest.approx(expected)
        mean = store.columns["mean"].scale.apply(np.array([np.mean(values) if values else np.nan]))
        assert found.request["mean"][row] == pytest.approx(mean)
        places = [PAD] * (LENGTH - len(history)) + history
        assert found.request["history"][row, :, 0].tolist() == places
        assert found.candidate["item"][row] == events.item[e]


@pytest.mark.parametrize("block", [1, 7, 1_000])
def test_rows_do_not_depend_on_how_many_are_read_at_once(
    view: TrainView, store: Store, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    whole = drawn_of(view, store)
    monkeypatch.setattr(exposures, "BLOCK", block)
    parts = drawn_of(view, heard := Heard(store))
    assert len(heard.asked) == -(-len(whole.samples) // block)
    for name in NAMES:
        np.testing.assert_array_equal(whole.samples.rows[name], parts.samples.rows[name])
    for one, other in (
        (whole.samples.rows.of, parts.samples.rows.of),
        (whole.samples.labels, parts.samples.labels),
        (whole.samples.weights, parts.samples.weights),
        (whole.item, parts.item),
        (whole.user, parts.user),
        (whole.time, parts.time),
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("training", [True, False])
def test_only_training_rows_say_that_they_train(view: TrainView, store: Store, training: bool) -> None:
    drawn_of(view, heard := Heard(store), training=training)
    (asked,) = heard.asked
    assert asked.context.get(TRAINING, np.zeros(len(asked))).tolist() == [training] * len(asked)
    assert len(np.unique(asked.seed)) == len(asked)


def test_no_exposure_gives_no_row(view: TrainView, store: Store) -> None:
    found = drawn_of(view, store, np.empty(0, np.int64))
    assert len(found.samples) == len(found.user) == len(found.time) == 0
    assert found.samples.rows.request["history"].shape == (0, LENGTH, 1)


@given(late=st.floats(0.001, 1))
@settings(max_examples=50, deadline=None)
def test_late_exposures_are_those_that_what_feeds_rankers_does_not_know(view: TrainView, late: float) -> None:
    sampling = Sampling(exposed="show", requests=0, late=late)
    found = late_exposures(view.log, sampling, KINDS).tolist()
    shown = [e for e in range(len(view.log)) if view.log.events.kinds[e] & 1]
    early = np.diff(view.early(1 - late).log.offsets)
    place = np.arange(len(view.log)) - view.log.offsets[view.log.user]
    assert found == [e for e in shown if place[e] >= early[view.log.user[e]]]
    for user in range(FIRST, USERS + FIRST):
        of_user = int((view.log.user == user).sum())
        assert -1e-6 < of_user - early[user] - of_user * late < 1 + 1e-6


def test_late_exposures_of_all_are_all(view: TrainView) -> None:
    found = late_exposures(view.log, Sampling(exposed="like", requests=0, late=1.0), KINDS)
    assert found.tolist() == view.log.events.matching(KINDS.bits("like")).position.tolist()


@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0, 100.0])
def test_thinning_keeps_all_positives_and_some_negatives(view: TrainView, store: Store, ratio: float) -> None:
    sampling = Sampling(tasks=TASKS, exposed="show", requests=0, negatives=ratio)
    drawn = drawn_of(view, store, np.tile(np.arange(len(view.log)), 5))
    drawn = drawn.where(np.random.default_rng(1).random(len(drawn.samples)) < 0.9)
    positive = np.any(np.nan_to_num(drawn.samples.labels) > 0.5, axis=1)
    there = int((~positive).sum())
    assert there > 20
    found = thinned(drawn, sampling, seed=3)
    kept = np.any(np.nan_to_num(found.samples.labels) > 0.5, axis=1)
    assert kept.sum() == positive.sum()
    assert (~kept).sum() == min(there, round(ratio * positive.sum()))
    # Rows keep their order, and each what belongs to it.
    place = found.samples.rows.of
    assert (np.diff(place) > 0).all()
    at = np.searchsorted(drawn.samples.rows.of, place)
    for one, other in (
        (found.item, drawn.item[at]),
        (found.user, drawn.user[at]),
        (found.time, drawn.time[at]),
        (found.samples.labels, drawn.samples.labels[at]),
        (found.samples.rows["item"], drawn.samples.rows["item"][at]),
    ):
        np.testing.assert_array_equal(one, other)


def test_thinning_draws_by_the_seed(view: TrainView, store: Store) -> None:
    sampling = Sampling(tasks=("like",), exposed="show", requests=0, negatives=0.5)
    drawn = drawn_of(view, store)
    drawn = replace(drawn, samples=replace(drawn.samples, labels=drawn.samples.labels[:, 1:2], tasks=("like",)))
    first, again, other = (thinned(drawn, sampling, seed).samples.rows.of.tolist() for seed in (1, 1, 2))
    assert first == again and first != other and len(first) == len(other)
    assert thinned(drawn, replace(sampling, negatives=None), seed=1) is drawn


def test_a_row_counts_half_as_much_as_one_a_half_life_later(view: TrainView, store: Store) -> None:
    drawn = drawn_of(view, store)
    drawn = replace(drawn, time=np.resize(np.array([10, 9, 8, 6]) * DAY, len(drawn.time)))
    found = aged(drawn, Sampling(exposed="show", requests=0, half_life=2 * DAY)).samples
    share = np.resize([1, 2**-0.5, 0.5, 0.25], len(found))
    np.testing.assert_allclose(found.weights, drawn.samples.weights * share[:, None], rtol=1e-6)
    assert found.weights.dtype == np.float32
    np.testing.assert_array_equal(found.labels, drawn.samples.labels)
    assert aged(drawn, Sampling(exposed="show", requests=0)) is drawn


def test_no_rows_do_not_age(view: TrainView, store: Store) -> None:
    empty = drawn_of(view, store, np.empty(0, np.int64))
    assert len(aged(empty, Sampling(exposed="show", requests=0, half_life=DAY)).samples) == 0


TOLD = (
    # Kinds and value of a pair; whether it says more than nothing where likes are known everywhere, and among shows.
    (("show",), 0.0, False, True),
    (("like",), np.nan, True, False),
    (("show", "like"), np.nan, True, True),
    (("click",), np.nan, False, False),
    ((), np.nan, False, False),
)


@pytest.mark.parametrize(("names", "value", "everywhere", "among"), TOLD)
def test_a_pair_tells_if_it_is_positive_or_known_at_all(names, value: float, everywhere: bool, among: bool) -> None:
    happened = Happened(np.array([KINDS.bits(*names)], np.uint32), np.array([value], np.float32))
    assert Labels((Reaction("like"),), KINDS).telling(happened).tolist() == [everywhere]
    assert Labels((Reaction("like", among="show"),), KINDS).telling(happened).tolist() == [among]


@pytest.mark.parametrize(("value", "told"), [(0.1, True), (1.9, True), (np.nan, False)])
def test_an_amount_tells_where_it_has_a_value(value: float, told: bool) -> None:
    happened = Happened(np.array([KINDS.bits("watch"), 0], np.uint32), np.array([value, np.nan], np.float32))
    labels = Labels((Amount("ratio", event="watch", most=2.0), Reaction("like")), KINDS)
    assert labels.telling(happened).tolist() == [told, False]
    assert labels.names == ("ratio", "like")
    assert labels.of(happened).shape == labels.weight(happened).shape == (2, 2)
