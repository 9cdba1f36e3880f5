"""The log: lists, sessions, reactions."""

import numpy as np
import pytest

from taojin.core.units import DAY, HOUR
from taojin.world.events import MONTH
from taojin.world.hours import END, REGIONS, START
from taojin.world.policy import LIST
from taojin.world.reactions import LIKED, looks
from taojin.world.world import World


def lists_of(shown):
    """Place of each list's first event."""
    new = (np.diff(shown.user, prepend=-1) != 0) | (np.diff(shown.time, prepend=-1) != 0)
    return np.flatnonzero(new)


def test_events_are_sorted_and_lie_within_the_log(shown):
    order = np.lexsort((shown.item, shown.time, shown.user))
    assert np.array_equal(order, np.arange(len(shown)))
    assert shown.time.min() >= START and shown.time.max() < END


def test_nothing_is_shown_before_its_user_registered_or_its_film_is_out(world, shown):
    truth = world.truth()
    assert (shown.time >= truth.tastes.registered[shown.user]).all()
    assert (shown.time >= truth.films.released[shown.item]).all()


def test_what_was_watched_is_never_shown_again(world, shown):
    pair = shown.user * world.items + shown.item
    order = np.lexsort((shown.time, pair))
    watched = ~np.isnan(shown.rating)[order]
    again = np.diff(pair[order]) == 0
    assert again.sum() > 1_000  # films that were ignored do come back
    assert not watched[:-1][again].any()


def test_no_film_comes_back_within_a_month(world, shown):
    month = (shown.time - START) // MONTH
    key = (shown.user * world.items + shown.item) * 100 + month
    assert len(np.unique(key)) == len(key)


def test_lists_have_ten_places_at_most_each_once(shown):
    start = lists_of(shown)
    length = np.diff(np.append(start, len(shown)))
    assert length.max() <= 2 * LIST  # two lists of one user may fall on one millisecond
    assert (length == LIST).mean() > 0.95
    for begin, stop in zip(start[:500], (start + length)[:500], strict=True):
        if stop - begin <= LIST:
            assert sorted(shown.position[begin:stop]) == list(range(stop - begin))


def test_places_further_down_are_looked_at_less(shown):
    by_place = np.bincount(shown.position, weights=shown.looked) / np.bincount(shown.position)
    assert np.allclose(by_place, looks(np.arange(LIST)), atol=0.02)
    assert np.isnan(shown.rating[~shown.looked]).all()


def test_films_of_equal_appeal_are_liked_less_further_down(world, shown):
    truth = world.truth()
    chance = truth.like_probability(shown.user + 2, shown.item + 2, shown.time)
    liked = shown.rating >= LIKED
    top, bottom = shown.position < 2, shown.position >= 8
    assert liked[bottom].sum() / chance[bottom].sum() < 0.75 * liked[top].sum() / chance[top].sum()


def test_ratings_are_half_stars(shown):
    stars = shown.rating[~np.isnan(shown.rating)]
    assert set(np.unique(stars)) == set(np.arange(0.5, 5.5, 0.5))


def test_people_watch_in_the_evening_of_their_region(world, shown):
    tastes = world.truth().tastes
    ahead = np.array(tuple(REGIONS.values()))[tastes.region[shown.user]]
    hour = (shown.time + ahead * HOUR) // HOUR % 24
    share = np.bincount(hour, minlength=24) / len(hour)
    assert share[19:23].sum() > 0.35 and share[3:7].sum() < 0.05


def test_people_watch_at_weekends_and_in_winter(shown):
    days = shown.time // DAY
    weekday = (days + 3) % 7
    per_day = np.bincount(weekday) / len(days)
    assert per_day[5:].mean() > 1.3 * per_day[:4].mean()
    month = shown.time.astype("datetime64[ms]").astype("datetime64[M]").astype(int) % 12
    assert (month == 0).sum() > (month == 6).sum()


def test_lists_come_in_sessions(shown):
    start = lists_of(shown)
    same_user = np.diff(shown.user[start]) == 0
    gap = np.diff(shown.time[start])[same_user]
    assert 0.4 < (gap < HOUR).mean() < 0.7
    assert (gap > DAY).mean() > 0.25


def test_some_users_are_far_more_active_than_others(world, shown):
    per_user = np.bincount(shown.user, minlength=world.users)
    assert np.quantile(per_user, 0.99) > 8 * np.median(per_user[per_user > 0]) > 0
    assert per_user.min() >= 20


@pytest.mark.parametrize(
    "users, items, events",
    [(10, 100, 200), (10, 100, 400), (1_000, 100, 1_000), (300, 100, 6_000), (3, 5_000, 3_000), (1, 20, 10)],
)
def test_any_size_keeps_close_to_the_number_of_events(users, items, events):
    log = World(users=users, items=items, events=events).shown()
    assert abs(len(log) - events) <= max(0.05 * events, LIST)
    assert log.user.max() < users and log.item.max() < items


def test_the_default_world_has_the_events_it_says(world, shown):
    assert abs(len(shown) - world.events) <= 0.05 * world.events


def test_more_than_can_be_shown_is_refused():
    with pytest.raises(ValueError, match="ask for at most 80"):
        World(users=10, items=20, events=5_000).load()
