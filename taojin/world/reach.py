"""How much of the best possible is in reach without knowing anybody.

Shapes: U users, I items, reserved rows included; K places.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.units import FIRST, Ints
from taojin.data.dataset import Dataset
from taojin.world.figures import Doubles
from taojin.world.truth import Truth

PLACES = 10


@dataclass(frozen=True)
class Reach:
    """Expected likes among ten films that a user has not watched, at the end of the log, mean over users.

    ideal       the best films for each user
    top_rated   those with the highest share of likes when shown, smoothed by twenty shows
    popular     those with the most likes
    chance      any
    """

    ideal: float
    top_rated: float
    popular: float
    chance: float


def reach(dataset: Dataset, truth: Truth) -> Reach:
    """What lists that are the same for everybody reach on a world's data set."""
    log, kinds = dataset.log, dataset.kinds
    user = np.arange(FIRST, len(dataset.user_vocabulary))
    time = np.full(len(user), log.events.time.max() + 1)
    request, at = log.before(user, time).pairs(kinds.bits("rate"))
    watched = request, log.events.item[at]
    everything = dataset.view(np.ones(len(log), np.bool_))
    likes, shows = everything.counts(kinds.bits("like")), everything.counts(kinds.bits("show"))
    rate = (likes + 20 * likes.sum() / shows.sum()) / (shows + 20)
    even = np.random.default_rng(0).random(len(likes))

    def expected(lists: Ints) -> float:
        return float(truth.expected_likes(user, time, lists).mean())

    return Reach(
        ideal=expected(truth.best(user, time, k=PLACES, excluded=watched)),
        top_rated=expected(_best_unwatched(rate, len(user), watched)),
        popular=expected(_best_unwatched(likes.astype(np.float64), len(user), watched)),
        chance=expected(_best_unwatched(even, len(user), watched)),
    )


def _best_unwatched(score: Doubles, users: int, watched: tuple[Ints, Ints]) -> Ints:
    """The ten best items that each user has not watched, int64[users, K]."""
    order = FIRST + np.argsort(-score[FIRST:], kind="stable")
    place = np.empty(len(score), np.int64)
    place[order] = np.arange(len(order))
    free = np.ones((users, len(order)), np.bool_)
    free[watched[0], place[watched[1]]] = False
    return order[np.argsort(~free, axis=1, kind="stable")[:, :PLACES]]
