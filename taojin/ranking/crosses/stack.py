"""One part on top of another: what the first one says is the only field that the second one sees.

Shapes: N rows, W width of the first part.
"""

from dataclasses import dataclass, replace

from torch import Tensor

from taojin.core.bounds import bounded
from taojin.ranking.parts import Cross, CrossModule, Embedded, Fields, build_cross


@dataclass(frozen=True)
class Stack:
    """`then` over the output of `first`, as one vector of size W."""

    first: Cross
    then: Cross

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> CrossModule:
        """A module whose output is that of `then`."""
        first = build_cross(self.first, fields)
        seen = replace(fields, names=("stacked",), dim=first.width, within="Stack")
        return Stacked(first, build_cross(self.then, seen))


class Stacked(CrossModule):
    def __init__(self, first: CrossModule, then: CrossModule) -> None:
        super().__init__()
        self.first, self.then = first, then
        self.width = then.width

    def forward(self, x: Embedded) -> Tensor:
        """float32[N, width of `then`]."""
        found: Tensor = self.then(Embedded((self.first(x).unsqueeze(1),), x.batch))
        return found
