"""The vectors of all fields one behind the other: what nothing has crossed yet.

Shapes: N rows, F fields, D vector size, W = F * D.
"""

from dataclasses import dataclass

from torch import Tensor

from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class Flat:
    """Passes on what it reads, for a `Stack` or a head that has layers of its own."""

    def build(self, fields: Fields) -> CrossModule:
        """A module without weights."""
        return AsItIs(fields.width("Flat"))


class AsItIs(CrossModule):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, x: Embedded) -> Tensor:
        """float32[N, W]."""
        return x.flat
