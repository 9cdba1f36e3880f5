"""Quotas by greedy marginal recall: the next places go to the channel that finds most with them that no other has.

The gain of a channel's next places does not always fall, so a step may be of any length: the one of the largest gain a
place is taken. Greedy choice under diminishing returns is within 1 - 1/e of the best: Nemhauser, Wolsey and Fisher,
Mathematical Programming 1978, https://doi.org/10.1007/BF01588971.

Shapes: M relevant items of all requests, C channels, R requests.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from taojin.core.units import Ints, Mask
from taojin.evaluation.recommended import Doubles

STEP = 5
"""Places that a step adds at least: single places would follow single users."""
FOLDS = 5

Quotas = dict[str, int]
Chooser = Callable[["Finds", int], Quotas]


@dataclass(frozen=True, kw_only=True)
class Finds:
    """Where each channel has each relevant item.

    channels    C names
    place       int64[M, C]     place among what the rules allow, from 1; 0 where it is not found
    request     int64[M]
    requests    R
    """

    channels: tuple[str, ...]
    place: Ints
    request: Ints
    requests: int

    def of_requests(self, mask: Mask) -> "Finds":
        """Those of some requests, bool[R]."""
        number = np.cumsum(mask) - 1
        rows = mask[self.request]
        return Finds(
            channels=self.channels,
            place=self.place[rows],
            request=number[self.request[rows]],
            requests=int(mask.sum()),
        )

    @property
    def weight(self) -> Doubles:
        """What finding each item adds to the mean recall over requests, float64[M]."""
        relevant = np.bincount(self.request, minlength=self.requests)
        return 1 / (relevant[self.request] * self.requests)

    def recall(self, quotas: Quotas) -> float:
        """Mean over requests of the share of relevant items that some channel has within its quota."""
        return float(self.weight[_found(self.place, self._limits(quotas))].sum())

    def _limits(self, quotas: Quotas) -> Ints:
        return np.array([quotas[name] for name in self.channels])


def greedy(finds: Finds, budget: int) -> Quotas:
    """Quotas that add up to the budget at most, one place for each channel at least.

    Places that find nothing new are not given away, so quotas may add up to less.
    """
    if budget < len(finds.channels):
        raise ValueError(f"budget: expected {len(finds.channels)} or more, a place for each channel; got {budget}")
    quota, weight = np.ones(len(finds.channels), np.int64), finds.weight
    while (left := budget - int(quota.sum())) > 0:
        missing = ~_found(finds.place, quota)
        steps = [_step(finds.place[missing, c], weight[missing], int(q), left) for c, q in enumerate(quota)]
        best = int(np.argmax([rate for rate, _ in steps]))
        if steps[best][0] <= 0:
            break
        quota[best] += steps[best][1]
    return dict(zip(finds.channels, quota.tolist(), strict=True))


def equal(finds: Finds, budget: int) -> Quotas:
    """The same for every channel; the first get what does not divide."""
    each, rest = divmod(budget, len(finds.channels))
    return {name: each + (place < rest) for place, name in enumerate(finds.channels)}


def scaled(quotas: Quotas) -> Chooser:
    """Quotas in the proportions of given ones, rounded down, one place at least."""
    total = sum(quotas.values())
    return lambda finds, budget: {name: max(1, quotas[name] * budget // total) for name in finds.channels}


def single(finds: Finds, budget: int) -> Quotas:
    """The whole budget for the channel that finds most with it."""
    alone = [{name: budget * (name == one) for name in finds.channels} for one in finds.channels]
    return max(alone, key=finds.recall)


def held_out(finds: Finds, choose: Chooser, budget: int, *, seed: int = 0) -> float:
    """Recall of quotas on requests other than those that they were chosen on: mean over folds of the requests."""
    if finds.requests < 2:
        raise ValueError(f"quotas: expected 2 users or more with a relevant item on validation, got {finds.requests}")
    fold = np.random.default_rng(seed).permutation(finds.requests) % min(FOLDS, finds.requests)
    total = 0.0
    for part in np.unique(fold):
        judged = finds.of_requests(fold == part)
        learned = choose(finds.of_requests(fold != part), budget)
        total += judged.recall(learned) * judged.requests
    return total / finds.requests


def _step(place: Ints, weight: Doubles, quota: int, left: int) -> tuple[float, int]:
    """The step of the largest gain a place that a channel can make: its gain a place, and its length."""
    ahead = place - quota
    ahead, weight = ahead[(ahead > 0) & (ahead <= left)], weight[(ahead > 0) & (ahead <= left)]
    gain = np.cumsum(np.bincount(ahead, weight, minlength=left + 1))
    length = np.minimum(np.arange(STEP, left + STEP, STEP), left)
    rate = gain[length] / length
    best = int(np.argmax(rate))
    return float(rate[best]), int(length[best])


def _found(place: Ints, quota: Ints) -> Mask:
    found: Mask = np.any((place > 0) & (place <= quota), axis=1)
    return found
