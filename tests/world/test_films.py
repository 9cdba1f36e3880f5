"""Titles, people and what films stand for."""

from itertools import combinations

import numpy as np
import pytest

from taojin.core.units import DAY
from taojin.world import words
from taojin.world.films import films
from taojin.world.genres import AXES, DIRECTION, GENRES, companions
from taojin.world.people import names
from taojin.world.titles import distinct, titles, vocabulary


@pytest.fixture(scope="module")
def catalogue():
    return films(4_000, np.random.default_rng(0))


def test_no_two_titles_are_the_same_even_when_the_words_run_out():
    genre = np.zeros(60_000, np.int64)
    made = titles(genre, np.random.default_rng(0)).to_pylist()
    assert len(set(made)) == len(made)


def test_titles_are_varied(catalogue):
    made = catalogue.title.to_pylist()
    assert len(set(made)) == len(made)
    starts = {title.split()[0] for title in made}
    assert len(starts) > 300


def test_nouns_belong_to_one_genre():
    for one, other in combinations(words.NOUNS.values(), 2):
        assert not set(vocabulary(one)) & set(vocabulary(other))
    assert tuple(words.NOUNS) == GENRES


@pytest.mark.parametrize("text", [words.ADJECTIVES, words.PLACES, words.GIVEN_NAMES, words.FAMILY_NAMES, words.THINGS])
def test_no_word_stands_twice_in_its_list(text):
    assert len(set(vocabulary(text))) == len(vocabulary(text))


@pytest.mark.parametrize("n", [10, 200_000])
def test_names_are_distinct(n):
    made = names(n, np.random.default_rng(0)).to_pylist()
    assert len(set(made)) == n and all(" " in name for name in made)


@pytest.mark.parametrize("n, capacity", [(0, 5), (3, 5), (5, 5), (13, 5)])
def test_distinct_never_repeats_a_pair(n, capacity):
    choice, before = distinct(n, capacity, np.random.default_rng(0))
    assert len(set(zip(choice.tolist(), before.tolist(), strict=True))) == n
    assert n == 0 or (choice.max() < capacity and before.max() == (n - 1) // capacity)


def test_a_film_has_one_to_three_distinct_genres(catalogue):
    for row in catalogue.genres:
        there = row[row >= 0]
        assert 1 <= len(there) <= 3 and len(set(there)) == len(there) and row[0] >= 0


def test_genres_go_together_as_they_do_in_cinemas():
    beside = companions()
    place = {name: GENRES.index(name) for name in GENRES}
    assert np.allclose(beside.sum(axis=1), 1, atol=1e-5) and not np.diag(beside).any()
    assert beside[place["Romance"], place["Drama"]] > 5 * beside[place["Romance"], place["Horror"]]
    assert beside[place["Animation"], place["Family"]] > 5 * beside[place["Animation"], place["Crime"]]


def test_films_appear_on_fridays_the_oldest_first(catalogue):
    assert (np.diff(catalogue.released) >= 0).all()
    assert (catalogue.released // DAY % 7 == 1).all()  # 1970-01-02
    assert catalogue.year.min() > 1940 and catalogue.year.max() == 2024


def test_people_have_careers_and_home_genres(catalogue):
    first = np.array([names[0] for names in catalogue.directors.to_pylist()])
    films_of = {name: np.flatnonzero(first == name) for name in np.unique(first)}
    busy = [places for places in films_of.values() if len(places) >= 5]
    assert len(busy) > 50
    spans = [np.ptp(catalogue.year[places]) for places in busy]
    assert np.median(spans) < 45 < np.ptp(catalogue.year)
    same = [np.bincount(catalogue.genres[places, 0]).max() / len(places) for places in busy]
    assert np.mean(same) > 0.6


def test_cast_and_directors_of_a_film_are_distinct(catalogue):
    for column, most in ((catalogue.directors, 2), (catalogue.cast, 5)):
        for people in column.to_pylist():
            assert 1 <= len(people) <= most and len(set(people)) == len(people)


def test_fame_is_a_power_law_with_a_blunt_head(catalogue):
    fame = np.sort(catalogue.fame)[::-1]
    place = np.arange(len(fame))
    middle = slice(100, 2_000)
    slope = np.polyfit(np.log(place[middle]), np.log(fame[middle]), 1)[0]
    assert -1.35 < slope < -1.0
    assert fame[0] < 10 * fame[40]


def test_fame_goes_with_quality(catalogue):
    assert 0.3 < np.corrcoef(np.log(catalogue.fame), catalogue.quality)[0, 1] < 0.55


def test_films_of_a_genre_lie_in_its_direction(catalogue):
    assert catalogue.appeal.shape == (len(catalogue), len(AXES))
    horror = catalogue.genres[:, 0] == GENRES.index("Horror")
    along = catalogue.appeal @ DIRECTION[GENRES.index("Horror")]
    assert along[horror].mean() > along[~horror].mean() + 2 * along[~horror].std()


def test_appeal_is_centred_and_scaled(catalogue):
    assert np.allclose(catalogue.appeal.mean(axis=0), 0, atol=1e-5)
    assert np.isclose(np.square(catalogue.appeal).sum(axis=1).mean(), 1, atol=1e-5)
