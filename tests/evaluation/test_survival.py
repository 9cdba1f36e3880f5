"""What light models let through of the ranker's best: against shares that a loop over requests counts."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from taojin.core.batch import Requests, Rows
from taojin.core.events import Events
from taojin.core.formula import Formula
from taojin.core.progress import Silent
from taojin.core.units import Floats
from taojin.data.dataset import Log
from taojin.evaluation import survival
from taojin.evaluation.survival import RANDOM, Survivals, survivals
from taojin.pipeline import Pipeline
from taojin.rules.already_seen import NotConsumed
from tests.test_pipeline import ITEMS, Ascending, Broken, Larger, pipeline, requests

SEEN = NotConsumed(1, 1 << 62, ITEMS)
EVERYTHING = list(range(2, ITEMS))


@dataclass(frozen=True)
class Likes:
    """Says of each row what a table holds, task by task."""

    said: Mapping[str, Floats]
    features: tuple[str, ...] = ("row",)

    def score(self, rows: Rows) -> dict[str, Floats]:
        return {task: table[rows.candidate["row"]] for task, table in self.said.items()}


def likes(**said: list[float] | Floats) -> Likes:
    return Likes({task: np.array(values, np.float32) for task, values in said.items()})


SMALLER = likes(like=-np.arange(ITEMS))
"""Likes small rows: the ranker's order upside down."""
EVEN = likes(like=np.arange(ITEMS) % 2 == 0)
"""Likes even rows, all of them the same."""


def few(*items: int, **changes: object) -> Pipeline:
    """A scene that proposes these rows, and whose ranker likes large ones."""
    allowed = np.zeros(ITEMS, bool)
    allowed[list(items)] = True
    plain = pipeline(
        channels={"all": Ascending(2)}, quotas={"all": ITEMS}, rules={"seen": SEEN}, ranker=Larger(), **changes
    )
    return replace(plain, rules={"seen": SEEN, "only": OnlyThese(allowed)})


@dataclass(frozen=True)
class OnlyThese:
    """Removes all other rows."""

    allowed: np.ndarray
    must: bool = False
    features: tuple[str, ...] = ()

    def keep(self, requests: Requests, candidates: object, rows: Rows) -> np.ndarray:
        return self.allowed[candidates.item]  # type: ignore[attr-defined]

    def forbids(self, requests: Requests) -> np.ndarray:
        return ~self.allowed

    def removes(self, requests: Requests) -> int:
        return 0


def asked_by(*had: list[int]) -> Requests:
    """A request each of users who have had these rows."""
    users, item = np.arange(len(had)), np.array([one for some in had for one in some], np.int64)
    zero = np.zeros(len(item), np.int64)
    events = Events(item, zero.astype(np.uint32) + 1, zero.astype(np.float32), zero)
    log = Log.of(np.repeat(users, [len(some) for some in had]), events, len(had))
    return requests(len(had), past=log.before(users, users + 100))


def measure(scene: Pipeline, asked: Requests, models: Mapping, *cutoffs: int, top: int = 20) -> Survivals:
    return survivals(scene, models, asked, cutoffs=cutoffs, top=top, seed=0, progress=Silent())


def test_shares_are_those_that_are_counted_by_hand() -> None:
    # The three best are 9, 8, 7 of the first request, and 9, 5, 4 of the second, which has had 7 and 8.
    scene, asked = few(3, 4, 5, 7, 8, 9), asked_by([], [7, 8])
    found = measure(scene, asked, {"smaller": SMALLER, "even": EVEN}, 1, 2, 3, 4, 6, top=3)
    # Small first: 3 4 5 7 8 9, and 3 4 5 9.
    assert found.models["smaller"].share == pytest.approx(
        [0, (0 / 3 + 1 / 3) / 2, (0 / 3 + 2 / 3) / 2, (1 / 3 + 3 / 3) / 2, 1]
    )
    # Even first, and of the same the smaller row first: 4 8 3 5 7 9, and 4 3 5 9.
    assert found.models["even"].share == pytest.approx(
        [(0 / 3 + 1 / 3) / 2, (1 / 3 + 1 / 3) / 2, (1 / 3 + 2 / 3) / 2, (1 / 3 + 3 / 3) / 2, 1]
    )
    assert (found.cutoffs, found.top, found.requests, found.candidates) == ((1, 2, 3, 4, 6), 3, 2, 5.0)


def test_the_ranker_itself_lets_all_of_its_best_through() -> None:
    share = measure(few(3, 4, 5, 7, 8, 9), requests(1), {"ranker": Larger()}, 1, 2, 3, 5, top=3).models["ranker"].share
    assert share == pytest.approx([1 / 3, 2 / 3, 1, 1])


def test_errors_are_those_of_means_over_requests() -> None:
    asked = asked_by([], [7, 8], [9])
    found = measure(few(3, 4, 5, 7, 8, 9), asked, {"smaller": SMALLER}, 4, top=3).models["smaller"]
    each = [1 / 3, 3 / 3, 2 / 3]  # 7 of 9 8 7; 4 5 9 of 9 5 4; 5 7 of 8 7 5
    assert found.share == pytest.approx([np.mean(each)])
    assert found.deviation == pytest.approx([np.std(each) / 3**0.5])


