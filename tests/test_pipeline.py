"""The funnel with parts whose answers are known."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.events import Events, no_pasts
from taojin.core.formula import Formula
from taojin.core.stages import StageError
from taojin.core.trace import Trace
from taojin.core.units import Floats
from taojin.data.dataset import Log
from taojin.features.feature import Ask, Category, Form, Level
from taojin.features.store import Store
from taojin.pipeline import STAGES, Pipeline
from taojin.rules.already_seen import NotConsumed
from taojin.rules.blocked import Permitted
from taojin.scene import Cutoffs

ITEMS = 40


@dataclass(frozen=True)
class Row:
    """The candidate's row as a feature."""

    name: str = "row"
    level: Level = Level.CANDIDATE
    form: Form = Category(ITEMS)

    def read(self, ask: Ask) -> np.ndarray:
        return ask.item


@dataclass(frozen=True)
class Ascending:
    """Proposes items upwards from a first one, as far as they are allowed."""

    first: int
    features: tuple[str, ...] = ()

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        allowed = np.ones(ITEMS, bool) if requests.allowed is None else requests.allowed
        items = np.flatnonzero(allowed)
        items = items[items >= self.first][:k]
        n = len(requests)
        score = np.tile(1.0 / items, n)
        return Candidates.proposed("", np.arange(n + 1) * len(items), np.tile(items, n), score)


@dataclass(frozen=True)
class Larger:
    """Likes large rows."""

    features: tuple[str, ...] = ("row",)

    def score(self, rows: Rows) -> dict[str, Floats]:
        return {"like": rows.candidate["row"].astype(np.float32)}


@dataclass(frozen=True)
class Broken:
    """Fails at everything."""

    must: bool = False
    features: tuple[str, ...] = ()

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        raise RuntimeError("out of order")

    def keep(self, requests: Requests, candidates: Candidates, rows: Rows) -> np.ndarray:
        raise RuntimeError("out of order")

    def forbids(self, requests: Requests) -> None:
        return None

    def removes(self, requests: Requests) -> int:
        return 0

    def score(self, rows: Rows) -> dict[str, Floats]:
        raise RuntimeError("out of order")


def pipeline(**changes: object) -> Pipeline:
    plain = Pipeline(
        store=Store({"row": Row()}),
        channels={"low": Ascending(2), "high": Ascending(20)},
        quotas={"low": 5, "high": 3},
        rules={},
        preranker=None,
        ranker=None,
        value=Formula("like"),
        rerankers={},
        cutoffs=Cutoffs(prerank=100, rank=50),
        last_resort=None,
        consumed=1,
        items=ITEMS,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def requests(n: int = 1, places: int = 4, **changes: object) -> Requests:
    zero = np.zeros(n, np.int64)
    plain = Requests(zero + 2, zero, zero + 100, zero.astype(np.uint64), no_pasts(n), n=places)
    return replace(plain, **changes)  # type: ignore[arg-type]


def pasts(items: list[list[int]]) -> object:
    """A past for each request in which these items were consumed."""
    user = np.repeat(np.arange(len(items)), [len(some) for some in items])
    item = np.array([one for some in items for one in some], np.int64)
    n = len(item)
    log = Log.of(user, Events(item, np.ones(n, np.uint32), np.zeros(n, np.float32), np.arange(n)), len(items))
    return log.before(np.arange(len(items)), np.full(len(items), 100))


def test_channels_bring_their_quotas_and_places_are_kept() -> None:
    allowed = pipeline().run(requests())["rules"]
    assert allowed.item.tolist() == [2, 3, 4, 5, 6, 20, 21, 22]
    assert allowed.channels == ("low", "high")
    assert allowed.place[:, 1].tolist() == [0, 0, 0, 0, 0, 1, 2, 3]


def test_a_ranker_decides_the_order_and_cutoffs_grow_with_the_places() -> None:
    funnel = pipeline(ranker=Larger(), cutoffs=Cutoffs(prerank=1, rank=1))
    stages = funnel.run(requests(places=2))
    assert stages["reranking"].item.tolist() == [22, 21]
    assert len(stages["ranking"]) == 4
    assert stages["reranking"].scores["final"].tolist() == [22, 21]


def test_what_was_consumed_is_replaced_by_what_comes_next() -> None:
    funnel = pipeline(rules={"seen": NotConsumed(1, 1 << 62, ITEMS)})
    allowed = funnel.run(requests(past=pasts([[2, 3, 20]])))["rules"]
    assert allowed.item.tolist() == [4, 5, 6, 7, 8, 21, 22, 23]


def test_a_batch_equals_its_requests_one_by_one() -> None:
    funnel = pipeline(rules={"seen": NotConsumed(1, 1 << 62, ITEMS)}, ranker=Larger(), block=2)
    some = [[2, 3, 20], [], list(range(2, 30)), [5], [39]]
    past = pasts(some)
    together = funnel.recommend(requests(5, past=past))
    for r in range(5):
        alone = funnel.recommend(requests(1, past=past[np.array([r])]))
        assert alone.item.tolist() == together.item[together.offsets[r] : together.offsets[r + 1]].tolist()


def test_what_is_never_allowed_is_told_to_retrieval() -> None:
    permitted = np.ones(ITEMS, bool)
    permitted[:8] = False
    funnel = pipeline(rules={"blocked": Permitted(permitted)})
    found = funnel.run(requests(exclude=np.array([9]), allowed=np.arange(ITEMS) % 2 == 1))["retrieval"]
    assert found.item[:5].tolist() == [11, 13, 15, 17, 19]


def test_the_last_resort_fills_up() -> None:
    funnel = pipeline(quotas={"low": 1, "high": 1}, last_resort="low")
    assert len(funnel.recommend(requests(places=10))) == 10
    assert len(pipeline(quotas={"low": 1, "high": 1}).recommend(requests(places=10))) == 2


def test_fewer_come_only_when_the_catalogue_has_no_more() -> None:
    funnel = pipeline(last_resort="low", rules={"seen": NotConsumed(1, 1 << 62, ITEMS)})
    had = list(range(2, ITEMS - 3))
    assert sorted(funnel.recommend(requests(places=10, past=pasts([had]))).item) == [37, 38, 39]


def test_only_some_channels_can_be_asked() -> None:
    assert pipeline().only(("high",)).recommend(requests()).item.tolist() == [20, 21, 22]
    with pytest.raises(ValueError, match="this scene has low, high"):
        pipeline().only(("hihg",))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"channels": {"low": Ascending(2), "high": Broken()}}, "retrieval.high"),
        ({"rules": {"odd": Broken()}}, "rules.odd"),
        ({"preranker": Broken()}, "preranking.model"),
        ({"ranker": Broken()}, "ranking.model"),
    ],
)
def test_a_broken_part_is_left_out_online_and_stops_the_run_offline(broken: dict[str, object], said: str) -> None:
    trace = Trace()
    answer = pipeline(strict=False, **broken).recommend(requests(), trace)
    assert len(answer) == 4
    assert trace.degraded == [said]
    with pytest.raises(StageError, match="out of order"):
        pipeline(**broken).recommend(requests())


