"""The catalogue: films, who made them, and what they stand for.

Shapes: I films, A axes of taste, P people.
"""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from taojin.core.units import DAY, Floats, Ints
from taojin.world.genres import AXES, DIRECTION, ERA, FREQUENCY, GENRES, companions, temperaments
from taojin.world.hours import END
from taojin.world.people import People, names, people
from taojin.world.titles import titles

MEAN_AGE = 15.0
"""Years: ages of films are exponential with this mean, so that one in eight appears during the log."""
OLDEST = 80.0
"""Years: no film is older."""
GENRES_OF_FILM = (0.30, 0.45, 0.25)
"""Share of films with one, two and three genres, about."""
FAME_EXPONENT = 1.25
FAME_SHIFT = 0.003
"""The film at place r of n is in demand by (r / n + FAME_SHIFT) ** -FAME_EXPONENT: a power law with a blunt head."""
FAME_IS_QUALITY = 0.45
"""Correlation of fame and quality, before fame is turned into places."""
PARTS = {"genres": 0.32, "director": 0.25, "cast": 0.15, "era": 0.08, "own": 0.20}
"""What a film stands for: share of the squared length of its vector. Only `own` cannot be read off the attributes."""


@dataclass(frozen=True)
class Films:
    """I films, the oldest first.

    title       string[I], distinct
    genres      int64[I, 3]     places in GENRES, the first genre first; -1 where there are fewer
    released    int64[I]        milliseconds, ascending
    directors   list<string>[I]
    cast        list<string>[I]
    fame        float32[I]      how much they are in demand, relative
    quality     float32[I]      mean 0, variance 1; the same for everyone
    appeal      float32[I, A]   the inner product with a taste has mean 0 and variance 1 over users and films
    """

    title: pa.Array
    genres: Ints
    released: Ints
    directors: pa.Array
    cast: pa.Array
    fame: Floats
    quality: Floats
    appeal: Floats

    def __len__(self) -> int:
        return len(self.released)

    @property
    def year(self) -> Ints:
        """Year of release, int64[I]."""
        return _year(self.released)

    def table(self) -> pa.Table:
        """What everybody may know of the films."""
        there = self.genres >= 0
        offsets = np.concatenate(([0], np.cumsum(there.sum(axis=1)))).astype(np.int32)
        genres = pa.array(GENRES).take(pa.array(self.genres[there]))
        return pa.table(
            {
                "title": self.title,
                "genres": pa.ListArray.from_arrays(pa.array(offsets), genres),
                "year": pa.array(self.year),
                "released": pa.array(self.released),
                "directors": self.directors,
                "cast": self.cast,
            }
        )


