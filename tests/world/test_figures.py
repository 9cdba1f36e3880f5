"""Figures on planted data, and those of the default world that docs/world.md promises."""

import numpy as np
import pyarrow as pa
import pytest

from taojin.data.dataset import Clock
from taojin.data.kinds import Kinds, Label
from taojin.data.tables import build
from taojin.world.figures import figures, gini, repeatability
from taojin.world.reach import reach


def planted(genre_of):
    """Forty users with 24 likes each; genre_of(user, place) is the genre of what is liked at that place."""
    items = pa.table(
        {"item": [f"{genre}{n}" for genre in "ab" for n in range(24)], "genres": [["a"]] * 24 + [["b"]] * 24}
    )
    rows = [(f"u{user}", f"{genre_of(user, n)}{n}", n, "rate", 5.0) for user in range(40) for n in range(24)]
    names = ("user", "item", "time", "event", "value")
    events = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    kinds = Kinds(("rate", "like"), (Label("like", "rate", at_least=3.5),))
    return build("planted", users=None, items=items, events=events, kinds=kinds, clock=Clock.REAL)[0]


def test_gini_of_one_who_has_everything_and_of_equals():
    assert gini(np.array([0] * 99 + [7])) == pytest.approx(0.99)
    assert gini(np.full(10, 3)) == pytest.approx(0)


def test_users_who_keep_to_their_genre_repeat_and_those_who_change_do_not():
    assert repeatability(planted(lambda user, n: "ab"[user % 2])) == pytest.approx(1)
    assert repeatability(planted(lambda user, n: "ab"[(user + (n >= 12)) % 2])) == pytest.approx(-1)


@pytest.fixture(scope="module")
def measured(world):
    return figures(world.load())


def test_the_default_world_resembles_movielens(measured):
    """The figures of MovieLens itself stand in docs/world.md."""
    assert 0.52 < measured.item_gini < 0.75
    assert 0.55 < measured.like_share < 0.65
    assert 1.0 < measured.rating_deviation < 1.15
    assert 0.4 < measured.user_deviation < 0.5
    assert 0.4 < measured.item_deviation < 0.65
    assert 0.8 < measured.rest_deviation < 0.92
    assert 0.25 < measured.fame_and_rating < 0.42
    assert 0.3 < measured.repeatability < 0.5
    assert measured.likes_mean / measured.likes_median == pytest.approx(1.65, abs=0.3)


def test_popularity_reaches_half_of_the_ideal_at_most(world):
    found = reach(world.load(), world.truth())
    assert found.popular <= 0.5 * found.ideal
    assert found.chance < found.popular < found.top_rated < 0.6 * found.ideal
    assert found.ideal <= 10
