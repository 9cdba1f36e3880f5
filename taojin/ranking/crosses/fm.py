"""Factorisation machine: every pair of fields crosses through the inner product of their vectors.

Rendle, ICDM 2010, https://doi.org/10.1109/ICDM.2010.127

Shapes: N rows, R = 1 or N requests, F fields, D vector size.
"""

from dataclasses import dataclass

from torch import Tensor

from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class FM:
    """The pairs alone; the paper's model is `Linear(), FM()`. A set is the mean of its vectors."""

    def build(self, fields: Fields) -> CrossModule:
        """A module without weights."""
        fields.pairs("FM")
        return PairwiseSum()


class PairwiseSum(CrossModule):
    width = 1

    def forward(self, x: Embedded) -> Tensor:
        """The sum over pairs of fields, float32[N, 1]."""
        # Half of (square of the sum - sum of the squares): linear in F, where the pairs are quadratic.
        # Blocks are summed one by one, so that what all rows of a request share is summed once.
        total = sum(block.sum(1) for block in x.blocks)  # [N, D]
        squares = sum(block.square().sum((1, 2)) for block in x.blocks)  # [N]
        assert isinstance(total, Tensor) and isinstance(squares, Tensor)
        return (0.5 * (total.square().sum(1) - squares)).unsqueeze(1).expand(x.rows, -1)
