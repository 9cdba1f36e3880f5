"""The earlier recommender, whose lists are in the log: fame, some taste, much chance.

Shapes: I films, S lists, C candidates of a list, E films shown, A axes of taste.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import DAY, Floats, Ints, Mask
from taojin.world import reactions
from taojin.world.films import Films
from taojin.world.tastes import Tastes

LIST = 10
"""Places of a list."""
CANDIDATES = 30
"""Films that are drawn for a list, and put into order."""
SOURCES = {"any": 0.12, "new": 0.14, "famous": 0.74}
"""Where they are drawn: evenly; by fame, among what appeared during the last NEW; by fame, among all."""
NEW = 180 * DAY
TASTE = 0.5
"""The score is the log odds of watching times this, plus standard Gumbel noise."""


@dataclass(frozen=True)
class Lists:
    """E films on lists, by list and position.

    list        int64[E]    whose it is
    position    int64[E]    place in it, from 0
    item        int64[E]    place among the films
    appeal      float32[E]  to the user at that time
    watch       float32[E]  log odds that the user watches it, having looked
    """

    list: Ints
    position: Ints
    item: Ints
    appeal: Floats
    watch: Floats


@dataclass(frozen=True)
class Policy:
    """Shows lists of films that are out."""

    films: Films
    tastes: Tastes

    def lists(self, user: Ints, time: Ints, watched: Ints, rng: np.random.Generator) -> Lists:
        """Lists for these users at these times, int64[S] each, by user and time; no film twice for one user.

        watched     ascending keys (user * films + film) of what must not be shown
        """
        item = self._draw(time, rng)  # [S, C]
        taste = self.tastes.at(user, time)
        appeal = np.einsum("sa,sca->sc", taste, self.films.appeal[item])
        watch = reactions.watches(appeal, self.films.quality[item], self.tastes.openness[user][:, None])
        score = TASTE * watch + _gumbel(item.shape, rng)
        rank = np.argsort(-score, axis=1, kind="stable")
        item, appeal, watch = (np.take_along_axis(column, rank, axis=1) for column in (item, appeal, watch))
        fresh = self._fresh(user[:, None] * len(self.films) + item, watched)
        position = np.cumsum(fresh, axis=1) - 1
        at = fresh & (position < LIST)
        return Lists(np.nonzero(at)[0], position[at], item[at], appeal[at], watch[at])

    def _draw(self, time: Ints, rng: np.random.Generator) -> Ints:
        """Candidates, int64[S, C], films that are out."""
        out = np.searchsorted(self.films.released, time, side="right")[:, None]
        old = np.searchsorted(self.films.released, time - NEW, side="right")[:, None]
        source, where = rng.random((2, len(time), CANDIDATES))
        evenly = source < SOURCES["any"]
        lately = ~evenly & (source < SOURCES["any"] + SOURCES["new"]) & (old < out)
        low = np.where(lately, self._demand[old], 0.0)
        by_fame = np.searchsorted(self._demand, low + where * (self._demand[out] - low), side="right") - 1
        return np.minimum(np.where(evenly, (where * out).astype(np.int64), by_fame), out - 1)

    @staticmethod
    def _fresh(key: Ints, watched: Ints) -> Mask:
        """False for what was watched, and for what stands further up or on an earlier list, bool[S, C]."""
        fresh = np.zeros(key.size, np.bool_)
        fresh[np.unique(key, return_index=True)[1]] = True
        if len(watched):
            flat = key.ravel()
            fresh &= watched[np.minimum(np.searchsorted(watched, flat), len(watched) - 1)] != flat
        return fresh.reshape(key.shape)

    @cached_property
    def _demand(self) -> NDArray[np.float64]:
        """Fame of the films up to each, float64[I + 1]."""
        return np.concatenate(([0.0], np.cumsum(self.films.fame, dtype=np.float64)))


def _gumbel(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    # The sum keeps the logarithm finite.
    return -np.log(rng.standard_exponential(shape, np.float32) + 1e-12)
