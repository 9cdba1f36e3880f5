"""Linear part: one weight per value of each field, the whole of logistic regression.

Shapes: N rows, F fields.
"""

from dataclasses import dataclass

from torch import Tensor

from taojin.features.inputs import Inputs
from taojin.nn.table import Table
from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class Linear:
    """The sum of the fields' weights; a set counts with the mean of its values' weights."""

    def build(self, fields: Fields) -> CrossModule:
        """A module with a table of its own, of vectors of size 1."""
        return WeightSum(fields.all_inputs("Linear"))


class WeightSum(CrossModule):
    width = 1

    def __init__(self, inputs: Inputs) -> None:
        super().__init__()
        self.table = Table(inputs.without_history(), 1)

    def forward(self, x: Embedded) -> Tensor:
        """The sum of weights, float32[N, 1]."""
        weights = self.table(x.batch)
        return weights.request.sum(1) + weights.item.sum(1)
