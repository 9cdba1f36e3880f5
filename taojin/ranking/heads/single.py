"""Single head: each task's logit is a linear function of the parts' outputs.

Shapes: N rows, W sum of the parts' widths, T tasks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Single:
    """A weight per output and task, and a bias per task.

    A part of width 1, such as `Linear` and `FM`, is a logit already: one task takes it as it is, as the papers have it;
    several tasks share it, so each learns a weight for it that starts at 1.
    """

    def build(self, widths: tuple[int, ...], tasks: int) -> nn.Module:
        """float32[N, W] -> float32[N, T]."""
        one = [width == 1 for width in widths for _ in range(width)]
        logits, others = ([place for place, is_one in enumerate(one) if is_one is wanted] for wanted in (True, False))
        if tasks == 1 and logits:
            return Sum(logits, others)
        layer = nn.Linear(sum(widths), tasks)
        with torch.no_grad():
            layer.weight[:, logits] = 1.0
        return layer


class Sum(nn.Module):
    """The logits of parts, and what one layer makes of the other outputs; a learned weight of a logit would only be
    another learning rate for all that is behind it."""

    def __init__(self, logits: list[int], others: list[int]) -> None:
        super().__init__()
        self.logits = nn.Buffer(torch.tensor(logits), persistent=False)
        self.others = nn.Buffer(torch.tensor(others, dtype=torch.int64), persistent=False)
        n = len(others)
        self.weight = nn.Parameter((torch.rand(n, 1) * 2 - 1) / max(n, 1) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """float32[N, W] -> float32[N, 1]."""
        logit = x.index_select(1, self.logits).sum(1, keepdim=True) + self.bias
        return logit + x.index_select(1, self.others) @ self.weight if len(self.others) else logit
