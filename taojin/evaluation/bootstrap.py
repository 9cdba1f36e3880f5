"""Confidence intervals by drawing users again: what another crowd of the same kind would have given.

Shapes: U users (one request each), M metrics, B resamples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from taojin.evaluation.recommended import Doubles


@dataclass(frozen=True)
class Interval:
    """An estimate and the percentile interval around it."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """Percentile bootstrap over users.

    Each resample draws as many users as there are, with replacement: multinomial weights. All metrics of one call see
    the same resamples, so their intervals belong together.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    resamples   how many crowds are drawn
    level       share of them inside the interval
    block       resamples whose weights are held at once
    """

    resamples: int = 2_000
    level: float = 0.95
    seed: int = 0
    block: int = 100

    def mean(self, values: Doubles) -> list[Interval]:
        """Mean of each column over the users where it is not NaN; `values` [U, M].

        >>> Bootstrap().mean(np.ones((50, 1)))
        [Interval(mean=1.0, low=1.0, high=1.0)]
        """
        known = ~np.isnan(values)
        return self.ratio(np.where(known, values, 0.0), known.astype(np.float64))

    def difference(self, ours: Doubles, theirs: Doubles) -> list[Interval]:
        """Mean of ours minus theirs, user by user; both [U, M]."""
        assert ours.shape == theirs.shape, f"paired difference of {ours.shape} and {theirs.shape} values"
        return self.mean(ours - theirs)

    def ratio(self, part: Doubles, whole: Doubles) -> list[Interval]:
        """Sum of part over sum of whole of each column; both [U, M]. NaN where the whole is 0."""
        both = np.concatenate([part, whole], axis=1)  # [U, 2 M]
        users, metrics = part.shape
        if not users:
            return [Interval(float("nan"), float("nan"), float("nan"))] * metrics
        drawn = np.concatenate([weights @ both for weights in self._weights(users)])  # [B, 2 M]
        total = both.sum(axis=0)
        estimates = _ratio(total[:metrics], total[metrics:])
        tail = (1 - self.level) / 2
        redrawn = _ratio(drawn[:, :metrics], drawn[:, metrics:])
        bounds = [_bounds(column[~np.isnan(column)], tail) for column in redrawn.T]
        return [Interval(float(mean), *bound) for mean, bound in zip(estimates, bounds, strict=True)]

    def _weights(self, users: int) -> Iterator[Doubles]:
        generator = np.random.default_rng(self.seed)
        share = np.full(users, 1 / users)
        sizes = [min(self.block, self.resamples - start) for start in range(0, self.resamples, self.block)]
        for size in sizes:
            yield generator.multinomial(users, share, size=size).astype(np.float64)


def average_seeds(runs: Sequence[Doubles]) -> Doubles:
    """Each user's mean over several seeds, so that seeds do not count as users; every run [U] or [U, M]."""
    shapes = {run.shape for run in runs}
    if len(shapes) != 1:
        raise ValueError(f"seeds: expected the same users in every run, got shapes {sorted(shapes)}; use one split")
    mean: Doubles = np.mean(np.stack(runs), axis=0)
    return mean


def _bounds(values: Doubles, tail: float) -> tuple[float, float]:
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _ratio(part: Doubles, whole: Doubles) -> Doubles:
    ratio: Doubles = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)
    return ratio


BOOTSTRAP = Bootstrap()
"""What is reported unless told otherwise: 2,000 resamples, 95 %, seed 0."""
