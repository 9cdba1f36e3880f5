"""Learned quotas: against loops, and on finds whose best quotas are known."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.evaluation.quotas import STEP, Finds, equal, greedy, held_out, scaled, single

places = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=25
)


def finds(rows: list[tuple[int, ...]]) -> Finds:
    """A relevant item per row: its request, and its place in each channel."""
    table = np.array(sorted(rows), np.int64)
    request = np.unique(table[:, 0], return_inverse=True)[1]
    names = tuple("abcdef"[: table.shape[1] - 1])
    return Finds(channels=names, place=table[:, 1:], request=request, requests=int(request.max()) + 1)


def loop_recall(found: Finds, quotas: dict[str, int]) -> float:
    shares = []
    for request in range(found.requests):
        rows = found.place[found.request == request]
        hits = [any(0 < p <= quotas[c] for c, p in zip(found.channels, row, strict=True)) for row in rows.tolist()]
        shares.append(sum(hits) / len(hits))
    return sum(shares) / len(shares)


@settings(max_examples=40, deadline=None)
@given(rows=places, quota=st.tuples(*[st.integers(0, 45)] * 3))
def test_recall_is_that_of_a_loop(rows, quota):
    found = finds(rows)
    quotas = dict(zip(found.channels, quota, strict=True))
    assert found.recall(quotas) == pytest.approx(loop_recall(found, quotas))


@settings(max_examples=40, deadline=None)
@given(rows=places, budget=st.integers(3, 90))
def test_quotas_keep_the_budget_and_more_budget_finds_no_less(rows, budget):
    found = finds(rows)
    learned = greedy(found, budget)
    assert sum(learned.values()) <= budget
    assert min(learned.values()) >= 1
    assert found.recall(greedy(found, budget + 30)) >= found.recall(learned) - 1e-12


@settings(max_examples=40, deadline=None)
@given(rows=places, budget=st.integers(3, 60))
def test_greedy_is_near_the_best_of_all_quotas(rows, budget):
    found = finds(rows)
    sizes = [*range(1, 42, STEP), 41]
    some = [dict(zip("abc", q, strict=True)) for q in product(sizes, repeat=3) if sum(q) <= budget]
    best = max(map(found.recall, some))
    # Steps of several places may miss what lies in front by one step's gain; the bound itself is 1 - 1/e.
    assert found.recall(greedy(found, budget)) >= (1 - 1 / np.e) * best - 1 / len(rows) - 1e-9


def test_a_channel_that_repeats_another_gets_nothing():
    rows = [(r, 1 + r % 40, 1 + r % 40, 50 if r % 2 else 0) for r in range(80)]
    learned = greedy(finds(rows), 60)
    assert sorted([learned["a"], learned["b"]]) == [1, 41]
    assert learned["c"] == 1


def test_what_lies_deep_is_reached_by_a_long_step():
    # `b` finds nothing in its first 30 places and much behind; `a` trickles.
    rows = [(r, 1 + r, 0) for r in range(0, 40, 8)] + [(r, 0, 31 + r % 5) for r in range(40, 80)]
    assert greedy(finds(rows), 50)["b"] >= 35


def test_places_that_find_nothing_are_not_given_away():
    learned = greedy(finds([(0, 1, 0), (1, 2, 0)]), 500)
    assert sum(learned.values()) <= 2 + STEP


def test_other_ways_to_choose():
    found = finds([(0, 3, 0, 1), (1, 2, 0, 9), (2, 4, 0, 0)])
    assert equal(found, 8) == {"a": 3, "b": 3, "c": 2}
    assert scaled({"a": 10, "b": 10, "c": 1})(found, 10) == {"a": 4, "b": 4, "c": 1}
    assert single(found, 10) == {"a": 10, "b": 0, "c": 0}


def test_held_out_recall_does_not_reward_what_fits_single_users():
    random = np.random.default_rng(0)
    noise = [(r, *(random.integers(1, 400, 6) * (random.random(6) < 0.5)).tolist()) for r in range(60)]
    found = finds(noise)
    assert found.recall(greedy(found, 120)) > held_out(found, greedy, 120) + 0.02
    steady = finds([(r, 1 + r % 7, 0) for r in range(60)])
    assert held_out(steady, greedy, 20) == pytest.approx(1)


def test_the_same_seed_gives_the_same_folds():
    found = finds([(r, 1 + r % 30, 1 + (7 * r) % 30) for r in range(50)])
    assert held_out(found, greedy, 20, seed=3) == held_out(found, greedy, 20, seed=3)


def test_one_user_and_a_budget_that_is_too_small():
    one = finds([(0, 3, 9)])
    with pytest.raises(ValueError, match="2 users or more"):
        held_out(one, equal, 6)
    with pytest.raises(ValueError, match="budget: expected 2 or more, a place for each channel; got 1"):
        greedy(one, 1)
