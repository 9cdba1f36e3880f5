"""Candidates: dropping, scoring, cutting, merging, against plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taojin.core.batch import Candidates, merge, stack


def lists(seed: int, requests: int = 4, items: int = 12) -> Candidates:
    random = np.random.default_rng(seed)
    chosen = [random.permutation(np.arange(2, items))[: random.integers(0, items - 2)] for _ in range(requests)]
    offsets = np.concatenate([[0], np.cumsum([len(c) for c in chosen])])
    item = np.concatenate(chosen)
    return Candidates.proposed("a", offsets, item, random.random(len(item)))


@given(st.integers(0, 10_000), st.integers(0, 8))
def test_top_takes_the_best_of_each_request_and_all_that_is_kept(seed: int, k: int) -> None:
    candidates = lists(seed)
    random = np.random.default_rng(seed)
    object.__setattr__(candidates, "keep", random.random(len(candidates)) < 0.2)
    candidates = candidates.with_score("s", random.integers(0, 4, len(candidates)))
    cut = candidates.top(k, "s")
    for r in range(4):
        rows = range(candidates.offsets[r], candidates.offsets[r + 1])
        best = sorted(rows, key=lambda row: (-candidates.scores["s"][row], candidates.item[row]))
        kept = [row for row in best if candidates.keep[row]]
        free = [row for row in best if not candidates.keep[row]][: max(0, k - len(kept))]
        expected = [candidates.item[row] for row in best if row in set(kept + free)]
        assert cut.item[cut.offsets[r] : cut.offsets[r + 1]].tolist() == expected


@given(st.integers(0, 10_000))
def test_where_drops_rows_and_leaves_the_order(seed: int) -> None:
    candidates = lists(seed)
    mask = np.random.default_rng(seed + 1).random(len(candidates)) < 0.5
    left = candidates.where(mask)
    assert left.item.tolist() == candidates.item[mask].tolist()
    assert left.request.tolist() == candidates.request[mask].tolist()


@given(st.integers(0, 10_000))
def test_merge_has_each_item_of_a_request_once_with_every_channels_place(seed: int) -> None:
    a, b = lists(seed), lists(seed + 1)
    merged = merge([a, b], 4)
    assert merged.channels == ("a", "a")
    for r in range(4):
        said = [{c.item[i]: c.place[i, 0] for i in range(c.offsets[r], c.offsets[r + 1])} for c in (a, b)]
        rows = slice(merged.offsets[r], merged.offsets[r + 1])
        assert merged.item[rows].tolist() == sorted({*said[0], *said[1]})
        for item, place in zip(merged.item[rows], merged.place[rows], strict=True):
            assert place.tolist() == [said[0].get(item, 0), said[1].get(item, 0)]


def test_merge_of_nothing_is_empty() -> None:
    assert len(merge([], 3)) == 0
    assert merge([], 3).offsets.tolist() == [0, 0, 0, 0]


def test_stack_puts_blocks_behind_each_other() -> None:
    a, b = lists(1), lists(2)
    both = stack([a, b])
    assert both.item.tolist() == [*a.item, *b.item]
    assert both.request.tolist() == [*a.request, *(b.request + 4)]


def test_scores_must_be_finite_and_as_many_as_candidates() -> None:
    candidates = lists(3)
    with pytest.raises(ValueError, match="not finite"):
        candidates.with_score("s", np.full(len(candidates), np.nan))
    with pytest.raises(ValueError, match="expected shape"):
        candidates.with_score("s", np.zeros(len(candidates) + 1))
