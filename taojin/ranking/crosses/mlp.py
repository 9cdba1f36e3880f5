"""Multi-layer perceptron over the concatenated vectors of all fields.

Shapes: N rows, R = 1 or N requests, F fields, D vector size, W units of a layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class MLP:
    """Layers of `hidden` ReLU units; `dropout` after each, the share of units that are left out in training."""

    hidden: tuple[int, ...]
    dropout: float = 0.0

    def build(self, fields: Fields) -> CrossModule:
        """A module whose output is the last hidden layer."""
        if not self.hidden:
            raise ValueError("ranking: MLP needs at least one hidden layer, got none")
        return Perceptron(fields.width("MLP"), self.hidden, self.dropout)


class Perceptron(CrossModule):
    def __init__(self, width: int, hidden: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(width, hidden[0])
        self.rest = nn.ModuleList(nn.Linear(before, units) for before, units in pairwise(hidden))
        self.dropout = nn.Dropout(dropout)
        self.width = hidden[-1]

    def forward(self, x: Embedded) -> Tensor:
        """The last hidden layer, float32[N, W]."""
        h = self.dropout(self._first(x).relu_())
        for layer in self.rest:
            h = self.dropout(layer(h).relu_())
        return h.expand(x.rows, -1)

    def _first(self, x: Embedded) -> Tensor:
        if not x.shared:
            first: Tensor = self.first(x.flat)
            return first
        # Block by block, so that what all rows of a request share is multiplied once.
        weights = self.first.weight.split([block.shape[1] * block.shape[2] for block in x.blocks], 1)
        parts = [functional.linear(block.flatten(1), w) for block, w in zip(x.blocks, weights, strict=True)]
        return sum(parts, start=self.first.bias)