def test_a_rule_that_must_hold_never_fails_open() -> None:
    with pytest.raises(StageError):
        pipeline(strict=False, rules={"law": Broken(must=True)}).recommend(requests())


def test_a_value_of_a_task_that_nobody_predicts_is_named() -> None:
    with pytest.raises(StageError, match="no task 'buy'; the ranker predicts like"):
        pipeline(ranker=Larger(), value=Formula("buy")).recommend(requests())


def test_the_trace_tells_every_part_and_what_it_did() -> None:
    trace = Trace()
    pipeline(ranker=Larger()).recommend(requests(), trace)
    assert [step.stage for step in trace.steps if step.stage in STAGES] == [step.stage for step in trace.steps]
    steps = {(step.stage, step.part): step for step in trace.steps}
    assert steps["retrieval", "low"].after == 5
    assert steps["ranking", "model"].before == 8
    assert "retrieval" in trace.table()


@dataclass(frozen=True)
class ClicksAndSkips:
    """Says of each row what is set down for it."""

    features: tuple[str, ...] = ("row",)

    def score(self, rows: Rows) -> dict[str, Floats]:
        click = {2: 0.3, 3: 0.2, 4: 0.5, 20: 0.6, 21: 0.9}
        skip = {2: 0.0, 3: 0.05, 4: 0.75, 20: 0.25, 21: 0.95}
        row = rows.candidate["row"].tolist()
        return {
            "click": np.array([click[one] for one in row], np.float32),
            "skip": np.array([skip[one] for one in row], np.float32),
        }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"click": 1.0}, {21: 0.9, 20: 0.6, 4: 0.5, 2: 0.3, 3: 0.2}),
        ({"click": 1.0, "skip": 1.0}, {21: 1.85, 4: 1.25, 20: 0.85, 2: 0.3, 3: 0.25}),
        ({"click": 1.0, "skip": -1.0}, {20: 0.35, 2: 0.3, 3: 0.15, 21: -0.05, 4: -0.25}),
        ({"click": 2.0, "skip": -1.0}, {20: 0.95, 21: 0.85, 2: 0.6, 3: 0.35, 4: 0.25}),
        ({"skip": -1.0}, {2: 0.0, 3: -0.05, 20: -0.25, 4: -0.75, 21: -0.95}),
        ("click * (1 - skip) ** 2", {20: 0.3375, 2: 0.3, 3: 0.1805, 4: 0.03125, 21: 0.00225}),
    ],
)
@pytest.mark.parametrize("part", ["ranker", "preranker"])
def test_the_value_decides_the_order(part: str, value: dict[str, float] | str, expected: dict[int, float]) -> None:
    formula = Formula(value) if isinstance(value, str) else Formula.weighted(value)
    funnel = pipeline(quotas={"low": 3, "high": 2}, value=formula, **{part: ClicksAndSkips()})
    found = funnel.recommend(requests(places=5))
    assert found.item.tolist() == list(expected)
    assert found.scores["final"] == pytest.approx(list(expected.values()), abs=1e-6)
