"""Calendar, context, crosses, and what channels say."""

import numpy as np
import pytest

from taojin.core.batch import Candidates, Requests, merge
from taojin.core.events import no_pasts
from taojin.core.units import DAY, FIRST, HOUR, UNKNOWN
from taojin.data.dataset import TrainView
from taojin.features.attributes import Attribute, Id
from taojin.features.moment import Calendar, Context, Cross, Part, Proposal
from taojin.features.store import Store


def requests_at(time: list[int], **context: np.ndarray) -> Requests:
    zero = np.zeros(len(time), np.int64)
    return Requests(zero + 2, zero, np.array(time), zero.astype(np.uint64), no_pasts(len(time)), context)


def test_the_calendar_starts_on_a_thursday_in_1970() -> None:
    store = Store({"h": Calendar(name="h"), "w": Calendar(name="w", part=Part.WEEKDAY)})
    rows = store.read(("h", "w"), requests_at([0, 5 * HOUR, 4 * DAY, -HOUR]))
    assert (rows["h"] - FIRST).tolist() == [0, 5, 0, 23]
    assert (rows["w"] - FIRST).tolist() == [3, 3, 0, 2]


def test_context_is_one_of_the_declared_words() -> None:
    store = Store({"d": Context(name="d", key="device", words=("phone", "tv"))})
    said = store.read(("d",), requests_at([0, 0, 0], device=np.array(["tv", "phone", "fridge"])))["d"]
    assert said.tolist() == [3, 2, UNKNOWN]
    assert store.read(("d",), requests_at([0]))["d"].tolist() == [UNKNOWN]


def test_a_proposal_tells_place_and_relative_score() -> None:
    a = Candidates.proposed("a", np.array([0, 2]), np.array([5, 3]), np.array([4.0, 2.0]))
    b = Candidates.proposed("b", np.array([0, 1]), np.array([7]), np.array([1.0]))
    store = Store({"a": Proposal(name="a", channel="a"), "c": Proposal(name="c", channel="c")})
    rows = store.read(("a", "c"), requests_at([0]), merge([a, b], 1))
    assert rows["a"] == pytest.approx(np.array([[1 / np.log2(3), 0.5], [1, 1], [0, 0]]))
    assert not rows["c"].any()


def test_a_cross_tells_pairs_apart_and_takes_the_finest_level(view: TrainView) -> None:
    fitted = {"item": Id(name="item").fit(view, {})}
    fitted["gender"] = Attribute(name="gender", column="gender", entity="user", min_count=1).fit(view, {})
    cross = Cross(name="x", of=("gender", "item"), size=1000).fit(view, fitted)
    store = Store({**fitted, "x": cross})
    candidates = Candidates.of(np.array([0, 2, 4]), np.array([2, 3, 2, 3]))
    requests = requests_at([0, 0])
    object.__setattr__(requests, "user", np.array([2, 3]))
    codes = store.read(("x",), requests, candidates)["x"]
    assert len(set(codes.tolist())) == 4
    assert ((codes >= FIRST) & (codes < 1000)).all()


def test_a_cross_of_what_is_not_declared_is_refused(view: TrainView) -> None:
    with pytest.raises(ValueError, match="'gender' must be declared before"):
        Cross(name="x", of=("gender",)).fit(view, {})
