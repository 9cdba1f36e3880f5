"""A ranker's quality by kind of negative."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from taojin.core.batch import Rows
from taojin.core.units import Floats
from taojin.evaluation import ranker
from taojin.evaluation.ranker import JudgedRows, predict, ranking_quality
from taojin.nn.samples import Origin, Samples


@dataclass(frozen=True)
class Echo:
    """Predicts a feature of the candidate plus one of the request."""

    features: tuple[str, ...] = ("x", "bias")

    def score(self, rows: Rows) -> dict[str, Floats]:
        return {"like": rows.candidate["x"] + rows.spread("bias")}


def judged(labels: list[list[float]], origin: list[Origin], x: list[float], of: list[int]) -> JudgedRows:
    n, tasks = len(x), tuple(("like", "buy")[: len(labels[0])])
    rows = Rows({"bias": np.zeros(max(of) + 1, np.float32)}, {"x": np.array(x, np.float32)}, np.array(of))
    samples = Samples(rows, np.array(labels, np.float32), tasks, np.array(origin, np.uint8), np.ones(n, np.float32))
    return JudgedRows(samples, user=np.array(of) + 2, item=np.arange(n) + 2)


def test_each_kind_of_negative_is_compared_with_all_positives() -> None:
    rows = judged(
        labels=[[1], [1], [0], [0], [0]],
        origin=[Origin.EXPOSED, Origin.EXPOSED, Origin.EXPOSED, Origin.RANDOM, Origin.PROPOSED],
        x=[0.5, 0.7, 0.6, 0.1, 0.9],
        of=[0, 0, 0, 0, 0],
    )
    found = ranking_quality(rows, predict(Echo(), rows.samples.rows))["like"]
    aucs = {kind: metrics["auc"] for kind, metrics in found.items()}
    assert aucs == pytest.approx({"all": 3 / 6, "exposed": 1 / 2, "random": 1.0, "proposed": 0.0})
    assert {kind: metrics["rows"] for kind, metrics in found.items()} == {
        "all": 5, "exposed": 3, "random": 3, "proposed": 3,
    }  # fmt: skip


def test_a_positive_that_the_channels_proposed_is_no_negative() -> None:
    rows = judged([[1], [0]], [Origin.PROPOSED, Origin.PROPOSED], [0.5, 0.7], [0, 0])
    found = ranking_quality(rows, predict(Echo(), rows.samples.rows))["like"]
    assert set(found) == {"all", "proposed"}
    assert found["proposed"]["positives"] == 1


def test_rows_without_a_label_of_the_task_are_left_out() -> None:
    rows = judged([[1, np.nan], [0, 1], [1, 0]], [Origin.EXPOSED] * 3, [0.9, 0.2, 0.4], [0, 0, 0])
    found = ranking_quality(rows, {"buy": np.array([0.9, 0.2, 0.4], np.float32)})
    assert found["buy"]["all"]["rows"] == 2
    assert found["buy"]["all"]["auc"] == 0


def test_predictions_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    of = np.sort(random.integers(0, 40, 500))
    rows = Rows({"bias": random.random(40, np.float32)}, {"x": random.random(500, np.float32)}, of)
    whole = predict(Echo(), rows)["like"]
    assert whole == pytest.approx(rows.candidate["x"] + rows.request["bias"][of])
    monkeypatch.setattr(ranker, "BLOCK", 33)
    assert (predict(Echo(), rows)["like"] == whole).all()
    shuffled = replace(rows, of=of[::-1].copy())
    assert predict(Echo(), shuffled)["like"] == pytest.approx(rows.candidate["x"] + rows.request["bias"][of[::-1]])


def test_no_rows_give_no_prediction() -> None:
    rows = Rows({"bias": np.zeros(0, np.float32)}, {"x": np.zeros(0, np.float32)}, np.empty(0, np.int64))
    assert predict(Echo(), rows) == {}
