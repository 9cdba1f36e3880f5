"""What ends every head of several tasks.

Shapes: N rows, W width of what is read, T tasks.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from taojin.nn.perceptron import perceptron


class Towers(nn.Module):
    """A perceptron per task that ends in one logit."""

    def __init__(self, width: int, hidden: Sequence[int], tasks: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.towers = nn.ModuleList(perceptron(width, hidden, 1, dropout) for _ in range(tasks))

    def forward(self, x: Sequence[Tensor]) -> Tensor:
        """Logits, float32[N, T], of what each task's tower reads, float32[N, W] each."""
        return torch.cat([tower(one) for tower, one in zip(self.towers, x, strict=True)], 1)
