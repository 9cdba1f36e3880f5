"""People who make films: names, careers, and what they stand for.

Shapes: P people, N films to be staffed, A axes of taste.
"""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.units import Floats, Ints
from taojin.world import words
from taojin.world.genres import DIRECTION, FREQUENCY, GENRES, temperaments
from taojin.world.titles import distinct, vocabulary

CAREER = 30
"""Years between a person's first and last film, about."""
AT_HOME = 0.8
"""Share of their films that people make in their home genre."""
FAME_SPREAD = 1.0
"""Deviation of the logarithm of how much people are in demand: a few make many films."""
GENRE_SHARE = 0.4
"""Share of a person's style that is their home genre's; the rest is their own."""


@dataclass(frozen=True)
class People:
    """P people, sorted by home genre and first year.

    genre   int64[P]        place in GENRES of the home genre
    first   int64[P]        year of the first film
    demand  float64[P]      cumulative weights: how much people up to this one are in demand
    style   float32[P, A]   what they give to a film, unit length
    """

    genre: Ints
    first: Ints
    demand: np.ndarray[tuple[int], np.dtype[np.float64]]
    style: Floats

    def pick(self, genre: Ints, year: Ints, rng: np.random.Generator) -> Ints:
        """Someone for each film, int64[N]: mostly of its genre, and in mid-career in its year."""
        home = np.where(rng.random(len(genre)) < AT_HOME, genre, rng.choice(len(GENRES), len(genre), p=FREQUENCY))
        bounds = np.searchsorted(self.genre, np.arange(len(GENRES) + 1))
        nobody = bounds[home] == bounds[home + 1]
        start, stop = np.where(nobody, 0, bounds[home]), np.where(nobody, len(self.genre), bounds[home + 1])
        begun = year - np.floor(CAREER * rng.beta(1.5, 2.5, len(genre))).astype(np.int64)
        middle = np.clip(np.searchsorted(self.genre * 10_000 + self.first, home * 10_000 + begun), start, stop - 1)
        demand = np.concatenate(([0.0], self.demand))
        low, high = demand[start], demand[stop]
        # Draw around the middle in units of demand, so that the famous among the contemporaries are met often.
        near = demand[middle] + 0.05 * (high - low) * rng.uniform(-1.0, 1.0, len(genre))
        drawn = np.where(nobody, rng.uniform(low, high), np.clip(near, low, high))
        return np.clip(np.searchsorted(self.demand, drawn, side="right"), start, stop - 1)


def people(n: int, years: tuple[int, int], rng: np.random.Generator) -> People:
    """n people whose first films lie between these years."""
    genre = rng.choice(len(GENRES), n, p=FREQUENCY)
    first = rng.integers(years[0] - CAREER // 2, years[1] + 1, n)
    order = np.lexsort((first, genre))
    style = math.sqrt(GENRE_SHARE) * DIRECTION[genre] + math.sqrt(1 - GENRE_SHARE) * temperaments(n, rng)
    style /= np.linalg.norm(style, axis=1, keepdims=True)
    demand = np.cumsum(rng.lognormal(0.0, FAME_SPREAD, n))
    return People(genre[order], first[order], demand, style[order].astype(np.float32))


def names(n: int, rng: np.random.Generator) -> pa.Array:
    """n distinct names, string[n]; initials are used where given and family names do not suffice."""
    given, family = vocabulary(words.GIVEN_NAMES), vocabulary(words.FAMILY_NAMES)
    letters = [f" {letter}." for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    initials = ["", *letters, *(one + two for one in letters for two in letters)]
    plain = len(given) * len(family)
    assert n <= plain * len(initials), f"{n} people, but only {plain * len(initials)} names"
    code, _ = distinct(n, plain * -(-n // plain), rng)
    code, first = np.divmod(code, len(given))
    middle, last = np.divmod(code, len(family))
    called = pc.binary_join_element_wise(
        pa.array(given).take(pa.array(first)), pa.array(initials).take(pa.array(middle)), ""
    )
    return pc.binary_join_element_wise(called, pa.array(family).take(pa.array(last)), " ")
