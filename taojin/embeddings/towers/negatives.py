"""What a wanted item is told from: the whole catalogue, or a sample that all rows of a batch share.

Shapes: N rows of a batch, S distinct items of a sample, I items in the vocabulary, W items that may be drawn.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from taojin.core.bounds import NotNegative, Whole, bounded


class Sample(NamedTuple):
    """The items that all rows of a batch are told from, each once.

    item        int64[S]
    weight      float32[S]  log of (times drawn ÷ times expected): a row's sum over the sample stands for the catalogue
    catalogue   how many items there are to be told from
    """

    item: Tensor
    weight: Tensor
    catalogue: int


@dataclass(frozen=True, kw_only=True)
class Negatives:
    """How many items are drawn for each batch, and how; several kinds are mixed, none is the whole catalogue.

    uniform     drawn with equal probability
    popular     drawn by counts ** power
    in_batch    the wanted items of the batch's rows
    """

    uniform: Whole = 0
    popular: Whole = 0
    in_batch: bool = False
    power: NotNegative = 0.75

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def everything(self) -> bool:
        """Whether the whole catalogue is asked."""
        return not (self.uniform or self.popular or self.in_batch)

    def sampler(self, count: Tensor, warm: Tensor | None = None) -> "Sampler":
        """For items that have so many of the events that are learned from, int64[I].

        warm    bool[I]     items that may be drawn, None: those with such events; the others must not be learned to be
                            bad
        """
        pool = (count > 0 if warm is None else warm).nonzero().squeeze(1)
        if not len(pool):
            raise ValueError("negatives: no item has an event, there is nothing to draw from")
        # Against the most popular, so that no power overflows.
        popularity = (count[pool] / count.max().clamp(min=1)).double() ** self.power
        popular = torch.zeros(len(count), device=count.device).index_put(
            (pool,), (popularity / popularity.sum()).float()
        )
        return Sampler(self, pool, (count / count.sum()).float(), popularity.cumsum(0) / popularity.sum(), popular)


@dataclass(frozen=True)
class Sampler:
    """Draws samples from torch's global generator.

    pool        int64[W]    items that may be drawn
    share       float32[I]  of each item among the events
    cumulative  float64[W]  distribution of the popular draw
    popular     float32[I]  its probabilities
    """

    spec: Negatives
    pool: Tensor
    share: Tensor
    cumulative: Tensor
    popular: Tensor

    def draw(self, wanted: Tensor) -> Sample:
        """A sample for rows that want these items, int64[N]."""
        if self.spec.everything:
            return Sample(self.pool, torch.zeros(len(self.pool), device=self.pool.device), len(self.pool))
        device = wanted.device
        drawn = [wanted] if self.spec.in_batch else []
        if self.spec.uniform:
            drawn.append(self.pool[torch.randint(len(self.pool), (self.spec.uniform,), device=device)])
        if self.spec.popular:
            at = torch.rand(self.spec.popular, device=device, dtype=self.cumulative.dtype)
            drawn.append(self.pool[torch.searchsorted(self.cumulative, at).clamp(max=len(self.pool) - 1)])
        item, times = torch.unique(torch.cat(drawn), return_counts=True)
        return Sample(item, (times / self._expected(item, len(wanted))).log(), len(self.pool))

    def _expected(self, item: Tensor, rows: int) -> Tensor:
        """How often each item is expected in a sample for so many rows."""
        batch = rows * self.share[item] if self.spec.in_batch else 0
        return batch + self.spec.popular * self.popular[item] + self.spec.uniform / len(self.pool)
