"""Users and how their tastes move."""

import numpy as np
import pytest

from taojin.core.units import YEAR
from taojin.world.genres import ERA
from taojin.world.hours import DAYS, END, REGIONS, START
from taojin.world.tastes import AGES, COHORT, DRIFT, REGION_SHARES, tastes

EVERYBODY = np.arange(20_000)


@pytest.fixture(scope="module")
def people():
    return tastes(len(EVERYBODY), np.random.default_rng(0))


def test_every_region_has_a_share():
    assert set(REGIONS) == set(REGION_SHARES)


@pytest.mark.parametrize("days", [0, 200, DAYS])
def test_tastes_have_variance_one_at_any_time(people, days):
    taste = people.at(EVERYBODY, np.full(len(EVERYBODY), START + days * (END - START) // DAYS))
    assert taste.dtype == np.float32
    assert np.isclose(taste.var(axis=0).mean(), 1, atol=0.12)


def test_tastes_drift_but_do_not_turn_over(people):
    now, later = (people.at(EVERYBODY, np.full(len(EVERYBODY), time)) for time in (START, START + YEAR))
    soon = people.at(EVERYBODY, np.full(len(EVERYBODY), START + YEAR // 52))
    moved, moved_soon = (np.square(other - now).mean() for other in (later, soon))
    assert moved_soon < 0.05 * moved
    assert DRIFT < moved < 3 * DRIFT


def test_the_young_and_the_old_differ_above_all_in_era(people):
    taste = people.at(EVERYBODY, np.full(len(EVERYBODY), START))
    young, old = people.age == 0, people.age == len(AGES) - 1
    assert taste[young, ERA].mean() > taste[old, ERA].mean() + 0.5


def test_cohorts_explain_their_share(people):
    taste = people.at(EVERYBODY, np.full(len(EVERYBODY), START))
    cell = (people.age * 3 + people.gender) * len(REGIONS) + people.region
    mean = np.stack([np.bincount(cell, weights=axis) / np.maximum(np.bincount(cell), 1) for axis in taste.T], axis=1)
    assert 0.5 * COHORT < mean[cell].var(axis=0).mean() < 1.6 * COHORT


def test_half_of_the_users_register_during_the_log(people):
    during = (people.registered >= START).mean()
    assert 0.45 < during < 0.55 and people.registered.max() < END


def test_at_broadcasts(people):
    user, time = np.array([3, 4]), np.array([START, START + YEAR])
    grid = people.at(user[:, None], time[None, :])
    assert np.array_equal(grid[1, 0], people.at(user[1:], time[:1])[0])