def films(n: int, rng: np.random.Generator) -> Films:
    """n films."""
    released = _releases(n, rng)
    year = _year(released)
    genres = _genres(n, rng)
    span = int(year.min()), int(year.max())
    directors, actors = people(max(4, n // 5), span, rng), people(max(12, n), span, rng)
    name = names(len(directors.first) + len(actors.first), rng)
    director = _crew(directors, genres[:, 0], year, most=2, share=np.array((0.94, 0.06)), rng=rng)
    cast = _crew(actors, genres[:, 0], year, most=5, share=np.array((0.0, 0.1, 0.3, 0.4, 0.2)), rng=rng)
    quality = rng.standard_normal(n, np.float32)
    return Films(
        titles(genres[:, 0], rng),
        genres,
        released,
        _named(director, name[: len(directors.first)]),
        _named(cast, name[len(directors.first) :]),
        _fame(quality, rng),
        quality,
        _appeal(genres, year, _mean(directors.style, director), _mean(actors.style, cast), rng),
    )


def _releases(n: int, rng: np.random.Generator) -> Ints:
    """Fridays at midnight, ascending, int64[n]."""
    age = rng.exponential(MEAN_AGE, n)
    age = np.where(age < OLDEST, age, rng.uniform(0.0, OLDEST, n))
    day = (END - age * 365.25 * DAY) // DAY
    # 1970-01-02 was a Friday.
    return np.sort(((day - 1) // 7 * 7 + 1) * DAY).astype(np.int64)


def _year(time: Ints) -> Ints:
    return time.astype("datetime64[ms]").astype("datetime64[Y]").astype(np.int64) + 1970


def _genres(n: int, rng: np.random.Generator) -> Ints:
    """One to three distinct genres of each film, int64[n, 3]; the others go with the first one."""
    first = rng.choice(len(GENRES), n, p=FREQUENCY)
    # Each first genre's companions fill one unit of a common scale.
    scale = (np.cumsum(companions(), axis=1) + np.arange(len(GENRES))[:, None]).ravel()
    others = [np.searchsorted(scale, first + rng.random(n)) - len(GENRES) * first for _ in range(2)]
    second, third = (np.clip(other, 0, len(GENRES) - 1) for other in others)
    count = 1 + rng.choice(len(GENRES_OF_FILM), n, p=GENRES_OF_FILM)
    second = np.where(count > 1, second, -1)
    third = np.where((count > 2) & (third != second), third, -1)
    return np.column_stack((first, second, third))


def _crew(who: People, genre: Ints, year: Ints, *, most: int, share: Floats, rng: np.random.Generator) -> Ints:
    """Distinct people for each film, int64[I, most], -1 for none; share[j] of the films have j + 1 of them."""
    count = 1 + rng.choice(most, len(genre), p=share)
    crew = np.stack([who.pick(genre, year, rng) for _ in range(most)], axis=1)
    crew = np.where(np.arange(most) < count[:, None], crew, -1)
    for place in range(1, most):
        again = (crew[:, :place] == crew[:, place : place + 1]).any(axis=1)
        crew[again, place] = -1
    return crew


def _named(crew: Ints, name: pa.Array) -> pa.Array:
    """The names of each film's people, list<string>[I]."""
    there = crew >= 0
    offsets = np.concatenate(([0], np.cumsum(there.sum(axis=1)))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), name.take(pa.array(crew[there])))


def _mean(vectors: Floats, members: Ints) -> Floats:
    """Mean of each film's members, -1 left out, float32[I, A]."""
    there = members >= 0
    total = np.zeros((len(members), vectors.shape[1]), np.float32)
    for column, known in zip(members.T, there.T, strict=True):
        total += vectors[column] * known[:, None]
    return total / there.sum(axis=1, keepdims=True).astype(np.float32)


def _fame(quality: Floats, rng: np.random.Generator) -> Floats:
    """A power law over films, in an order that quality has a part in."""
    known = FAME_IS_QUALITY * quality + math.sqrt(1 - FAME_IS_QUALITY**2) * rng.standard_normal(
        len(quality), np.float32
    )
    place = np.empty(len(quality))
    place[np.argsort(-known, kind="stable")] = np.arange(len(quality))
    return ((place / len(quality) + FAME_SHIFT) ** -FAME_EXPONENT).astype(np.float32)


def _appeal(genres: Ints, year: Ints, director: Floats, cast: Floats, rng: np.random.Generator) -> Floats:
    """The sum of a film's parts, each of unit length, by the square roots of their shares; centred and scaled."""
    n = len(year)
    era = np.zeros((n, len(AXES)), np.float32)
    era[:, ERA] = np.clip((year - np.median(year)) / 15.0, -2.0, 1.0)
    own = temperaments(n, rng)
    parts = {"genres": _mean(DIRECTION, genres), "director": director, "cast": cast, "era": era, "own": own}
    total = np.zeros((n, len(AXES)), np.float32)
    for name, part in parts.items():
        centred = part - part.mean(axis=0)
        total += centred * (math.sqrt(PARTS[name]) / _length(centred))
    return total / _length(total)


def _length(vectors: Floats) -> float:
    """Root of the mean squared length."""
    return math.sqrt(float(np.square(vectors).sum(axis=1).mean()))
