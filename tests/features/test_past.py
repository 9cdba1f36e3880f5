"""A user's own past: against plain loops, and blind to the request's own time and everything later."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taojin.core.batch import Candidates, Requests
from taojin.core.units import DAY, PAD, YEAR
from taojin.data.dataset import TrainView
from taojin.features.attributes import Attribute, Id
from taojin.features.feature import Column
from taojin.features.past import Affinity, Gap, Past, Recent, What
from taojin.features.store import Store


def requests_of(view: TrainView, user: list[int], time: list[int]) -> Requests:
    past = view.log.before(np.array(user), np.array(time))
    zero = np.zeros(len(user), np.int64)
    return Requests(np.array(user), zero, np.array(time), zero.astype(np.uint64), past)


def raw(view: TrainView, spec: Past, user: list[int], time: list[int]) -> list[float]:
    from taojin.features.feature import Ask

    return spec.fit(view, {}).raw(Ask(requests_of(view, user, time), None, {})).tolist()


def test_numbers_of_the_past_are_those_of_strictly_earlier_events(view: TrainView) -> None:
    user, time = [2, 2, 2, 4], [DAY, 3 * DAY, 9 * DAY, 9 * DAY]
    assert raw(view, Past(name="f", event="rate"), user, time) == [0, 2, 3, 0]
    assert raw(view, Past(name="f", event="like"), user, time) == [0, 1, 2, 0]
    mean = raw(view, Past(name="f", event="rate", what=What.MEAN), user, time)
    assert mean == pytest.approx([np.nan, 3.5, 11 / 3, np.nan], nan_ok=True)
    deviation = raw(view, Past(name="f", event="rate", what=What.DEVIATION), user, time)
    assert deviation == pytest.approx([np.nan, 1.5, np.std([5, 2, 4]), np.nan], nan_ok=True)
    since = raw(view, Past(name="f", event="rate", what=What.SINCE), user, time)
    assert since == pytest.approx([np.nan, DAY / YEAR, 6 * DAY / YEAR, np.nan], nan_ok=True)


@given(window=st.integers(1, 10), time=st.integers(1, 12))
def test_a_window_forgets(window: int, time: int) -> None:
    from taojin.core.events import Events
    from taojin.data.dataset import Log
    from taojin.features.feature import Ask
    from taojin.features.past import PastNumber

    times = np.array([1, 2, 2, 5, 9])
    events = Events(np.full(5, 2), np.ones(5, np.uint32), np.zeros(5, np.float32), times)
    past = Log.of(np.full(5, 2), events, 3).before(np.array([2]), np.array([time]))
    one = np.array([2])
    from taojin.features.encode import Scale

    column = PastNumber("f", 1, What.COUNT, window, Scale())
    asked = Ask(Requests(one, one, np.array([time]), one.astype(np.uint64), past), None, {})
    assert column.raw(asked).tolist() == [sum(time - window <= t < time for t in times)]


def test_a_window_needs_a_clock() -> None:
    assert Past(name="f", event="rate").needs_clock is False
    assert Past(name="f", event="rate", window=DAY).needs_clock is True
    assert Past(name="f", event="rate", what=What.SINCE).needs_clock is True


def columns(view: TrainView) -> dict[str, Column]:
    fitted: dict[str, Column] = {}
    for spec in (
        Id(name="item"),
        Attribute(name="genres", column="genres", min_count=1),
        Attribute(name="year", column="year"),
        Recent(name="history", event="like", length=3),
        Affinity(name="affinity", event="like", of="genres"),
        Gap(name="gap", event="like", of="year"),
    ):
        fitted[spec.name] = spec.fit(view, fitted)
    return fitted


def test_history_is_newest_last_with_padding_on_the_left(view: TrainView) -> None:
    store = Store(columns(view))
    history = store.read(("history",), requests_of(view, [2, 2, 4], [3 * DAY, 9 * DAY, 9 * DAY]))["history"]
    assert history[:, :, 0].tolist() == [[PAD, PAD, 2], [PAD, 2, 4], [PAD, PAD, PAD]]


def test_a_liked_tag_has_more_affinity_than_another(view: TrainView) -> None:
    store = Store(columns(view))
    requests = requests_of(view, [3], [9 * DAY])
    candidates = Candidates.of(np.array([0, 3]), np.array([2, 3, 5]))
    drama_war, drama, none = store.read(("affinity",), requests, candidates)["affinity"].ravel()
    assert none == 0
    assert np.isfinite([drama_war, drama]).all()
    stranger = store.read(("affinity",), requests_of(view, [4], [9 * DAY]), candidates)["affinity"]
    assert stranger == pytest.approx(0, abs=1e-4)


def test_gap_is_small_near_what_the_user_likes(view: TrainView) -> None:
    store = Store(columns(view))
    candidates = Candidates.of(np.array([0, 2]), np.array([2, 4]))
    near, far = store.read(("gap",), requests_of(view, [3], [9 * DAY]), candidates)["gap"].ravel()
    assert near < far


def test_a_batch_equals_its_requests_one_by_one(view: TrainView) -> None:
    store, names = Store(columns(view)), ("history", "affinity", "gap")
    together = requests_of(view, [2, 3, 4], [9 * DAY, 3 * DAY, 9 * DAY])
    candidates = Candidates.of(np.array([0, 2, 4, 6]), np.array([2, 3, 2, 4, 3, 5]))
    rows = store.read(names, together, candidates)
    for r in range(3):
        one = candidates.where(candidates.request == r)
        alone = Candidates.of(np.array([0, len(one)]), one.item)
        single = store.read(names, together[np.array([r])], alone)
        for name in ("affinity", "gap"):
            assert single[name].tolist() == rows[name][candidates.request == r].tolist()
        assert single["history"].tolist() == rows["history"][[r]].tolist()
