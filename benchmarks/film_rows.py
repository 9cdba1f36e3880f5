"""Rows of film ratings, encoded once for all sides of a comparison: MovieLens-1M, or generated in its shape.

Shapes: N rows, L history length, G genres of a film.
"""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.encoded import Codes, EncodedRows

FIRST = 2
"""Codes below are for padding and unknown, as in the package."""
LIKE_FROM = 4
LENGTH = 50
GENRES = 6

REQUEST = ("user", "gender", "age", "occupation")
ITEM = ("item", "year", "genre")


@dataclass(frozen=True)
class _Ratings:
    """Ratings of each user in order, and what is known of users and items; codes start at FIRST."""

    user: Codes
    item: Codes
    like: NDArray[np.float32]
    users: dict[str, Codes]
    items: dict[str, Codes]


def film_rows(folder: Path | None, rows: int | None) -> EncodedRows:
    """Rows of a MovieLens-1M folder, or generated ones without it; of whole users, about `rows` of them.

    A rating of LIKE_FROM and more is a like; the last tenth before the last fifth of each user's ratings is the
    validation part, the last fifth the test part.
    """
    ratings = _generate(seed=0) if folder is None else _read(folder)
    keep = slice(None)
    if rows is not None and rows < len(ratings.user):
        ends = [int(np.searchsorted(ratings.user, ratings.user[rows], side)) for side in ("left", "right")]
        keep = slice(0, min(ends, key=lambda end: abs(end - rows)))
    user, item, like = ratings.user[keep], ratings.item[keep], ratings.like[keep]
    columns = {"user": user, "item": item}
    columns |= {name: values[user] for name, values in ratings.users.items()}
    columns |= {name: values[item] for name, values in ratings.items.items()}
    history = _last_likes(user, item, like)
    columns |= {"history_item": history, "history_genre": ratings.items["genre"][history]}
    sizes = {"user": int(ratings.user.max()) + 1, "item": len(ratings.items["genre"])}
    sizes |= {name: int(values.max()) + 1 for name, values in (ratings.users | ratings.items).items()}
    return EncodedRows(
        columns,
        sizes,
        {"like": like},
        _parts(user),
        request=REQUEST,
        singles=(*REQUEST, *ITEM),
        sets=("genres",),
        history=("item", "genre"),
    )


def _last_likes(user: Codes, item: Codes, like: NDArray[np.float32]) -> Codes:
    """Each row's user's last LENGTH likes before it, [N, LENGTH], padding on the left."""
    liked = np.flatnonzero(like)
    before = np.searchsorted(liked, np.arange(len(user)))
    index = before[:, None] + np.arange(-LENGTH, 0)
    start = np.searchsorted(user, user)
    at = liked[np.maximum(index, 0)]
    return np.where((index >= 0) & (at >= start[:, None]), item[at], 0).astype(np.int32)


def _parts(user: Codes) -> NDArray[np.uint8]:
    start, stop = np.searchsorted(user, user), np.searchsorted(user, user, side="right")
    place = (np.arange(len(user)) - start) / (stop - start)
    return ((place >= 0.7).astype(np.uint8) + (place >= 0.8)).astype(np.uint8)


def _read(folder: Path) -> _Ratings:
    """Ratings, users and movies files of MovieLens-1M."""
    with gzip.open(folder / "ratings.csv.gz", "rt") as file:
        next(file)
        user, item, rating, position = np.loadtxt(file, dtype=np.int32, delimiter=",", unpack=True)
    order = np.lexsort((position, user))
    users = _table(folder / "users.dat.gz", int(user.max()))
    items = _table(folder / "movies.dat.gz", int(item.max()))
    genres = [fields[2].split("|") if fields else [] for fields in items]
    known = sorted({genre for of_item in genres for genre in of_item})
    code = {genre: FIRST + place for place, genre in enumerate(known)}
    lists = np.zeros((len(items), GENRES), np.int32)
    for row, of_item in enumerate(genres):
        lists[row, : len(of_item)] = [code[genre] for genre in of_item]
    years = [int(fields[1][-5:-1]) - 1900 if fields else 0 for fields in items]
    attributes = {"gender": 1, "age": 2, "occupation": 3}
    return _Ratings(
        (user[order] + FIRST - 1).astype(np.int32),
        (item[order] + FIRST - 1).astype(np.int32),
        (rating[order] >= LIKE_FROM).astype(np.float32),
        {name: _coded([fields[at] if fields else "" for fields in users]) for name, at in attributes.items()},
        {"year": np.asarray(years, np.int32), "genre": lists[:, 0].copy(), "genres": lists},
    )


def _table(path: Path, last: int) -> list[list[str]]:
    """Fields of each line, by its number at FIRST - 1 + number."""
    table: list[list[str]] = [[] for _ in range(last + FIRST)]
    with gzip.open(path, "rt", encoding="latin-1") as file:
        for fields in csv.reader((line.replace("::", "\t") for line in file), delimiter="\t"):
            if int(fields[0]) <= last:
                table[int(fields[0]) + FIRST - 1] = fields
    return table


def _coded(words: list[str]) -> Codes:
    return np.unique(words, return_inverse=True)[1].astype(np.int32) + FIRST - 1


def _generate(seed: int) -> _Ratings:
    """A million ratings whose likes follow the product of hidden tastes, popular items rated more often."""
    random = np.random.default_rng(seed)
    n_users, n_items, n = 6_040, 3_706, 1_000_000
    share = random.pareto(1.2, n_users) + 0.2
    user = np.sort(random.choice(n_users, n, p=share / share.sum()))
    popular = 1 / np.arange(10, n_items + 10)
    item = random.permutation(n_items)[random.choice(n_items, n, p=popular / popular.sum())]
    taste, trait = random.normal(size=(n_users, 8)), random.normal(size=(n_items, 8))
    logit = 0.5 * (taste[user] * trait[item]).sum(1) + 0.8 * random.normal(size=n_items)[item]
    genres = np.where(random.random((n_items, GENRES)) < 1 / np.arange(1, GENRES + 1), trait[:, :GENRES] > 0, False)
    lists = np.where(genres, FIRST + 3 * np.arange(GENRES) + random.integers(0, 3, genres.shape), 0)
    lists = -np.sort(-lists, axis=1)
    blank = np.zeros((FIRST, GENRES), np.int64)
    lists = np.concatenate([blank, lists])

    def attribute(n_rows: int, values: int) -> Codes:
        return np.concatenate([np.zeros(FIRST), random.integers(FIRST, FIRST + values, n_rows)]).astype(np.int32)

    return _Ratings(
        (user + FIRST).astype(np.int32),
        (item + FIRST).astype(np.int32),
        (random.random(n) < 1 / (1 + np.exp(-logit))).astype(np.float32),
        {"gender": attribute(n_users, 2), "age": attribute(n_users, 7), "occupation": attribute(n_users, 21)},
        {"year": attribute(n_items, 80), "genre": lists[:, 0].astype(np.int32), "genres": lists.astype(np.int32)},
    )
