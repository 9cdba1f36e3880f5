"""Windowed features against a plain loop over the events, on random data and at the edges."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.core.batch import Candidates, Requests
from taojin.core.events import Events, no_pasts
from taojin.core.units import FOREVER
from taojin.data.dataset import Clock, Log, TrainView
from taojin.data.engine import DuckDB, Engine, Spark
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary
from taojin.features.feature import Ask, Feature, Level
from taojin.features.materialize import event_table, fit_windows, renew_windows, windowed
from taojin.features.windows import Count, Rate, Statistic

USERS, ITEMS = 6, 8
KINDS = Kinds(("rate", "like"))
RATE, LIKE = KINDS.bits("rate"), KINDS.bits("like")


def view_of(user, item, time, kinds, value) -> TrainView:
    """Events as lists; user and item rows below USERS and ITEMS."""
    events = Events(
        np.array(item, np.int64), np.array(kinds, np.uint32), np.array(value, np.float32), np.array(time, np.int64)
    )
    return TrainView(
        pa.table({}),
        pa.table({}),
        Vocabulary(tuple("abcdefgh"[: USERS - 2])),
        Vocabulary(tuple("abcdefgh"[: ITEMS - 2])),
        KINDS,
        Clock.REAL,
        Log.of(np.array(user, np.int64), events, USERS),
    )


def random_view(seed: int, events: int = 300) -> TrainView:
    """Many ties, many times on the grid of 10, some before 1970, some values missing, some entities unknown."""
    random = np.random.default_rng(seed)
    return view_of(
        random.integers(1, USERS - 1, events),  # the last user has no events
        random.integers(1, ITEMS - 1, events),  # nor has the last item
        random.integers(-300, 600, events),
        random.integers(0, 4, events),
        np.where(random.random(events) < 0.2, np.nan, random.normal(3, 1, events)),
    )


SPECS = tuple(
    spec
    for entity in ("user", "item")
    for window in (7, 40, FOREVER)
    for spec in (
        Count(name=f"{entity}_count_{window}", entity=entity, event="like", window=window, refresh=10),
        Rate(name=f"{entity}_rate_{window}", entity=entity, top="like", bottom="rate", window=window, refresh=10),
        Statistic(name=f"{entity}_mean_{window}", entity=entity, event="rate", window=window, refresh=10),
        Statistic(name=f"{entity}_std_{window}", entity=entity, event="rate", what="std", window=window, refresh=7),
    )
)


def oracle(spec, view: TrainView, entity: int, time: int, empty: float) -> float:
    """The definition, word for word."""
    end = time - time % spec.refresh
    seen = []
    of = view.log.user if spec.entity == "user" else view.log.events.item
    for row in range(len(view.log)):
        when = int(view.log.events.time[row])
        inside = when < end if spec.window == FOREVER else end - spec.window <= when < end
        if inside and of[row] == entity and entity >= 2:
            seen.append((int(view.log.events.kinds[row]), float(view.log.events.value[row])))
    match spec:
        case Count():
            return sum(kinds & LIKE > 0 for kinds, _ in seen)
        case Rate(strength=strength):
            top, bottom = (sum(kinds & bits > 0 for kinds, _ in seen) for bits in (LIKE, RATE))
            return (top + empty * strength) / (bottom + strength)
        case Statistic(what=what):
            values = [value for kinds, value in seen if kinds & RATE and not np.isnan(value)]
            return (np.mean(values) if what == "mean" else np.std(values)) if values else np.nan


def asked(view: TrainView, seed: int, requests: int = 60):
    """Random (entity, time), every event's own time among them, and times on the grid, far before and far after."""
    random = np.random.default_rng(seed)
    time = np.concatenate(
        [random.integers(-400, 800, requests), view.log.events.time[:requests], np.arange(-10, 10) * 70, [-9999, 99999]]
    )
    return random.integers(0, USERS, len(time)), time


def check_against_oracle(view: TrainView, engine: Engine, seed: int) -> None:
    fitted = fit_windows(SPECS, view, engine)
    entity, time = asked(view, seed)
    for spec in SPECS:
        column = fitted[spec.name]
        expected = [oracle(spec, view, int(e), int(t), column.empty) for e, t in zip(entity, time, strict=True)]
        np.testing.assert_allclose(column.at(entity, time), expected, rtol=1e-5, atol=1e-5, err_msg=spec.name)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1_000_000))
