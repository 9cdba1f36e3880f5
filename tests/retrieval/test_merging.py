"""Merging: against loops over requests, and what holds for any proposals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from taojin.core.batch import Candidates, merge
from taojin.core.curve_fit import curve
from taojin.core.curves import Sigmoid, Steps
from taojin.retrieval.calibration import Calibration
from taojin.retrieval.serve.merging import By, Calibrated, ReciprocalRank, Snake

CURVES = {
    "a": Steps(at=np.array([0.0, 1.0], np.float32), probability=np.array([0.0, 0.5], np.float32)),
    "b": Sigmoid(slope=2.0, bias=-1.0),
    "c": Steps(at=np.array([0.3], np.float32), probability=np.array([0.2], np.float32)),
}
MERGES = {
    "reciprocal": ReciprocalRank(),
    "snake": Snake(),
    "calibrated": Calibrated(curves=CURVES),
    "calibrated_by_place": Calibrated(curves=CURVES, by=By.PLACE),
}

lists = st.lists(st.integers(2, 12), unique=True, max_size=8)
requests = st.lists(st.fixed_dictionaries({"a": lists, "b": lists, "c": lists}), min_size=1, max_size=4)


def proposals(asked: list[dict[str, list[int]]]) -> Candidates:
    """What three channels propose, best first, with scores that fall along each list."""
    found = []
    for channel in ("a", "b", "c"):
        each = [request[channel] for request in asked]
        offsets = np.cumsum([0, *map(len, each)])
        item = np.array([item for items in each for item in items], np.int64)
        score = np.concatenate([np.empty(0), *(1 / (1 + np.arange(len(items))) for items in each)])
        found.append(Candidates.proposed(channel, offsets, item, score))
    return merge(found, len(asked))


def order(candidates: Candidates, how: object) -> list[list[int]]:
    ranked = candidates.with_score("merged", how.score(candidates)).top(10**6, "merged")
    return [part.tolist() for part in np.split(ranked.item, ranked.offsets[1:-1])]


@pytest.mark.parametrize("how", MERGES.values(), ids=MERGES)
@settings(max_examples=30, deadline=None)
@given(asked=requests)
def test_every_item_comes_once_and_a_request_does_not_depend_on_the_others(how, asked):
    together = order(proposals(asked), how)
    for request, found in zip(asked, together, strict=True):
        assert sorted(found) == sorted({item for items in request.values() for item in items})
        assert order(proposals([request]), how) == [found]


@pytest.mark.parametrize("how", MERGES.values(), ids=MERGES)
@settings(max_examples=30, deadline=None)
@given(items=lists)
def test_of_one_channel_the_order_stays(how, items):
    alone = proposals([{"a": items, "b": [], "c": []}])
    assert order(alone, how) == [items]


@settings(max_examples=30, deadline=None)
@given(asked=requests)
def test_reciprocal_rank_is_the_sum_of_a_loop(asked):
    candidates = proposals(asked)
    expected = [
        sum(1 / (61 + asked[r][c].index(i)) for c in "abc" if i in asked[r][c])
        for r, i in zip(candidates.request, candidates.item, strict=True)
    ]
    np.testing.assert_allclose(ReciprocalRank().score(candidates), expected, rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(asked=requests)
def test_a_snake_is_a_draft_that_turns_round(asked):
    for request, found in zip(asked, order(proposals(asked), Snake()), strict=True):
        drafted: list[int] = []
        for turn in range(8):
            for channel in "abc" if turn % 2 == 0 else "cba":
                drafted += [item for item in request[channel][turn : turn + 1] if item not in drafted]
        assert found == drafted


def test_calibrated_candidates_are_wrong_only_if_all_their_channels_are():
    candidates = proposals([{"a": [5, 6], "b": [6], "c": []}])
    score = dict(zip(candidates.item.tolist(), MERGES["calibrated"].score(candidates).tolist(), strict=True))
    assert score[5] == pytest.approx(0.5, abs=1e-4)
    assert score[6] == pytest.approx(1 - (1 - 0.25) * (1 - 1 / (1 + np.exp(-1))), abs=1e-4)


def test_a_channel_without_a_curve_is_named():
    with pytest.raises(ValueError, match="channel 'c' was not calibrated; there are a, b"):
        Calibrated(curves={"a": CURVES["a"], "b": CURVES["b"]}).score(proposals([{"a": [2], "b": [], "c": []}]))


@settings(max_examples=30, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=40))
def test_isotonic_rises_and_has_the_least_squares(pairs):
    quantity, relevant = np.array(pairs, np.float64).T
    found = curve("isotonic", quantity, relevant)
    assert (np.diff(found.at) > 0).all()
    assert (np.diff(found.probability) >= 0).all()
    at, which, count = np.unique(quantity, return_inverse=True, return_counts=True)
    best = isotonic_regression(np.bincount(which, relevant) / count, weights=count).x
    np.testing.assert_allclose(found(at), best, atol=1e-6)


def test_logistic_finds_the_curve_that_drew_the_labels():
    random = np.random.default_rng(0)
    quantity = 40 + 5 * random.normal(size=20_000)
    chance = 1 / (1 + np.exp(-(0.3 * quantity - 13)))
    found = curve("logistic", quantity, (random.random(20_000) < chance).astype(np.float64))
    assert np.abs(found(quantity) - chance).max() < 0.03


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_labels_that_are_all_alike_give_a_flat_finite_curve(label):
    for method in ("isotonic", "logistic"):
        found = curve(method, np.arange(5.0), np.full(5, label))(np.array([-1e9, 0, 1e9]))
        assert np.isfinite(found).all()
        assert np.ptp(found) < 0.35


def planted(requests: int = 400) -> tuple[Candidates, np.ndarray]:
    """Channel `good` is right nine times in ten at its first places; `bad` hardly ever, though it scores higher."""
    random = np.random.default_rng(0)
    good, bad = (np.stack([random.permutation(np.arange(low, low + 20)) for _ in range(requests)]) for low in (2, 30))
    offsets = np.arange(requests + 1) * 20
    found = [
        Candidates.proposed("bad", offsets, bad.ravel(), np.tile(100.0 - np.arange(20), requests)),
        Candidates.proposed("good", offsets, good.ravel(), np.tile(1 - np.arange(20) / 20, requests)),
    ]
    candidates = merge(found, requests)
    place = candidates.place.max(axis=1)
    chance = np.where(candidates.place[:, 1] > 0, 0.9 * (place <= 5), 0.02)
    return candidates, random.random(len(candidates)) < chance


@pytest.mark.parametrize("method", ["isotonic", "logistic"])
@pytest.mark.parametrize("by", list(By))
def test_a_calibrated_merge_trusts_the_channel_that_was_right(method, by):
    candidates, relevant = planted()

    def precision(how: object) -> float:
        ranked = replace(candidates, scores={"hit": relevant.astype(np.float32)})
        ranked = ranked.with_score("merged", how.score(candidates)).top(5, "merged")
        return float(ranked.scores["hit"].mean())

    learned = Calibration(method=method, by=by).fit(candidates, relevant)
    assert precision(learned) > 0.85
    assert precision(ReciprocalRank()) < 0.6
    assert precision(Snake()) < 0.6


def test_calibration_says_what_is_wrong():
    with pytest.raises(ValueError, match=r"Calibration.method: expected 'isotonic' or 'logistic'; got 'isotonik'"):
        Calibration(method="isotonik")
    with pytest.raises(ValueError, match="by='rank'; expected one of score, place"):
        Calibration(by="rank")
    candidates, relevant = planted(2)
    with pytest.raises(ValueError, match="none of the channels' candidates is relevant"):
        Calibration().fit(candidates, relevant & False)


def test_a_channel_that_brought_nothing_counts_nothing():
    candidates = proposals([{"a": [2, 3], "b": [], "c": []}] * 3)
    learned = Calibration().fit(candidates, candidates.item == 2)
    assert learned.score(proposals([{"a": [], "b": [4], "c": []}]))[0] < 1e-4
