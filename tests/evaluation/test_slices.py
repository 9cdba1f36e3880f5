"""Slices: who is in which, and what counts there."""

from dataclasses import replace

import numpy as np
import pytest

from taojin.evaluation.slices import by_slice, head


def test_the_head_is_the_fewest_items_with_half_of_the_events() -> None:
    assert np.flatnonzero(head(np.array([0, 0, 2, 5, 3]))).tolist() == [3]
    assert np.flatnonzero(head(np.array([0, 0, 4, 4, 3]))).tolist() == [2, 3]


def test_every_user_is_in_one_slice_by_past(world) -> None:
    lengths = np.resize([5, 19, 20, 99, 100, 1_000], len(world.test))
    past = replace(world.test.requests.past, end=world.test.requests.past.start + lengths)
    cases = replace(world.test, requests=replace(world.test.requests, past=past))
    found = by_slice(np.full((len(cases), 10), 3), cases, np.ones(world.view.n_items, np.int64))
    inside = {name: ~np.isnan(found[name]["ndcg@10"]) for name in ("past<20", "past 20-99", "past>=100")}
    assert np.sum(list(inside.values()), axis=0).tolist() == [1] * len(cases)
    assert set(lengths[inside["past 20-99"]]) == {20, 99}


def test_recall_of_head_and_tail_items_equals_a_loop(world) -> None:
    counts, test = world.view.counts(world.view.kinds.all), world.test
    lists = np.random.default_rng(0).permuted(np.tile(np.arange(2, world.view.n_items), (len(test), 1)), axis=1)[:, :10]
    popular = head(counts)
    found = by_slice(lists, test, counts)
    for request, items in enumerate(np.split(test.item, test.offsets[1:-1])):
        for name, kind in (("head items", popular), ("tail items", ~popular)):
            wanted = [item for item in items if kind[item]]
            expected = np.mean([item in lists[request] for item in wanted]) if wanted else np.nan
            assert found[name]["recall@10"][request] == pytest.approx(expected, nan_ok=True)
