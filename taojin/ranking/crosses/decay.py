"""A part whose weights are kept small by a penalty.

Shapes: N rows, W width of the part.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from taojin.core.bounds import NotNegative, bounded
from taojin.ranking.parts import Cross, CrossModule, Embedded, Fields, build_cross


@dataclass(frozen=True)
class Decay:
    """`part`, and `l2` times the sum of the squares of its weights in the loss."""

    part: Cross
    l2: NotNegative

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> CrossModule:
        """The part's module; the network asks for the penalty."""
        return Decayed(build_cross(self.part, fields), self.l2)


class Decayed(CrossModule):
    def __init__(self, part: CrossModule, l2: float) -> None:
        super().__init__()
        self.part, self.l2 = part, l2
        self.width = part.width

    def forward(self, x: Embedded) -> Tensor:
        """What the part says."""
        found: Tensor = self.part(x)
        return found

    def penalty(self) -> Tensor:
        """What is added to the loss, a scalar."""
        return self.l2 * sum((weight.square().sum() for weight in self.part.parameters()), start=torch.zeros(()))