def test_timelines_equal_a_plain_loop(seed):
    check_against_oracle(random_view(seed), DuckDB(threads=1), seed)


EVENTS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.integers(1, 3),
        st.integers(-25, 25),
        st.integers(0, 3),
        st.one_of(st.just(np.nan), st.floats(-5, 5, width=32)),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.integers(1, 12), st.one_of(st.integers(1, 30), st.just(FOREVER)))
def test_any_window_on_any_grid_equals_a_plain_loop(events, refresh, window):
    view = view_of(*zip(*events, strict=True)) if events else view_of([], [], [], [], [])
    specs = (
        Count(name="count", event="like", window=window, refresh=refresh),
        Rate(name="rate", top="like", bottom="rate", prior=0.3, strength=2.0, window=window, refresh=refresh),
        Statistic(name="mean", event="rate", window=window, refresh=refresh),
    )
    fitted = fit_windows(specs, view, DuckDB(threads=1))
    entity, time = (grid.ravel() for grid in np.meshgrid(np.arange(5), np.arange(-60, 70, 3)))
    for spec in specs:
        expected = [
            oracle(spec, view, int(e), int(t), fitted[spec.name].empty) for e, t in zip(entity, time, strict=True)
        ]
        np.testing.assert_allclose(fitted[spec.name].at(entity, time), expected, rtol=1e-5, atol=1e-5)


def keyed(specs, view: TrainView, engine: Engine, entity, time, empty) -> dict[str, np.ndarray]:
    """The same expression asked for the keys themselves, as a training table would be without timelines."""
    as_of = time - time % specs[0].refresh
    keys = engine.load("keys", pa.table({"entity": entity, "as_of": as_of})).distinct()
    events = engine.load("events", event_table(view))
    values = engine.run(windowed(specs, keys, events, view.kinds, empty)).to_pylist()
    found = {(row["entity"], row["as_of"]): row for row in values}
    return {
        spec.name: np.array(
            [found[e, t][spec.name] for e, t in zip(entity.tolist(), as_of.tolist(), strict=True)], float
        )
        for spec in specs
    }


@pytest.mark.parametrize("seed", range(3))
def test_a_timeline_answers_what_the_expression_answers_for_the_keys_themselves(seed):
    view, engine = random_view(seed), DuckDB(threads=1)
    fitted = fit_windows(SPECS, view, engine)
    empty = {name: column.empty for name, column in fitted.items()}
    entity, time = asked(view, seed)
    entity = np.maximum(entity, 2)
    for group in {(spec.entity, spec.refresh) for spec in SPECS}:
        specs = [spec for spec in SPECS if (spec.entity, spec.refresh) == group]
        expected = keyed(specs, view, engine, entity, time, empty)
        for spec in specs:
            np.testing.assert_allclose(fitted[spec.name].at(entity, time), expected[spec.name], rtol=1e-5, atol=1e-6)


def test_an_event_counts_from_the_first_grid_time_after_it_until_the_window_has_passed():
    view = view_of([2], [2], [100], [LIKE], [np.nan])
    count = Count(name="count", event="like", window=20, refresh=10).fit(view, {})
    at = count.at(np.full(6, 2), np.array([100, 109, 110, 129, 130, 139]))
    assert at.tolist() == [0, 0, 1, 1, 0, 0]  # at 120 the window is [100, 120), at 130 it is [110, 130)


def test_unknown_entities_have_no_past():
    view = view_of([1, 2], [1, 1], [0, 0], [LIKE, LIKE], [1, 1])
    fitted = fit_windows(
        (
            Count(name="item", event="like", refresh=1),
            Count(name="user", entity="user", event="like", refresh=1),
        ),
        view,
    )
    far = np.full(ITEMS + 5, 1000)
    assert fitted["item"].at(np.arange(ITEMS + 5), far).sum() == 0
    assert fitted["user"].at(np.arange(USERS), far[:USERS]).tolist() == [0, 0, 1, 0, 0, 0]


def test_the_prior_is_the_rate_of_all_training_events():
    view = view_of([2, 2, 3, 3], [2, 3, 2, 4], [0, 1, 2, 3], [RATE | LIKE, RATE, RATE, RATE], [5, 1, 1, 1])
    rate = Rate(name="rate", top="like", bottom="rate", strength=4, refresh=1).fit(view, {})
    assert rate.empty == 0.25
    assert rate.at(np.array([2, 5]), np.array([10, 10])).tolist() == [pytest.approx((1 + 1) / (2 + 4)), 0.25]


