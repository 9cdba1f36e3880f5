"""Field-aware factorisation machine: a value has a vector for each field that it may meet.

Juan et al., RecSys 2016, https://doi.org/10.1145/2959100.2959134

Shapes: N rows, F fields, D vector size.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from taojin.core.bounds import Count, bounded
from taojin.nn.table import Table
from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class FFM:
    """The pairs alone, with a table of vectors of size F * `dim`; the paper's model is `Linear(), FFM()`."""

    dim: Count = 4

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> CrossModule:
        """A module with a table of its own; it does not see the shared vectors."""
        names = fields.all_inputs("FFM").names_of_sides
        if len(names) < 2:
            raise ValueError(f"ranking: FFM crosses two fields or more, got {len(names)}")
        return FieldPairs(fields, self.dim)


class FieldPairs(CrossModule):
    width = 1

    def __init__(self, fields: Fields, dim: int) -> None:
        super().__init__()
        self.dim = dim
        inputs = fields.inputs.without_history()
        self.table = Table(inputs, len(inputs.names_of_sides) * dim)

    def forward(self, x: Embedded) -> Tensor:
        """The sum over pairs (i, j) of v_i for j times v_j for i, float32[N, 1]."""
        vectors = self.table(x.batch)
        sides = [side.unflatten(2, (-1, self.dim)) for side in (vectors.request, vectors.item)]  # [R, F_side, F, D]
        at = sides[0].shape[1]
        # Pairs within a side, and those between the two: the request's own are summed once per request.
        within = [_pairs(sides[0][:, :, :at]), _pairs(sides[1][:, :, at:])]
        between = (sides[0][:, :, at:] * sides[1][:, :, :at].transpose(1, 2)).sum((1, 2, 3))
        return (within[0] + within[1] + between).unsqueeze(1).expand(x.rows, -1)


def _pairs(own: Tensor) -> Tensor:
    """Of float32[R, F, F, D]: the sum over i < j of own[i, j] times own[j, i], float32[R]."""
    every = (own * own.transpose(1, 2)).sum(3)
    return (every.sum((1, 2)) - torch.diagonal(every, dim1=1, dim2=2).sum(1)) / 2
