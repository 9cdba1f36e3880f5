"""Merging: one order of what several channels brought, which decides where no ranker does. NumPy only.

A candidate's score comes from its own places and scores alone, so an answer does not depend on other requests.

Shapes: N candidates, C channels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Candidates
from taojin.core.bounds import Positive, bounded
from taojin.core.curves import Sigmoid, Steps
from taojin.core.units import Floats


@runtime_checkable
class Merge(Protocol):
    """Orders candidates of several channels. Stands in a bundle."""

    def score(self, candidates: Candidates) -> Floats:
        """What to order by, float32[N], finite; places count from 1 within what the rules allow and the quota."""
        ...


@dataclass(frozen=True, kw_only=True)
class ReciprocalRank:
    """The sum over channels of 1 ÷ (constant + place): who is near the top of several lists comes first.

    Cormack, Clarke and Büttcher, SIGIR 2009, https://doi.org/10.1145/1571941.1572114.
    """

    constant: Positive = 60.0

    def __post_init__(self) -> None:
        bounded(self)

    def score(self, candidates: Candidates) -> Floats:
        """Reciprocal rank fusion."""
        place = candidates.place.astype(np.float64)
        fused: Floats = _over(place > 0, 1 / (self.constant + np.maximum(place, 1))).sum(axis=1).astype(np.float32)
        return fused


@dataclass(frozen=True, kw_only=True)
class Snake:
    """Channels take turns in the scene's order, every second round backwards; an item counts where it comes first."""

    def score(self, candidates: Candidates) -> Floats:
        """1 ÷ the number of its turn, from 1."""
        place, channels = candidates.place.astype(np.int64), len(candidates.channels)
        if not channels:
            return np.zeros(len(candidates), np.float32)
        forth = np.arange(channels)
        turn = np.where(place % 2 == 1, forth, channels - 1 - forth) + (place - 1) * channels
        first = np.where(place > 0, turn, np.iinfo(np.int64).max - 1).min(axis=1)
        return (1 / (1 + first)).astype(np.float32)


class By(StrEnum):
    """What a channel's probability is read from.

    SCORE   the channel's own score: where it means the same in every request
    PLACE   the place in its list: where it does not
    """

    SCORE = "score"
    PLACE = "place"

    def of(self, candidates: Candidates) -> NDArray[np.float64]:
        """The quantity of each candidate in each channel, larger is better, float64[N, C]."""
        if self is By.SCORE:
            return candidates.found.astype(np.float64)
        return -np.log(np.maximum(candidates.place, 1).astype(np.float64))


TIES = 1e-3
"""What reciprocal rank fusion, at most 1 in 60 a channel, counts beside a probability."""


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """The probability that a candidate is relevant: 1 - the product over its channels of (1 - the channel's own).

    Where a curve is flat, reciprocal rank fusion decides; it weighs so little that it changes no other order.

    curves      by channel, learned on validation
    """

    curves: Mapping[str, Steps | Sigmoid]
    by: By = By.SCORE

    def score(self, candidates: Candidates) -> Floats:
        """As if channels were right independently of one another."""
        for name in candidates.channels:
            if name not in self.curves:
                raise ValueError(
                    f"merge: channel {name!r} was not calibrated; there are {', '.join(self.curves)}; train again"
                )
        quantity = self.by.of(candidates)
        wrong = np.ones(len(candidates))
        for column, name in enumerate(candidates.channels):
            wrong *= 1 - _over(candidates.place[:, column] > 0, self.curves[name](quantity[:, column]))
        return (1 - wrong + TIES * ReciprocalRank().score(candidates)).astype(np.float32)


def _over(there: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values of those that are there, 0 for the others."""
    return np.where(there, values, 0.0)
