"""Calibrated probabilities mean what they say, and keep their order."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taojin.bundle.save import Leaves
from taojin.core.auc import auc
from taojin.core.batch import Rows
from taojin.core.curves import Steps
from taojin.core.spec import decode, encode
from taojin.evaluation.ranking_metrics import calibration_error
from taojin.nn.samples import Samples
from taojin.ranking.calibrated import CalibratedModel
from taojin.ranking.calibration import CalibratedRanker
from taojin.ranking.lesson import Lesson

N = 20_000
METHODS = pytest.mark.parametrize("method", ["isotonic", "logistic"])


@dataclass(frozen=True)
class Says:
    """A ranker that says what stands in the rows."""

    features: tuple[str, ...] = ("said",)
    embeddings: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()

    def check(self, *_):
        """Anything goes."""

    def fit(self, *_, **__):
        return self

    def score(self, rows: Rows):
        return {"click": rows.candidate["said"], "like": rows.candidate["said"] ** 2}


def samples(seed: int) -> Samples:
    """True odds are a tenth of the odds said."""
    random = np.random.default_rng(seed)
    said = random.random(N).astype(np.float32) * 0.98 + 0.01
    odds = said / (1 - said) / 10
    clicks = random.random(N) < odds / (1 + odds)
    labels = np.stack([clicks, clicks], axis=1).astype(np.float32)
    labels[::7, 1] = np.nan
    rows = Rows({}, {"said": said}, np.zeros(N, np.int64))
    return Samples(rows, labels, ("click", "like"), np.zeros(N, np.uint8), np.ones(N, np.float32))


def fit(spec: CalibratedModel, valid: Samples) -> CalibratedRanker:
    return spec.fit(Lesson(valid, valid, {}))


@METHODS
def test_probabilities_of_other_rows_are_right_and_their_order_stays(method: str) -> None:
    ranker, fresh = fit(CalibratedModel(model=Says(), method=method), samples(0)), samples(1)
    assert ranker.features == ("said",)
    before, after = Says().score(fresh.rows), ranker.score(fresh.rows)
    for place, task in enumerate(fresh.tasks):
        known = ~np.isnan(fresh.labels[:, place])
        label = fresh.labels[known, place]
        assert calibration_error(label, before[task][known]) > 0.1
        assert calibration_error(label, after[task][known]) < 0.02
        assert after[task].dtype == np.float32
        assert auc(label, after[task][known]) == pytest.approx(auc(label, before[task][known]), abs=2e-3)
        assert (np.diff(after[task][np.argsort(before[task])].astype(np.float64)) >= 0).all()


@METHODS
def test_shares_are_met_by_their_mean(method: str) -> None:
    drawn = samples(0)
    said = drawn.rows.candidate["said"]
    shares = np.repeat((0.1 + 0.5 * said)[:, None], 2, axis=1)  # such as how much of a video was watched
    rows = replace(drawn, labels=shares)
    found = fit(CalibratedModel(model=Says(), method=method), rows).score(rows.rows)["click"]
    assert np.abs(found - shares[:, 0]).mean() < 0.05 and np.mean(found) == pytest.approx(np.mean(shares), abs=0.01)


@METHODS
def test_weighted_rows_keep_the_odds_of_what_they_are_worth(method: str) -> None:
    """A click counts as many times as it is worth: the odds are the expected worth (Covington et al., 2016)."""
    random = np.random.default_rng(0)
    worth = random.exponential(2.0, N).astype(np.float32)
    rows = replace(samples(0), weight=np.ones(N, np.float32))
    rows.labels[:] = (random.random(N) < 0.2)[:, None]
    rows = replace(rows, weight=np.where(rows.labels[:, 0] == 1, worth, 1).astype(np.float32))
    found = fit(CalibratedModel(model=Says(), method=method), rows).score(rows.rows)["click"].mean()
    expected = float((rows.labels[:, 0] * worth).sum() / (rows.labels[:, 0] == 0).sum())
    assert found / (1 - found) == pytest.approx(expected, rel=0.05)
    assert calibration_error(rows.labels[:, 0], np.full(N, found), rows.weight) < 0.02


def test_curves_are_those_of_what_is_served() -> None:
    valid, served = samples(0), samples(0)
    served.rows.candidate["said"][:] = served.rows.candidate["said"] ** 2  # it knows less, and says less
    spec = CalibratedModel(model=Says())
    found = spec.fit(Lesson(valid, valid, {}, served=served)).score(served.rows)["click"]
    assert calibration_error(served.labels[:, 0], found) < 0.02
    assert calibration_error(served.labels[:, 0], fit(spec, valid).score(served.rows)["click"]) > 0.03


@METHODS
def test_its_curves_stand_in_a_bundle(method: str, tmp_path: Path) -> None:
    ranker = fit(CalibratedModel(model=Says(), method=method), samples(0))
    (tmp_path / "arrays").mkdir()
    leaves = Leaves(tmp_path)
    data = encode(ranker.curves, leaves.write)
    curves = decode(data, lambda leaf: np.load(tmp_path / "arrays" / leaf["array"]))
    again = replace(ranker, curves=curves)
    for task, values in ranker.score(samples(2).rows).items():
        np.testing.assert_array_equal(again.score(samples(2).rows)[task], values)


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30))
def test_the_order_never_turns(said: list[float]) -> None:
    flat = Steps(at=np.array([0, 0.5, 1], np.float32), probability=np.array([0.1, 0.1, 0.4], np.float32))
    rows = Rows({}, {"said": np.array(said, np.float32)}, np.zeros(len(said), np.int64))
    found = CalibratedRanker(Says(), {"click": flat, "like": flat}).score(rows)["click"]
    assert (np.diff(found[np.argsort(said, kind="stable")]) >= 0).all()
    assert found.min() >= 0 and found.max() <= 1


def test_a_task_of_one_class_is_refused_by_name() -> None:
    valid = samples(0)
    valid.labels[:, 1] = 0
    with pytest.raises(ValueError, match=r"calibration of 'like': expected validation rows.*got 0 of 20,000"):
        fit(CalibratedModel(model=Says()), valid)
    valid.labels[:, 1] = np.nan
    with pytest.raises(ValueError, match=r"calibration of 'like'.*got 0 of 0"):
        fit(CalibratedModel(model=Says()), valid)
    with pytest.raises(ValueError, match=r"CalibratedModel.method: expected 'isotonic' or 'logistic'; got 'beta'"):
        CalibratedModel(model=Says(), method="beta")
