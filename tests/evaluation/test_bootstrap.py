"""Intervals: close to the normal ones where those hold, the same for the same seed, paired."""

import numpy as np
import pytest

from taojin.evaluation.bootstrap import Bootstrap, average_seeds


def test_the_interval_of_a_mean_is_the_normal_one_for_many_users() -> None:
    values = np.random.default_rng(1).exponential(size=(2_000, 1))
    found = Bootstrap(resamples=2_000).mean(values)[0]
    error = values.std() / np.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    samples = np.random.default_rng(2).normal(size=(60, 300))
    found = Bootstrap(resamples=400).mean(samples)
    assert 0.90 <= np.mean([interval.low <= 0 <= interval.high for interval in found]) <= 0.98


def test_pairing_users_removes_what_they_have_in_common() -> None:
    random = np.random.default_rng(3)
    user = random.normal(scale=5, size=(200, 1))
    ours, theirs = user + 0.1 + random.normal(scale=0.1, size=user.shape), user
    found = Bootstrap().difference(ours, theirs)[0]
    assert found.low > 0
    assert found.high - found.low < 0.1


def test_users_without_a_value_do_not_count() -> None:
    values = np.array([[1.0, np.nan], [3.0, 5.0], [np.nan, 5.0]])
    first, second = Bootstrap().mean(values)
    assert first.mean == 2
    assert 1 <= first.low <= first.high <= 3
    assert (second.mean, second.low, second.high) == (5, 5, 5)


def test_what_nobody_has_is_not_a_number_and_so_is_what_has_no_users() -> None:
    for values in (np.full((4, 1), np.nan), np.empty((0, 1))):
        found = Bootstrap(resamples=10).mean(values)[0]
        assert np.isnan([found.mean, found.low, found.high]).all()


def test_the_seed_decides_and_blocks_do_not() -> None:
    values = np.random.default_rng(4).random((50, 2))
    assert Bootstrap(seed=1).mean(values) == Bootstrap(seed=1).mean(values)
    assert Bootstrap(seed=1).mean(values) != Bootstrap(seed=2).mean(values)
    assert Bootstrap(seed=1, block=7).mean(values) == Bootstrap(seed=1, block=2_000).mean(values)


def test_a_ratio_of_sums_is_resampled_as_a_whole() -> None:
    part = np.random.default_rng(5).random((500, 1))
    found = Bootstrap().ratio(part, 2 * part)[0]
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))


def test_seeds_are_averaged_per_user_and_must_judge_the_same_users() -> None:
    assert average_seeds([np.array([0.0, 1.0]), np.array([1.0, 1.0])]).tolist() == [0.5, 1.0]
    with pytest.raises(ValueError, match="same users"):
        average_seeds([np.zeros(2), np.zeros(3)])
