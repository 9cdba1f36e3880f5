"""Perceptrons that heads are made of.

Shapes: N rows, W width of what is read, T tasks.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def layers(width: int, hidden: Sequence[int], dropout: float = 0.0) -> nn.Sequential:
    """Hidden layers of ReLU units, float32[N, W] -> float32[N, last of hidden]; none: what is read."""
    parts: list[nn.Module] = []
    for before, units in pairwise((width, *hidden)):
        parts += [nn.Linear(before, units), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*parts)


class Towers(nn.Module):
    """A perceptron per task that ends in one logit."""

    def __init__(self, width: int, hidden: Sequence[int], tasks: int, dropout: float = 0.0) -> None:
        super().__init__()
        last = hidden[-1] if hidden else width
        self.towers = nn.ModuleList(
            nn.Sequential(*layers(width, hidden, dropout), nn.Linear(last, 1)) for _ in range(tasks)
        )

    def forward(self, x: Sequence[Tensor]) -> Tensor:
        """Logits, float32[N, T], of what each task's tower reads, float32[N, W] each."""
        return torch.cat([tower(one) for tower, one in zip(self.towers, x, strict=True)], 1)
