"""Multi-layer perceptron over the concatenated vectors of all fields.

Shapes: N rows, R = 1 or N requests, F fields, D vector size, W units of a layer.
"""

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from taojin.core.bounds import Counts, Dropped, bounded
from taojin.nn.activation import Activation, activation
from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class MLP:
    """Layers of `hidden` units; `dropout` after each, the share of units that are left out in training."""

    hidden: Counts
    dropout: Dropped = 0.0
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        bounded(self)
        if not self.hidden:
            raise ValueError("ranking: MLP needs at least one hidden layer, got none")

    def build(self, fields: Fields) -> CrossModule:
        """A module whose output is the last hidden layer."""
        return Perceptron(fields.width("MLP"), self)


class Perceptron(CrossModule):
    def __init__(self, width: int, spec: MLP) -> None:
        super().__init__()
        self.first = nn.Linear(width, spec.hidden[0])
        self.rest = nn.ModuleList(nn.Linear(before, units) for before, units in pairwise(spec.hidden))
        self.bends = nn.ModuleList(activation(spec.activation, units) for units in spec.hidden)
        self.dropout = nn.Dropout(spec.dropout)
        self.width = spec.hidden[-1]

    def forward(self, x: Embedded) -> Tensor:
        """The last hidden layer, float32[N, W]."""
        h = self.dropout(self.bends[0](self._first(x)))
        for layer, bend in zip(self.rest, self.bends[1:], strict=True):
            h = self.dropout(bend(layer(h)))
        return h.expand(x.rows, -1)

    def _first(self, x: Embedded) -> Tensor:
        if not x.shared:
            first: Tensor = self.first(x.flat)
            return first
        # Block by block, so that what all rows of a request share is multiplied once.
        weights = self.first.weight.split([block.shape[1] * block.shape[2] for block in x.blocks], 1)
        parts = [functional.linear(block.flatten(1), w) for block, w in zip(x.blocks, weights, strict=True)]
        return sum(parts, start=self.first.bias)
