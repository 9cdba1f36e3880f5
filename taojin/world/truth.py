"""What the world knows and nobody else does: how probable it is that a user likes an item, and the best list.

Shapes: R requests, K places, I items, X excluded pairs, A axes of taste.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.units import FIRST, PAD, Floats, Ints
from taojin.world import reactions
from taojin.world.films import Films
from taojin.world.tastes import Tastes

CELLS = 4_000_000
"""Pairs of request and item that `best` works out at a time."""


@dataclass(frozen=True)
class Truth:
    """Users and items are rows of the world's vocabularies, from FIRST on; times are milliseconds."""

    films: Films
    tastes: Tastes

    def like_probability(self, user: Ints, item: Ints, time: Ints) -> Floats:
        """Probability that the user watches and likes the item when looking at it at that time, float32.

        The three broadcast against each other. PAD has probability 0, and so has a film that is not out yet.
        """
        assert (user >= FIRST).all(), "the world knows its own users only"
        viewer, film = user - FIRST, np.maximum(item - FIRST, 0)
        appeal = np.einsum("...a,...a->...", self.tastes.at(viewer, time), self.films.appeal[film])
        out = (item >= FIRST) & (self.films.released[film] <= time)
        return np.where(out, self._likes(viewer, film, appeal), np.float32(0))

    def expected_likes(self, user: Ints, time: Ints, items: Ints) -> Floats:
        """Expected number of likes on lists int64[R, K] looked at to the end, float32[R]; PAD counts nothing."""
        return self.like_probability(user[:, None], items, time[:, None]).sum(axis=1)

    def best(self, user: Ints, time: Ints, *, k: int, excluded: tuple[Ints, Ints]) -> Ints:
        """The lists with the most expected likes, int64[R, k], best first, PAD on the right where films run out.

        excluded    pairs (request, item), two int64[X], that may not stand on the lists: `Pasts.pairs` has them
        """
        lists = np.full((len(user), k), PAD, np.int64)
        order = np.argsort(excluded[0], kind="stable")
        order = order[excluded[1][order] >= FIRST]
        request, barred = excluded[0][order], excluded[1][order] - FIRST
        height = max(1, CELLS // len(self.films))
        for start in range(0, len(user), height):
            rows = slice(start, start + height)
            score = self._everything(user[rows] - FIRST, time[rows])  # [block, I]
            inside = slice(*np.searchsorted(request, (start, start + height)))
            score[request[inside] - start, barred[inside]] = 0.0
            place = np.argpartition(-score, min(k, score.shape[1]) - 1, axis=1)[:, :k]
            chance = np.take_along_axis(score, place, axis=1)
            rank = np.argsort(-chance, axis=1, kind="stable")
            item = np.take_along_axis(place, rank, axis=1) + FIRST
            possible = np.take_along_axis(chance, rank, axis=1) > 0
            lists[rows, : item.shape[1]] = np.where(possible, item, PAD)
        return lists

    def _everything(self, user: Ints, time: Ints) -> Floats:
        """Probabilities of all films, float32[R, I]; 0 before they are out."""
        appeal = self.tastes.at(user, time) @ self.films.appeal.T
        chance = self._likes(user[:, None], np.arange(len(self.films))[None, :], appeal)
        return np.where(self.films.released <= time[:, None], chance, np.float32(0))

    def _likes(self, user: Ints, film: Ints, appeal: Floats) -> Floats:
        quality = self.films.quality[film]
        watch = reactions.watches(appeal, quality, self.tastes.openness[user])
        return reactions.likes(watch, reactions.stars(appeal, quality, self.tastes.generosity[user]))
