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
        is_logit = torch.cat([torch.full((width,), width == 1) for width in widths])
        if tasks == 1 and is_logit.any():
            return Sum(is_logit)
        layer = nn.Linear(sum(widths), tasks)
        with torch.no_grad():
            layer.weight[:, is_logit] = 1.0
        return layer


class Sum(nn.Module):
    """The logits of parts, and what one layer makes of the other outputs; a learned weight of a logit would only be
    another learning rate for all that is behind it."""

    def __init__(self, is_logit: Tensor) -> None:
        super().__init__()
        self.logits = nn.Buffer(is_logit.nonzero().squeeze(1), persistent=False)
        self.others = nn.Buffer((~is_logit).nonzero().squeeze(1), persistent=False)
        n = len(self.others)
        self.weight = nn.Parameter((torch.rand(n, 1) * 2 - 1) / max(n, 1) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """float32[N, W] -> float32[N, 1]."""
        logit = x.index_select(1, self.logits).sum(1, keepdim=True) + self.bias
        return logit + x.index_select(1, self.others) @ self.weight if len(self.others) else logit
