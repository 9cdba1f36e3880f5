"""Residual perceptron: layers that add to what they read.

Shan et al., "Deep Crossing", KDD 2016, https://doi.org/10.1145/2939672.2939704

Shapes: N rows, F fields, D vector size, W = F * D.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from taojin.core.bounds import Counts, bounded
from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class ResidualMLP:
    """Residual units over all vectors, each with a hidden layer; the output is as wide as the input."""

    hidden: Counts

    def __post_init__(self) -> None:
        bounded(self)
        if not self.hidden:
            raise ValueError("ranking: ResidualMLP needs at least one unit, got none")

    def build(self, fields: Fields) -> CrossModule:
        """A module of W numbers."""
        return ResidualUnits(fields.width("ResidualMLP"), self.hidden)


class ResidualUnits(CrossModule):
    def __init__(self, width: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.width = width
        self.inner = nn.ModuleList(nn.Linear(width, units) for units in hidden)
        self.outer = nn.ModuleList(nn.Linear(units, width) for units in hidden)

    def forward(self, x: Embedded) -> Tensor:
        """The last unit's output, float32[N, W]."""
        h = x.flat
        for inner, outer in zip(self.inner, self.outer, strict=True):
            h = (h + outer(inner(h).relu_())).relu_()
        return h