def test_requests_without_candidates_do_not_count() -> None:
    scene, models = few(3, 4, 5, 7, 8, 9), {"smaller": SMALLER}
    some, gaps = [[], [7, 8], [9]], [[], EVERYTHING, [7, 8], EVERYTHING, [9]]
    found = measure(scene, asked_by(*gaps), models, 2, 4, top=3)
    expected = measure(scene, asked_by(*some), models, 2, 4, top=3)
    assert np.array_equal(found.models["smaller"].share, expected.models["smaller"].share)
    assert np.array_equal(found.models["smaller"].deviation, expected.models["smaller"].deviation)
    assert found.candidates == pytest.approx((6 + 4 + 5) / 5)


def test_whoever_has_fewer_candidates_than_are_looked_for_keeps_them_all() -> None:
    found = measure(few(3, 4, 5), requests(1), {"smaller": SMALLER}, 1, 3, 50, top=20)
    assert found.models["smaller"].share == pytest.approx([1 / 3, 1, 1])


def test_what_counts_is_the_value_over_all_tasks() -> None:
    value = Formula("like - 2 * hate")
    ranker = likes(like=np.arange(ITEMS), hate=np.where(np.arange(ITEMS) == 9, 100, 0))
    light = likes(like=np.zeros(ITEMS), hate=np.arange(ITEMS))
    scene = replace(few(3, 4, 5, 7, 8, 9), ranker=ranker, value=value)
    found = measure(scene, requests(1), {"light": light}, 2, 5, 6, top=2)
    # The ranker's best are 8 and 7, since 9 is hated; the light one has 3 4 5 7 8 9.
    assert found.models["light"].share == pytest.approx([0, 1, 1])


@pytest.mark.parametrize("block", [1, 2, 3])
def test_blocks_of_requests_change_nothing(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scene, asked = few(*range(3, 30)), asked_by(*(list(range(3, 3 + n)) for n in range(7)))
    whole = measure(scene, asked, {"even": EVEN}, 2, 4, 9, top=5)
    monkeypatch.setattr(survival, "BLOCK", block)
    parts = measure(scene, asked, {"even": EVEN}, 2, 4, 9, top=5)
    assert np.array_equal(whole.models["even"].share, parts.models["even"].share)
    assert np.array_equal(whole.models["even"].deviation, parts.models["even"].deviation)
    assert whole.candidates == parts.candidates


def test_shares_are_those_of_a_loop_over_requests() -> None:
    random = np.random.default_rng(0)
    ranker, light = (likes(like=random.integers(0, 9, ITEMS)) for _ in range(2))
    had = [sorted(random.choice(EVERYTHING, random.integers(0, 37), replace=False).tolist()) for _ in range(80)]
    scene = replace(few(*EVERYTHING), ranker=ranker)
    found = measure(scene, asked_by(*had), {"light": light}, 3, 8, 20, top=6).models["light"].share
    for at, k in enumerate((3, 8, 20)):
        lefts = [[item for item in EVERYTHING if item not in some] for some in had]
        shares = []
        for left in lefts:
            best = set(in_order(ranker, left)[:6])
            shares.append(len(best.intersection(in_order(light, left)[:k])) / len(best))
        assert found[at] == pytest.approx(np.mean(shares))


def in_order(model: Likes, items: list[int]) -> list[int]:
    """Best first, of the same the smaller row."""
    return sorted(items, key=lambda item: (-model.said["like"][item], item))


def test_a_random_order_lets_through_as_much_as_it_has_places() -> None:
    n = 30
    found = measure(few(*range(3, 3 + n)), requests(600), {}, 3, 10, 20, 30, top=8)
    assert list(found.models) == [RANDOM]
    chance = found.models[RANDOM]
    expected = np.array([3, 10, 20, 30]) / n
    assert (np.abs(chance.share - expected) <= 4 * chance.deviation).all()
    assert (chance.deviation[:3] < 0.01).all() and chance.share[3] == 1
    assert np.isnan(chance.microseconds)


def test_the_same_seed_draws_the_same_order() -> None:
    scene, asked = few(*range(3, 30)), requests(5)
    first, again = (measure(scene, asked, {}, 5).models[RANDOM].share for _ in range(2))
    other = survivals(scene, {}, asked, cutoffs=(5,), seed=1, progress=Silent()).models[RANDOM].share
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_the_scenes_own_light_model_and_what_follows_the_ranker_are_passed_over() -> None:
    scene = few(3, 4, 5, 7, 8, 9)
    expected = measure(scene, requests(2), {"even": EVEN}, 2, 4, top=3)
    broken = replace(scene, preranker=Broken(), rerankers={"odd": Broken()})
    found = measure(broken, requests(2), {"even": EVEN}, 2, 4, top=3)
    assert np.array_equal(found.models["even"].share, expected.models["even"].share)


def test_a_scene_without_a_ranker_has_no_best() -> None:
    for changes in ({"ranker": None}, {"value": None}):
        with pytest.raises(ValueError, match="survival: the scene has no ranker whose best could be looked for"):
            measure(replace(few(3, 4), **changes), requests(1), {"even": EVEN}, 1)


def test_it_is_told_as_plain_data() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = measure(few(3, 4, 5, 7, 8, 9), requests(2), {"smaller": SMALLER}, 2, 4, top=3).to_json()
    assert isinstance(told["models"]["smaller"].pop("microseconds"), float)
    assert told["models"]["smaller"] == {"survive": {"2": 0.0, "4": 0.3333}, "error": {"2": 0.0, "4": 0.0}}
    assert told["models"][RANDOM]["microseconds"] is None
    assert {name: told[name] for name in ("top", "requests", "candidates")} == {
        "top": 3, "requests": 2, "candidates": 6.0,
    }  # fmt: skip


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="survival: nothing to compare; none of 0 requests has a candidate"):
        measure(few(3, 4, 5), requests(0), {}, 3)
