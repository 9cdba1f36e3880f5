"""List metrics: values computed by hand, and what must hold for every list."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.evaluation import metrics

# Five places; relevant are the second and the fourth, and two items that are not shown.
HITS = np.array([[False, True, False, True, False]])
RELEVANT = np.array([4])


def test_values_computed_by_hand() -> None:
    assert metrics.precision(HITS, 5)[0] == pytest.approx(2 / 5)
    assert metrics.recall(HITS, RELEVANT, 5)[0] == pytest.approx(2 / 4)
    assert metrics.hit_rate(HITS, 1)[0] == 0
    assert metrics.hit_rate(HITS, 2)[0] == 1
    assert metrics.reciprocal_rank(HITS, 5)[0] == pytest.approx(1 / 2)
    assert metrics.average_precision(HITS, RELEVANT, 5)[0] == pytest.approx((1 / 2 + 2 / 4) / 4)
    gain = 1 / np.log2(3) + 1 / np.log2(5)
    ideal = 1 / np.log2(2) + 1 / np.log2(3) + 1 / np.log2(4) + 1 / np.log2(5)
    assert metrics.ndcg(HITS, RELEVANT, 5)[0] == pytest.approx(gain / ideal)


def test_the_ideal_of_ndcg_is_cut_at_k_and_the_divisor_of_recall_is_not() -> None:
    hits = np.array([[True, True]])
    assert metrics.ndcg(hits, np.array([100]), 2)[0] == pytest.approx(1)
    assert metrics.average_precision(hits, np.array([100]), 2)[0] == pytest.approx(1)
    assert metrics.recall(hits, np.array([100]), 2)[0] == pytest.approx(0.02)


def test_a_list_shorter_than_k_is_judged_as_k_places() -> None:
    short = np.array([[True]])
    assert metrics.precision(short, 10)[0] == pytest.approx(0.1)
    assert metrics.ndcg(short, np.array([2]), 10)[0] == pytest.approx(1 / (1 + 1 / np.log2(3)))


def test_without_a_relevant_item_there_is_no_recall() -> None:
    hits, none = np.zeros((1, 5), np.bool_), np.array([0])
    for metric in (metrics.recall, metrics.ndcg, metrics.average_precision):
        assert np.isnan(metric(hits, none, 5)).all()


def test_hits_are_found_in_the_set_of_the_own_request_only() -> None:
    lists = np.array([[3, 7, 0], [7, 5, 3]])
    hits = metrics.hits(lists, offsets=np.array([0, 1, 3]), item=np.array([3, 5, 7]))
    assert hits.tolist() == [[True, False, False], [True, True, False]]


def test_padding_is_no_hit_even_without_any_relevant_item() -> None:
    assert not metrics.hits(np.zeros((2, 3), np.int64), np.array([0, 0, 0]), np.empty(0, np.int64)).any()


def test_only_ks_that_the_lists_reach_are_reported() -> None:
    values = metrics.per_request(np.arange(2, 22)[None, :], np.array([0, 1]), np.array([21]))
    assert {name.split("@")[1] for name in values} == {"10", "20"}
    assert values["hr@10"][0] == 0
    assert values["hr@20"][0] == 1


@st.composite
def judged_lists(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    hits = np.array([draw(st.lists(st.booleans(), min_size=8, max_size=8)) for _ in range(draw(st.integers(1, 4)))])
    more = np.array([draw(st.integers(0, 5)) for _ in hits])
    return hits, hits.sum(axis=1) + more, draw(st.integers(1, 8))


@settings(deadline=None)
@given(judged_lists())
def test_every_metric_lies_between_0_and_1(case: tuple[np.ndarray, np.ndarray, int]) -> None:
    hits, relevant, k = case
    for values in (
        metrics.precision(hits, k),
        metrics.recall(hits, relevant, k),
        metrics.hit_rate(hits, k),
        metrics.ndcg(hits, relevant, k),
        metrics.reciprocal_rank(hits, k),
        metrics.average_precision(hits, relevant, k),
    ):
        known = values[~np.isnan(values)]
        assert (known >= 0).all()
        assert (known <= 1 + 1e-12).all()


@settings(deadline=None)
@given(judged_lists())
def test_relevant_items_in_front_are_the_best_order(case: tuple[np.ndarray, np.ndarray, int]) -> None:
    hits, relevant, k = case
    front = -np.sort(-hits.astype(int), axis=1) > 0
    for metric in (metrics.ndcg, metrics.average_precision):
        known = relevant > 0
        assert (metric(front, relevant, k)[known] >= metric(hits, relevant, k)[known] - 1e-12).all()


@settings(deadline=None)
@given(judged_lists())
def test_metrics_equal_a_plain_loop(case: tuple[np.ndarray, np.ndarray, int]) -> None:
    hits, relevant, k = case
    for row, count in zip(hits, relevant, strict=True):
        if count == 0:
            continue
        one, total = row[None, :], np.array([count])
        found = [place for place, hit in enumerate(row[:k], start=1) if hit]
        ideal = sum(1 / np.log2(place + 1) for place in range(1, min(k, count) + 1))
        assert metrics.ndcg(one, total, k)[0] == pytest.approx(sum(1 / np.log2(p + 1) for p in found) / ideal)
        precisions = [sum(q <= p for q in found) / p for p in found]
        assert metrics.average_precision(one, total, k)[0] == pytest.approx(sum(precisions) / min(k, count))
        assert metrics.reciprocal_rank(one, k)[0] == pytest.approx(1 / found[0] if found else 0)
