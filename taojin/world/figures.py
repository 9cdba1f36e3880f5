"""Figures by which the log of a generated world and real ratings can be laid side by side.

Shapes: U users and I items, reserved rows included; N ratings; J users with enough likes; G genres.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import FIRST, Floats, Ints
from taojin.data.dataset import Dataset

ENOUGH = 20
"""Likes that a user must have to be asked whether tastes repeat."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """A data set in numbers.

    users, items, ratings   how many rate, are rated, and how often
    item_gini           inequality of ratings over items, 0 to 1
    user_gini           the same over users
    top_items           share of the ratings that the most rated tenth of items has
    likes_mean, likes_median, likes_low, likes_high
                        likes of a user; low and high are the deciles
    like_share          share of ratings that are likes
    rating_deviation    of all ratings, stars
    user_deviation      of users' mean ratings
    item_deviation      of items' mean ratings, 20 ratings or more
    rest_deviation      of ratings after the means of users and items are taken off
    fame_and_rating     correlation of the logarithm of an item's ratings with their mean, 20 ratings or more
    repeatability       how much a user's genres repeat: correlation over users and genres of the shares in two
                        halves of ENOUGH likes, evenly taken from the user's own in order, as differences to the mean
    item_cf_gain        hits among ten of item-to-item neighbours, by those of popularity: both see the first half of
                        everybody's likes and must find the user's second half
    """

    users: int
    items: int
    ratings: int
    item_gini: float
    user_gini: float
    top_items: float
    likes_mean: float
    likes_median: float
    likes_low: float
    likes_high: float
    like_share: float
    rating_deviation: float
    user_deviation: float
    item_deviation: float
    rest_deviation: float
    fame_and_rating: float
    repeatability: float
    item_cf_gain: float


def figures(dataset: Dataset) -> Figures:
    """Measure a data set that has the kinds `rate` and `like`, and genres."""
    log, kinds = dataset.log, dataset.kinds
    at = log.events.matching(kinds.bits("rate")).position
    user, item, stars = log.user[at], log.events.item[at], log.events.value[at].astype(np.float64)
    liked = (log.events.kinds[at] & np.uint32(kinds.bits("like"))) != 0
    per_user, per_item = np.bincount(user), np.bincount(item)
    likes = np.bincount(user[liked], minlength=len(per_user))[per_user > 0]
    item_mean, user_mean = _means(item, stars), _means(user, stars)
    rest = stars - _means(item, stars, prior=10)[item]
    rest -= _means(user, rest, prior=5)[user]
    known = per_item >= 20
    return Figures(
        users=int((per_user > 0).sum()),
        items=int((per_item > 0).sum()),
        ratings=len(at),
        item_gini=gini(per_item[per_item > 0]),
        user_gini=gini(per_user[per_user > 0]),
        top_items=float(np.sort(per_item[per_item > 0])[::-1][: max(1, (per_item > 0).sum() // 10)].sum() / len(at)),
        likes_mean=float(likes.mean()),
        likes_median=float(np.median(likes)),
        likes_low=float(np.quantile(likes, 0.1)),
        likes_high=float(np.quantile(likes, 0.9)),
        like_share=float(liked.mean()),
        rating_deviation=float(stars.std()),
        user_deviation=float(user_mean[per_user > 0].std()),
        item_deviation=float(item_mean[known].std()),
        rest_deviation=float(rest.std()),
        fame_and_rating=float(np.corrcoef(np.log(per_item[known]), item_mean[known])[0, 1]),
        repeatability=repeatability(dataset),
        item_cf_gain=item_cf_gain(dataset),
    )


def gini(counts: Ints) -> float:
    """Gini coefficient of counts: 0 if all are equal, towards 1 if one has everything.

    >>> gini(np.array([5, 5, 5, 5])), gini(np.array([0, 0, 0, 1]))
    (0.0, 0.75)
    """
    share = np.cumsum(np.sort(counts)) / counts.sum()
    return float(1 + 1 / len(counts) - 2 * share.sum() / len(counts))


def _means(row: Ints, values: Doubles, prior: float = 0.0) -> Doubles:
    """Mean of the values of each row, 0 where it has none; `prior` rows of the overall mean are added."""
    count = np.bincount(row) + prior
    return (np.bincount(row, weights=values) + prior * values.mean()) / np.maximum(count, 1)


def repeatability(dataset: Dataset) -> float:
    """How much users' genres repeat from the first half of their likes to the second, -1 to 1."""
    offsets, item = _likes(dataset)
    length = np.diff(offsets)
    many = np.flatnonzero(length >= ENOUGH)
    place = ((np.arange(ENOUGH) + 0.5) / ENOUGH * length[many, None]).astype(np.int64)
    genres = _genres(dataset)[item[offsets[many, None] + place]]  # [J, ENOUGH, G]
    first, second = genres[:, : ENOUGH // 2].mean(axis=1), genres[:, ENOUGH // 2 :].mean(axis=1)
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    return float((first * second).sum() / np.sqrt(np.square(first).sum() * np.square(second).sum()))


def item_cf_gain(dataset: Dataset, *, damping: float = 5.0, most: int = 1_500) -> float:
    """Hits of item-to-item neighbours among ten, by those of popularity; `most` users are asked."""
    offsets, item = _likes(dataset)
    length = np.diff(offsets)
    user = np.repeat(np.arange(len(length)), length)
    earlier = np.arange(len(item)) - offsets[user] < length[user] // 2
    known, new = np.zeros((2, len(length), dataset.items.num_rows + FIRST), np.float32)
    known[user[earlier], item[earlier]], new[user[~earlier], item[~earlier]] = 1, 1
    scale = 1 / np.sqrt(known.sum(axis=0) + damping)
    similar = (known.T @ known) * scale * scale[:, None]
    np.fill_diagonal(similar, 0)
    many = np.flatnonzero(length >= ENOUGH)
    asked = many[:: -(-len(many) // most)]
    return _hits(known[asked] @ similar, known[asked], new[asked]) / _hits(
        np.broadcast_to(known.sum(axis=0), known[asked].shape), known[asked], new[asked]
    )


def _hits(score: Floats, known: Floats, new: Floats) -> float:
    """Mean share of new likes on the ten best places that are not known."""
    best = np.argpartition(np.where(known > 0, np.inf, -score), 10, axis=1)[:, :10]
    return float(np.take_along_axis(new, best, axis=1).mean())


def _likes(dataset: Dataset) -> tuple[Ints, Ints]:
    return dataset.view(np.ones(len(dataset.log), np.bool_)).sequences(dataset.kinds.bits("like"))


def _genres(dataset: Dataset) -> Floats:
    """Genres of each item row, float32[I, G]; shares that sum to 1, zeros where there are none."""
    lists = dataset.items["genres"].combine_chunks()
    names = lists.flatten().dictionary_encode()
    table = np.zeros((len(lists) + FIRST, len(names.dictionary)), np.float32)
    table[np.asarray(lists.value_parent_indices()) + FIRST, np.asarray(names.indices)] = 1
    return table / np.maximum(table.sum(axis=1, keepdims=True), 1)
