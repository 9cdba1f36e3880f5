"""Metrics of predictions: pair counting, scikit-learn's conventions, calibration by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.core.auc import auc
from taojin.evaluation import ranking_metrics as rm


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(2, 30))
    labels = np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)), np.float32)
    # Few different scores, so that ties are frequent.
    scores = np.array(draw(st.lists(st.integers(0, 6), min_size=n, max_size=n)), np.float32) / 8
    return labels, scores


def pairs(labels: np.ndarray, scores: np.ndarray) -> float:
    ahead = [(p > n) + 0.5 * (p == n) for p in scores[labels == 1] for n in scores[labels == 0]]
    return float(np.mean(ahead)) if ahead else float("nan")


@settings(deadline=None)
@given(predictions())
def test_auc_equals_counting_pairs(case: tuple[np.ndarray, np.ndarray]) -> None:
    assert auc(*case) == pytest.approx(pairs(*case), nan_ok=True)


@settings(deadline=None)
@given(predictions())
def test_auc_does_not_change_under_a_rising_map_and_turns_over_with_the_labels(
    case: tuple[np.ndarray, np.ndarray],
) -> None:
    labels, scores = case
    assert auc(labels, np.exp(3 * scores) - 7) == pytest.approx(auc(labels, scores), nan_ok=True)
    assert auc(1 - labels, scores) == pytest.approx(1 - auc(labels, scores), nan_ok=True)


@settings(deadline=None)
@given(predictions(), st.integers(0, 100))
def test_gauc_equals_a_loop_over_users(case: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    labels, scores = case
    user = np.random.default_rng(seed).integers(5, 9, len(labels))
    values = {u: pairs(labels[user == u], scores[user == u]) for u in set(user)}
    judged = {u: value for u, value in values.items() if not np.isnan(value)}
    weight = {u: int((user == u).sum()) for u in judged}
    expected = sum(weight[u] * judged[u] for u in judged) / sum(weight.values()) if judged else float("nan")
    assert rm.gauc(labels, scores, user) == pytest.approx(expected, nan_ok=True)


@settings(deadline=None)
@given(predictions())
def test_pr_auc_equals_a_loop_over_thresholds(case: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = case
    if not labels.any():
        assert np.isnan(rm.pr_auc(labels, scores))
        return
    area, recalled = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        taken = labels[scores >= threshold]
        area += (taken.sum() / labels.sum() - recalled) * taken.mean()
        recalled = taken.sum() / labels.sum()
    assert rm.pr_auc(labels, scores) == pytest.approx(area)


def test_one_label_alone_has_no_auc() -> None:
    assert np.isnan(auc(np.ones(3), np.arange(3.0)))
    assert np.isnan(auc(np.empty(0), np.empty(0)))
    assert np.isnan(rm.gauc(np.empty(0), np.empty(0), np.empty(0, np.int64)))


def test_logloss_by_hand_and_finite_at_certainty() -> None:
    assert rm.logloss(np.array([1, 0]), np.array([0.8, 0.4])) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)
    assert rm.logloss(np.array([1.0]), np.array([0.0], np.float32)) == pytest.approx(-np.log(1e-7))


def test_calibration_error_by_hand() -> None:
    labels = np.array([1, 0, 0, 1, 1])
    probabilities = np.array([0.1, 0.1, 0.1, 0.9, 0.9])
    # Bin of 0.1: mean label 1/3 over three rows; bin of 0.9: mean label 1 over two.
    assert rm.calibration_error(labels, probabilities, bins=10) == pytest.approx(
        3 / 5 * abs(1 / 3 - 0.1) + 2 / 5 * abs(1 - 0.9)
    )


def test_a_calibrated_prediction_has_no_error() -> None:
    labels = np.tile([1, 0, 0, 0], 100)
    assert rm.calibration_error(labels, np.full(400, 0.25)) == pytest.approx(0)
    assert rm.calibration_error(np.ones(3), np.ones(3)) == 0
