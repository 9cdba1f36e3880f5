"""Entire space: each task happens only where the one before it did, such as a click, then a purchase.

ESMM: Ma et al., SIGIR 2018, https://arxiv.org/abs/1804.07931

Shapes: N rows, W sum of the parts' widths, T tasks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from taojin.core.bounds import Counts, Dropped, bounded
from taojin.ranking.heads.towers import Towers


@dataclass(frozen=True, kw_only=True)
class ESMM:
    """A tower per task, whose probability is multiplied by that of the task before it.

    Tasks stand in the order in which they happen; the label of each is that of its whole chain, over all rows: a
    purchase without a click does not exist.
    """

    tower: Counts = (128, 64)
    dropout: Dropped = 0.0

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, widths: tuple[int, ...], tasks: int) -> nn.Module:
        """float32[N, W] -> float32[N, T]."""
        if tasks < 2:
            raise ValueError(f"ranking: ESMM chains two tasks or more, got {tasks}; take Single()")
        return Chain(self, sum(widths), tasks)


class Chain(nn.Module):
    def __init__(self, spec: ESMM, width: int, tasks: int) -> None:
        super().__init__()
        self.towers = Towers(width, spec.tower, tasks, spec.dropout)
        self.tasks = tasks

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the products, float32[N, T]."""
        first, *later = self.towers([x] * self.tasks).split(1, 1)
        logits = [first]
        for own in later:
            # The logit of s(a) s(b) is -log(exp(-a) + exp(-b) + exp(-a - b)): no probability is ever rounded to 1.
            before = logits[-1]
            logits.append(-torch.logsumexp(torch.cat([-before, -own, -before - own], 1), 1, keepdim=True))
        return torch.cat(logits, 1)
