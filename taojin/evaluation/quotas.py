"""Quotas by greedy marginal recall: the next places go to the channel that finds most for what they cost.

What a channel's next places cost are the candidates that no other channel has brought yet, since those are what the
rankers must score. The gain of the next places does not always fall, so steps of any length are compared. Greedy
choice by gain for cost: Khuller, Moss and Naor, Information Processing Letters 1999,
https://doi.org/10.1016/S0020-0190(99)00031-9

Shapes: N candidates of all requests, each once, C channels, R requests, P places.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import Ints, Mask
from taojin.evaluation.recommended import Doubles

STEP = 5
"""Places that a step adds at least: single places would follow single users."""
FOLDS = 5

Quotas = dict[str, int]
Chooser = Callable[["Proposals", int], Quotas]


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """What channels propose, deeper than any quota, and what of it is relevant.

    channels    C names
    place       uint16[N, C]    place among what the rules allow, from 1; 0 where a channel does not propose it
    request     int64[N]
    relevant    bool[N]
    wanted      int64[R]        relevant items of each request, proposed or not; 1 or more
    """

    channels: tuple[str, ...]
    place: NDArray[np.uint16]
    request: Ints
    relevant: Mask
    wanted: Ints

    def __len__(self) -> int:
        """How many requests."""
        return len(self.wanted)

    def of_requests(self, mask: Mask) -> "Proposals":
        """Those of some requests, bool[R]."""
        rows = mask[self.request]
        return Proposals(
            channels=self.channels,
            place=self.place[rows],
            request=(np.cumsum(mask) - 1)[self.request[rows]],
            relevant=self.relevant[rows],
            wanted=self.wanted[mask],
        )

    def recall(self, quotas: Quotas) -> float:
        """Mean over requests of the share of relevant items that some channel has within its quota."""
        return float(self.weight[self._within(quotas)].sum())

    def size(self, quotas: Quotas) -> float:
        """Candidates a request, each counted once."""
        return float(self._within(quotas).sum() / len(self))

    @cached_property
    def weight(self) -> Doubles:
        """What each candidate adds to the mean recall, float64[N]."""
        return self.relevant / (self.wanted[self.request] * len(self))

    def _within(self, quotas: Quotas) -> Mask:
        quota = np.array([quotas[name] for name in self.channels])
        within: Mask = np.any((self.place > 0) & (self.place <= quota), axis=1)
        return within


def greedy(proposals: Proposals, budget: int) -> Quotas:
    """Quotas that bring as many candidates a request as the budget, at most; one place for each channel at least.

    A step that would find nothing is not taken, so they may bring fewer.
    """
    walk = _Walk(proposals)
    while (step := walk.best(budget)) is not None:
        walk.take(*step)
    return dict(zip(proposals.channels, walk.quota, strict=True))


def equal(proposals: Proposals, budget: int) -> Quotas:
    """The same for every channel."""
    return _largest(proposals, budget, lambda share: dict.fromkeys(proposals.channels, share))


def scaled(quotas: Quotas) -> Chooser:
    """Quotas in the proportions of given ones, one place at least."""
    most = max(quotas.values())
    return lambda proposals, budget: _largest(
        proposals, budget, lambda share: {name: max(1, quotas[name] * share // most) for name in proposals.channels}
    )


def single(proposals: Proposals, budget: int) -> Quotas:
    """The whole budget for the channel that finds most with it."""
    alone = [{name: budget * (name == one) for name in proposals.channels} for one in proposals.channels]
    return max(alone, key=proposals.recall)


def held_out(proposals: Proposals, choose: Chooser, budget: int, *, seed: int = 0) -> float:
    """Recall of quotas on requests other than those that they were chosen on: mean over folds of the requests."""
    if len(proposals) < 2:
        raise ValueError(f"quotas: expected 2 users or more with a relevant item on validation, got {len(proposals)}")
    fold = np.random.default_rng(seed).permutation(len(proposals)) % min(FOLDS, len(proposals))
    total = 0.0
    for part in np.unique(fold):
        judged = proposals.of_requests(fold == part)
        total += judged.recall(choose(proposals.of_requests(fold != part), budget)) * len(judged)
    return total / len(proposals)


class _Walk:
    """Quotas that grow, and what each channel's further places would add to what is there.

    gain, cost      float64[C, P]   recall and candidates a request of each place, of what nobody has brought; P reaches
                                    a step beyond the deepest place
    """

    def __init__(self, proposals: Proposals) -> None:
        place, self.places = proposals.place, int(proposals.place.max(initial=0))
        self.proposals, self.quota, self.size = proposals, [0] * place.shape[1], 0.0
        self.there = np.zeros(len(place), np.bool_)
        self.by_place = [np.argsort(column, kind="stable") for column in place.T]
        self.starts = [
            np.searchsorted(column[order], np.arange(self.places + 2))
            for column, order in zip(place.T, self.by_place, strict=True)
        ]
        self.width = self.places + STEP + 1
        every = np.arange(len(place))
        self.gain, self.cost = self._sums(every, proposals.weight), self._sums(every, None)
        for channel in range(len(self.quota)):
            self.take(channel, 1)

    def best(self, budget: int) -> tuple[int, int] | None:
        """The channel and the length of the step that gains most for its cost within the budget."""
        found, best = None, 0.0
        for channel, quota in enumerate(self.quota):
            gain = np.cumsum(self.gain[channel, quota + 1 :])[STEP - 1 :: STEP]
            cost = np.cumsum(self.cost[channel, quota + 1 :])[STEP - 1 :: STEP]
            # A step of no cost brings what is there already, and gains nothing either.
            rate = np.where(self.size + cost <= budget, gain / np.maximum(cost, 1e-12), 0.0)
            at = int(np.argmax(rate)) if len(rate) else 0
            if len(rate) and rate[at] > best:
                found, best = (channel, STEP * (at + 1)), float(rate[at])
        return found

    def take(self, channel: int, length: int) -> None:
        """Give a channel further places."""
        first, last = self.quota[channel] + 1, min(self.quota[channel] + length, self.places)
        starts = self.starts[channel]
        rows = self.by_place[channel][starts[min(first, last + 1)] : starts[last + 1]]
        fresh = rows[~self.there[rows]]
        self.there[fresh] = True
        self.gain -= self._sums(fresh, self.proposals.weight[fresh])
        self.cost -= self._sums(fresh, None)
        self.size += len(fresh) / len(self.proposals)
        self.quota[channel] += length

    def _sums(self, rows: Ints, weight: Doubles | None) -> Doubles:
        """Sums by channel and place over some candidates, [C, P]; without weights, their number a request."""
        columns = self.proposals.place[rows].T
        sums = np.stack([np.bincount(column, weight, self.width) for column in columns]).astype(np.float64)
        return sums if weight is not None else sums / len(self.proposals)


def _largest(proposals: Proposals, budget: int, of_share: Callable[[int], Quotas]) -> Quotas:
    """The quotas of the largest share that bring no more than the budget, by halving; those of share 1 at least."""
    low, high = 1, max(int(proposals.place.max(initial=0)), 1) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if proposals.size(of_share(middle)) <= budget else (low, middle)
    return of_share(low)
