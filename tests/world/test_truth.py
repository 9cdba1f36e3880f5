"""The probabilities are those of the log, and the best list is the best."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.core.units import FIRST, PAD
from taojin.world import truth as module
from taojin.world.hours import END
from taojin.world.reactions import LIKED, RATING, RATING_NOISE, WATCH, looks
from taojin.world.world import World

NOTHING = (np.empty(0, np.int64), np.empty(0, np.int64))


def deviations(hits, chance):
    """By tenths of the predicted probability: how many standard errors the hits are off."""
    found = []
    for rows in np.array_split(np.argsort(chance), 10):
        error = np.sqrt((chance[rows] * (1 - chance[rows])).sum())
        found.append((hits[rows].sum() - chance[rows].sum()) / error)
    return np.array(found)


def test_what_was_looked_at_is_liked_as_often_as_the_truth_says(world, shown):
    chance = world.truth().like_probability(shown.user + FIRST, shown.item + FIRST, shown.time)
    liked = shown.rating >= LIKED
    assert (np.abs(deviations(liked[shown.looked], chance[shown.looked].astype(float))) < 4).all()


def test_what_was_shown_is_liked_as_often_as_position_and_truth_say(world, shown):
    chance = world.truth().like_probability(shown.user + FIRST, shown.item + FIRST, shown.time)
    expected = chance.astype(float) * looks(shown.position)
    assert (np.abs(deviations(shown.rating >= LIKED, expected)) < 4).all()


def test_probabilities_follow_the_formula(small):
    truth = small.truth()
    films, tastes, time = truth.films, truth.tastes, END - 1
    for user, item in [(0, 0), (5, 7), (59, 149)]:
        angle = 2 * math.pi * (time - 1_672_531_200_000) / float(tastes.period[user])
        taste = tastes.stable[user] + math.cos(angle) * tastes.swing[0, user] + math.sin(angle) * tastes.swing[1, user]
        appeal = sum(float(a) * float(b) for a, b in zip(taste, films.appeal[item], strict=True))
        quality = float(films.quality[item])
        watch = WATCH["constant"] + WATCH["appeal"] * appeal + WATCH["quality"] * quality
        watch += WATCH["openness"] * float(tastes.openness[user])
        stars = RATING["constant"] + RATING["appeal"] * appeal + RATING["quality"] * quality
        stars += RATING["generosity"] * float(tastes.generosity[user])
        wanted = 1 / (1 + math.exp(-watch)) / (1 + math.exp(-(stars - 3.25) / RATING_NOISE))
        found = truth.like_probability(np.array([user + FIRST]), np.array([item + FIRST]), np.array([time]))
        assert found[0] == pytest.approx(wanted, rel=1e-3)


def test_padding_and_films_that_are_not_out_have_no_likes(small):
    truth = small.truth()
    newest = len(truth.films) - 1
    before = truth.films.released[newest] - 1
    items = np.array([[newest + FIRST, PAD]])
    assert truth.expected_likes(np.array([FIRST]), np.array([before]), items)[0] == 0
    assert truth.expected_likes(np.array([FIRST]), np.array([before + 1]), items)[0] > 0


def test_expected_likes_are_the_sum_over_the_list(small):
    truth = small.truth()
    user, time = np.array([2, 9, 30]), np.full(3, END)
    items = np.random.default_rng(0).integers(FIRST, FIRST + 150, (3, 10))
    one_by_one = [
        sum(float(truth.like_probability(user[r : r + 1], items[r, [k]], time[r : r + 1])[0]) for k in range(10))
        for r in range(3)
    ]
    assert np.allclose(truth.expected_likes(user, time, items), one_by_one, rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), k=st.integers(1, 20))
def test_no_other_list_is_better_than_the_best(small, seed, k):
    rng = np.random.default_rng(seed)
    truth = small.truth()
    user, time = rng.integers(FIRST, FIRST + 60, 4), rng.integers(END - 10**10, END, 4)
    barred = rng.integers(0, 4, 100), rng.integers(FIRST, FIRST + 150, 100)
    best = truth.best(user, time, k=k, excluded=barred)
    gone = set(zip(*map(np.ndarray.tolist, barred), strict=True))
    other = np.full((4, k), PAD)
    for request in range(4):
        assert not any((request, item) in gone for item in best[request].tolist())
        free = [item for item in range(FIRST, FIRST + 150) if (request, item) not in gone]
        other[request] = rng.choice(free, k, replace=False)
    assert (truth.expected_likes(user, time, best) >= truth.expected_likes(user, time, other) - 1e-5).all()


def test_the_best_list_is_in_order_and_that_of_a_loop(small):
    truth = small.truth()
    user, time = np.arange(FIRST, FIRST + 60), np.full(60, END)
    everything = np.arange(FIRST, FIRST + 150)
    best = truth.best(user, time, k=10, excluded=NOTHING)
    for row in range(60):
        chance = truth.like_probability(user[[row]], everything, time[[row]])
        assert np.allclose(np.sort(chance)[::-1][:10], chance[best[row] - FIRST], atol=1e-6)


def test_blocks_change_nothing(small, monkeypatch):
    truth = small.truth()
    user, time = np.arange(FIRST, FIRST + 60), np.full(60, END)
    barred = np.repeat(np.arange(60), 5), np.tile(np.arange(FIRST, FIRST + 5), 60)
    whole = truth.best(user, time, k=10, excluded=barred)
    monkeypatch.setattr(module, "CELLS", 7 * 150)
    assert np.array_equal(whole, truth.best(user, time, k=10, excluded=barred))


def test_where_films_run_out_the_list_ends_in_padding():
    truth = World(users=2, items=20, events=10).truth()
    barred = np.zeros(15, np.int64), np.arange(FIRST, FIRST + 15)
    best = truth.best(np.array([2, 3]), np.full(2, END), k=25, excluded=barred)
    assert (best > PAD).sum(axis=1).tolist() == [5, 20]
    assert (np.diff((best == PAD).astype(int), axis=1) >= 0).all()


def test_taste_of_another_time_gives_other_probabilities(small):
    truth = small.truth()
    user, item = np.arange(FIRST, FIRST + 60), np.arange(FIRST, FIRST + 60)
    then, now = (truth.like_probability(user, item, np.full(60, time)) for time in (END - 500 * 86_400_000, END))
    assert 0.8 < np.corrcoef(then, now)[0, 1] < 0.999
