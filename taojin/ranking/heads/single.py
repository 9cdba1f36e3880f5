"""Single head: each task's logit is a linear function of the parts' outputs.

Shapes: N rows, W sum of the parts' widths, T tasks.
"""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Single:
    """A weight per output and task, and a bias per task.

    A part of width 1 is a logit already: its weight starts at 1, so that `Linear` and `FM` begin as the papers' models.
    """

    def build(self, widths: tuple[int, ...], tasks: int) -> nn.Module:
        """float32[N, W] -> float32[N, T]."""
        layer = nn.Linear(sum(widths), tasks)
        is_logit = torch.cat([torch.full((width,), width == 1) for width in widths])
        with torch.no_grad():
            layer.weight[:, is_logit] = 1.0
        return layer
