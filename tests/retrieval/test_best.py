"""The k best keys of each group, against plain loops."""

import tracemalloc
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taojin.retrieval.serve import best as best_module
from taojin.retrieval.serve.best import Combine, Ranked, best, join, top

SCORES = st.floats(-1e6, 1e6, width=32)
PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 12), SCORES), max_size=60)


def plain(pairs, groups, k, combine):
    """The same by loops: per group the k best (score, key), ties by key."""
    scores = defaultdict(list)
    for group, key, score in pairs:
        scores[group, key].append(score)
    merge = sum if combine is Combine.SUM else max
    found = []
    for group in range(groups):
        total = [(-np.float32(merge(s)), key) for (g, key), s in scores.items() if g == group]
        found.append([(key, -score) for score, key in sorted(total)[:k]])
    return found


def listed(ranked: Ranked):
    cuts = zip(ranked.offsets[:-1], ranked.offsets[1:], strict=True)
    return [list(zip(ranked.key[a:b].tolist(), ranked.score[a:b].tolist(), strict=True)) for a, b in cuts]


@given(pairs=PAIRS, k=st.integers(0, 15), combine=st.sampled_from([Combine.SUM, Combine.MAX]))
def test_best_equals_a_loop(pairs, k, combine):
    group, key, score = (np.array([pair[column] for pair in pairs]) for column in range(3))
    found = best(group.astype(int), key.astype(int), score.astype(np.float32), groups=6, k=k, combine=combine)
    expected = plain(pairs, 6, k, combine)
    for ours, theirs in zip(listed(found), expected, strict=True):
        assert [key for key, _ in ours] == [key for key, _ in theirs]
        np.testing.assert_allclose([s for _, s in ours], [s for _, s in theirs], rtol=1e-6)


@pytest.mark.parametrize("combine", list(Combine))
def test_equal_scores_come_by_key_whatever_their_sign(combine):
    key, score = np.array([9, 3, 5, 4, 8]), np.array([0.0, -0.0, -1.0, -1.0, 2.0], np.float32)
    found = best(np.zeros(5, int), key, score, groups=1, k=5, combine=combine)
    assert found.key.tolist() == [8, 3, 9, 4, 5]
    assert found.score.tolist() == [2, 0, 0, -1, -1]


def test_groups_do_not_touch_each_other():
    together = best(np.array([0, 1, 1, 3]), np.array([5, 5, 6, 7]), np.array([1.0, 2, 3, 4]), groups=4, k=1)
    assert listed(together) == [[(5, 1.0)], [(6, 3.0)], [], [(7, 4.0)]]


def test_top_takes_groups_that_are_distinct_already():
    found = top(np.array([0, 3, 3, 4]), np.array([7, 8, 9, 7]), np.array([1.0, 3.0, 2.0, 5.0]), 2)
    assert listed(found) == [[(8, 3.0), (9, 2.0)], [], [(7, 5.0)]]


def test_join_puts_groups_behind_one_another():
    one = Ranked(np.array([0, 1]), np.array([4]), np.array([1.0], np.float32))
    none = Ranked(np.array([0, 0, 0]), np.empty(0, int), np.empty(0, np.float32))
    assert listed(join([one, none, one])) == [[(4, 1.0)], [], [], [(4, 1.0)]]
    assert listed(join([])) == []


@given(lengths=st.lists(st.integers(0, 9), min_size=1, max_size=12), k=st.integers(0, 10), seed=st.integers(0, 99))
def test_few_pairs_in_many_groups_are_ranked_as_any(lengths, k, seed):
    random = np.random.default_rng(seed)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    key = np.concatenate([np.empty(0, int), *(random.permutation(20)[:length] for length in lengths)])
    score = random.integers(-3, 4, len(key)).astype(np.float32)
    expected = top(offsets, key, score, k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(best_module, "CELLS", 0)
        patch.setattr(best_module, "DENSE", 0)
        assert listed(top(offsets, key, score, k)) == listed(expected)


def test_one_long_group_among_many_empty_ones_takes_no_place_for_them():
    groups, longest = 200_000, 2_000
    offsets = np.concatenate(([0], np.full(groups, longest)))
    tracemalloc.start()
    found = top(offsets, np.arange(longest), np.arange(longest, dtype=np.float32), 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.key.tolist() == [1999, 1998, 1997] and found.offsets[[1, -1]].tolist() == [3, 3]
    assert peak < 50e6  # a place for every possible pair would be 3.2 GB
