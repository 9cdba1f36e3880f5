"""Attentional factorisation machine: each pair of fields counts as much as a small network says.

Xiao et al., IJCAI 2017, https://arxiv.org/abs/1708.04617

Shapes: N rows, F fields, D vector size, P = F (F - 1) / 2 pairs, U units.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from taojin.core.bounds import Count, Dropped, bounded
from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class AttentionalFM:
    """The pairs alone; the paper's model is `Linear(), AttentionalFM()`.

    units   of the attention's hidden layer
    dropout of the pooled product, in training
    """

    units: Count = 16
    dropout: Dropped = 0.0

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> CrossModule:
        """A module whose output is one number."""
        fields.pairs("AttentionalFM")
        return AttendedPairs(len(fields.names), fields.dim, self.units, self.dropout)


class AttendedPairs(CrossModule):
    width = 1

    def __init__(self, fields: int, dim: int, units: int, dropout: float) -> None:
        super().__init__()
        first, second = torch.triu_indices(fields, fields, offset=1)
        self.first, self.second = (nn.Buffer(place, persistent=False) for place in (first, second))
        self.hidden, self.score = nn.Linear(dim, units), nn.Linear(units, 1, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(dim, 1, bias=False)

    def forward(self, x: Embedded) -> Tensor:
        """float32[N, 1]."""
        vectors = x.vectors
        pairs = vectors.index_select(1, self.first) * vectors.index_select(1, self.second)  # [N, P, D]
        share = self.score(self.hidden(pairs).relu()).softmax(1)  # [N, P, 1]
        found: Tensor = self.out(self.dropout((share * pairs).sum(1)))
        return found
