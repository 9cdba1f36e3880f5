"""Perceptrons that towers and heads are made of.

Shapes: N rows, W width of what is read.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def layers(width: int, hidden: Sequence[int], dropout: float = 0.0) -> nn.Sequential:
    """Hidden layers of ReLU units, float32[N, W] -> float32[N, last of hidden]; none: what is read."""
    parts: list[nn.Module] = []
    for before, units in pairwise((width, *hidden)):
        parts += [nn.Linear(before, units), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*parts)


def perceptron(width: int, hidden: Sequence[int], dim: int, dropout: float) -> nn.Sequential:
    """Hidden layers, then a linear one: float32[N, W] -> float32[N, dim]."""
    return nn.Sequential(*layers(width, hidden, dropout), nn.Linear((width, *hidden)[-1], dim))
