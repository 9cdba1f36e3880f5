"""Beyond accuracy: values computed by hand, and the extremes."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.evaluation import beyond
from taojin.evaluation.beyond import ItemSets

COUNTS = np.array([0, 0, 8, 4, 4, 0])


def test_coverage_counts_each_shown_item_once_and_leaves_reserved_rows_out() -> None:
    shown = beyond.exposures(np.array([[2, 3, 0], [2, 0, 0]]), items=6)
    assert shown.tolist() == [0, 0, 2, 1, 0, 0]
    assert beyond.coverage(shown) == pytest.approx(2 / 4)


def test_gini_of_a_known_case() -> None:
    # x = 0, 1, 3: mean absolute difference (1 + 3 + 2) * 2 / 9 over twice the mean 4 / 3.
    assert beyond.gini(np.array([0, 0, 3, 0, 1])) == pytest.approx((6 * 2 / 9) / (2 * 4 / 3))


def test_gini_of_nothing_shown_is_not_a_number() -> None:
    assert np.isnan(beyond.gini(np.zeros(5, np.int64)))


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=2, max_size=30).filter(any))
def test_gini_equals_the_mean_difference_and_does_not_depend_on_the_scale(exposures: list[int]) -> None:
    shown = np.array([0, 0, *exposures])
    x = np.array(exposures, np.float64)
    assert beyond.gini(shown) == pytest.approx(np.abs(x[:, None] - x).mean() / (2 * x.mean()))
    assert beyond.gini(shown * 7) == pytest.approx(beyond.gini(shown))


def test_novelty_is_the_mean_of_bits_and_unseen_items_count_as_seen_once() -> None:
    lists = np.array([[2, 3, 0], [5, 0, 0], [0, 0, 0]])
    found = beyond.novelty(lists, COUNTS)
    assert found[:2].tolist() == pytest.approx([(1 + 2) / 2, 4.0])
    assert np.isnan(found[2])


def test_popularity_is_the_mean_count() -> None:
    assert beyond.popularity(np.array([[2, 3, 5], [4, 0, 0]]), COUNTS).tolist() == pytest.approx([4.0, 4.0])


def test_serendipity_counts_hits_that_popularity_does_not_show() -> None:
    lists, hits = np.array([[2, 3, 4, 5]]), np.array([[True, True, False, True]])
    assert beyond.serendipity(hits, np.array([[3, 9, 5, 8]]), lists, k=4)[0] == pytest.approx(1 / 4)
    assert beyond.serendipity(hits, np.array([[3, 9, 5, 8]]), lists, k=2)[0] == pytest.approx(1 / 2)


def test_diversity_of_a_known_list() -> None:
    sets = ItemSets.of(pa.array([["war", "drama"], ["war"], ["comedy"], []]))
    # Jaccard: items 2 and 3 share one of two words, every other pair none.
    found = beyond.diversity(np.array([[2, 3, 4], [2, 2, 0], [5, 5, 0], [2, 0, 0]]), sets)
    assert found[:3].tolist() == pytest.approx([1 - (1 / 2) / 3, 0.0, 1.0])
    assert np.isnan(found[3])


def test_sets_of_single_values_and_of_chunks() -> None:
    brands = ItemSets.of(pa.chunked_array([["a", None], ["b", "a"]]))
    lists = np.array([[2, 5], [2, 4], [2, 3]])
    assert beyond.diversity(lists, brands).tolist() == [0.0, 1.0, 1.0]


@settings(deadline=None)
@given(st.lists(st.sets(st.integers(0, 199), max_size=6), min_size=2, max_size=5), st.integers(0, 3))
def test_diversity_equals_a_plain_loop_over_pairs(sets: list[set[int]], seed: int) -> None:
    rows = np.random.default_rng(seed).permutation(len(sets))
    pairs = [(sets[a], sets[b]) for i, a in enumerate(rows) for b in rows[i + 1 :]]
    similar = [len(a & b) / len(a | b) if a | b else 0.0 for a, b in pairs]
    column = ItemSets.of(pa.array([sorted(values) for values in sets], pa.list_(pa.int64())))
    assert beyond.diversity(rows[None, :] + 2, column)[0] == pytest.approx(1 - np.mean(similar))
    assert [len(values) for values in column.values().to_pylist()] == [len(values) for values in sets]