def test_training_values_are_standardised():
    view = random_view(1)
    fitted = fit_windows(SPECS, view, DuckDB(threads=1))
    for spec in SPECS:
        column = fitted[spec.name]
        entity = view.log.user if spec.entity == "user" else view.log.events.item
        seen = column.at(entity, view.log.events.time)
        scaled = column.scale.apply(seen[np.isfinite(seen)])
        assert column.scale.log == isinstance(spec, Count)
        assert abs(scaled.mean()) < 1e-3 and (abs(scaled.std() - 1) < 1e-3 or seen.std() < 1e-6), spec.name


def requests_of(user, time) -> Requests:
    user, time = np.array(user, np.int64), np.array(time, np.int64)
    zero = np.zeros(len(user), np.int64)
    return Requests(user, zero, time, zero.astype(np.uint64), no_pasts(len(user)))


def test_reading_takes_each_candidate_as_of_its_request_and_users_once_per_request():
    view = random_view(2)
    fitted = fit_windows(SPECS[:1] + SPECS[12:13], view, DuckDB(threads=1))
    by_user, by_item = fitted["user_count_7"], fitted["item_count_7"]
    requests = requests_of([2, 3, 9], [50, 205, 400])
    item = np.array([2, 3, 4, 2, 3, 999])
    ask = Ask(requests, Candidates.of(np.array([0, 3, 5, 6]), item), {})
    assert by_user.level == Level.REQUEST and by_item.level == Level.CANDIDATE
    assert by_user.read(ask).shape == (3, 1) and by_item.read(ask).shape == (6, 1)
    np.testing.assert_array_equal(by_user.raw(ask), by_user.at(requests.user, requests.time))
    np.testing.assert_array_equal(by_item.raw(ask), by_item.at(item, np.array([50, 50, 50, 205, 205, 400])))
    assert by_item.read(ask).dtype == np.float32 and np.isfinite(by_item.read(ask)).all()


def test_renewing_takes_other_events_with_the_scale_and_prior_that_were_fitted():
    early, later = random_view(3), random_view(4)
    engine = DuckDB(threads=1)
    fitted = fit_windows(SPECS, early, engine)
    renewed = renew_windows(SPECS, {name: c.now(500) for name, c in fitted.items()}, later, engine)
    given_prior = [replace(spec, prior=fitted[spec.name].empty) if isinstance(spec, Rate) else spec for spec in SPECS]
    fresh = fit_windows(given_prior, later, engine)
    entity, time = asked(later, 5)
    for name, column in renewed.items():
        assert column.scale == fitted[name].scale
        np.testing.assert_array_equal(column.at(entity, time), fresh[name].at(entity, time))


def test_specs_are_features_and_name_what_is_wrong_with_them():
    assert all(isinstance(spec, Feature) for spec in SPECS)
    with pytest.raises(ValueError, match="did you mean 'like'"):
        Count(name="x", event="lik").fit(random_view(0), {})
    with pytest.raises(ValueError, match="'user' or 'item'"):
        Count(name="x", event="like", entity="movie")
    with pytest.raises(ValueError, match="positive numbers of milliseconds"):
        Count(name="x", event="like", window=0)
    with pytest.raises(ValueError, match="strength"):
        Rate(name="x", top="like", bottom="rate", strength=0)
    with pytest.raises(ValueError, match="'mean' or 'std'"):
        Statistic(name="x", event="rate", what="median")
    with pytest.raises(ValueError, match="no training event is a 'rate'"):
        Rate(name="x", top="like", bottom="rate").fit(view_of([2], [2], [0], [LIKE], [1]), {})


def test_a_grid_too_fine_for_its_span_is_refused():
    view = view_of([2, 3], [2, 3], [0, 1 << 61], [LIKE, LIKE], [1, 1])
    with pytest.raises(ValueError, match="coarser refresh"):
        Count(name="x", event="like", refresh=1).fit(view, {})


@pytest.mark.spark
def test_spark_runs_the_same_expressions(spark_session):
    check_against_oracle(random_view(7, events=150), Spark(spark_session), 7)
