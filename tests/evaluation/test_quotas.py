"""Learned quotas: against loops, and on proposals whose best quotas are known."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.evaluation.quotas import STEP, Proposals, equal, greedy, held_out, scaled, single

tables = st.lists(
    st.tuples(st.integers(0, 4), st.booleans(), *[st.integers(0, 30)] * 3), min_size=1, max_size=40
).filter(lambda rows: any(relevant for _, relevant, *_ in rows))


def proposals(rows: list[tuple[int, ...]]) -> Proposals:
    """A candidate per row: its request, whether it is relevant, and its place in each channel."""
    table = np.array(sorted(rows), np.int64)
    request = np.unique(table[:, 0], return_inverse=True)[1]
    relevant = table[:, 1] > 0
    return Proposals(
        channels=tuple("abcdef"[: table.shape[1] - 2]),
        place=table[:, 2:].astype(np.uint16),
        request=request,
        relevant=relevant,
        wanted=np.maximum(np.bincount(request[relevant], minlength=int(request.max()) + 1), 1),
    )


def loop(found: Proposals, quotas: dict[str, int]) -> tuple[float, float]:
    """Recall and candidates a request."""
    shares, sizes = [], []
    for request in range(len(found)):
        rows = np.flatnonzero(found.request == request)
        there = [any(0 < p <= quotas[c] for c, p in zip(found.channels, found.place[r], strict=True)) for r in rows]
        shares.append(sum(t and found.relevant[r] for t, r in zip(there, rows, strict=True)) / found.wanted[request])
        sizes.append(sum(there))
    return float(np.mean(shares)), float(np.mean(sizes))


@settings(max_examples=40, deadline=None)
@given(rows=tables, quota=st.tuples(*[st.integers(0, 35)] * 3))
def test_recall_and_size_are_those_of_a_loop(rows, quota):
    found = proposals(rows)
    quotas = dict(zip(found.channels, quota, strict=True))
    assert (found.recall(quotas), found.size(quotas)) == pytest.approx(loop(found, quotas))


@settings(max_examples=40, deadline=None)
@given(rows=tables, budget=st.integers(3, 40))
def test_quotas_keep_the_budget(rows, budget):
    found = proposals(rows)
    for choose in (greedy, equal, scaled({"a": 3, "b": 20, "c": 9})):
        quotas = choose(found, budget)
        assert min(quotas.values()) >= 1
        least = found.size(dict.fromkeys(quotas, 1))
        assert found.size(quotas) <= max(budget, least) + 1e-9


@settings(max_examples=30, deadline=None)
@given(rows=tables)
def test_a_budget_without_end_finds_all_there_is(rows):
    found = proposals(rows)
    everything = dict.fromkeys(found.channels, 30)
    assert found.recall(greedy(found, 10_000)) == pytest.approx(found.recall(everything))


def test_greedy_is_near_the_best_of_all_quotas():
    random = np.random.default_rng(1)
    ratios = []
    for _ in range(10):
        rows = [(r, random.random() < 0.3, *random.integers(0, 31, 3)) for r in np.repeat(np.arange(20), 30)]
        found = proposals(rows)
        sizes = range(1, 32, STEP)
        some = [dict(zip("abc", q, strict=True)) for q in product(sizes, repeat=3)]
        best = max(found.recall(quotas) for quotas in some if found.size(quotas) <= 15)
        ratios.append(found.recall(greedy(found, 15)) / best)
    assert min(ratios) > 1 - 1 / np.e
    assert np.mean(ratios) > 0.9


def test_a_channel_that_repeats_another_costs_nothing_and_gets_nothing():
    rows = [(r, True, 1 + r % 40, 1 + r % 40, 50 if r % 2 else 0) for r in range(80)]
    learned = greedy(proposals(rows), 60)
    assert sorted([learned["a"], learned["b"]]) == [1, 41]


def test_what_others_have_brought_is_paid_once():
    # Of `b`, one place in two is also in `a`; of `c`, none. Both find as much that is new with as many places.
    rows = []
    for r in range(20):
        rows += [(r, 0, p, p if p % 2 else 0, 0) for p in range(1, 21)]
        rows += [(r, p == 4, 0, p if p % 2 == 0 else 0, 0) for p in range(2, 21, 2)]
        rows += [(r, p == 4, 0, 0, p) for p in range(1, 21)]
        rows += [(r, 1, 3, 0, 0)]
    found = proposals(rows)
    assert found.size({"a": 20, "b": 20, "c": 0}) == 31
    learned = greedy(found, 12)
    assert learned["b"] > learned["c"]


def test_what_lies_deep_is_reached_by_a_long_step():
    # `b` finds nothing in its first 30 places and much behind; `a` finds little.
    rows = [(r, r % 8 == 0, 1 + r, 0) for r in range(40)]
    rows += [(r, p > 30, 0, p) for r in range(40) for p in range(1, 36)]
    assert greedy(proposals(rows), 40)["b"] >= 36


def test_other_ways_to_choose():
    found = proposals([(0, True, p, 0, 0) for p in range(1, 30)] + [(0, False, 0, p, p) for p in range(1, 30)])
    assert equal(found, 8) == {"a": 4, "b": 4, "c": 4}
    assert scaled({"a": 30, "b": 10, "c": 1})(found, 8) == {"a": 6, "b": 2, "c": 1}
    assert single(found, 10) == {"a": 10, "b": 0, "c": 0}


def test_held_out_recall_does_not_reward_what_fits_single_users():
    random = np.random.default_rng(0)
    noise = [(r, random.random() < 0.1, *random.integers(1, 200, 6).tolist()) for r in np.repeat(np.arange(40), 20)]
    found = proposals(noise)
    assert found.recall(greedy(found, 6)) > held_out(found, greedy, 6) + 0.01
    steady = proposals([(r, True, 1 + r % 7, 0) for r in range(60)])
    assert held_out(steady, greedy, 20) == pytest.approx(1)


def test_one_user_is_too_few():
    with pytest.raises(ValueError, match="2 users or more"):
        held_out(proposals([(0, True, 3, 9)]), equal, 6)
