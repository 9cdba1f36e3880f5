"""A part with vectors of its own, of a size of its own.

Shapes: N rows, F fields, D vector size.
"""

from dataclasses import dataclass, replace

from torch import Tensor

from taojin.core.bounds import Count, bounded
from taojin.nn.table import Table
from taojin.ranking.parts import Cross, CrossModule, Embedded, Fields, build_cross


@dataclass(frozen=True)
class Own:
    """`part` over vectors of size `dim` of all fields of users, requests and items; interests are not among them."""

    dim: Count
    part: Cross

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> CrossModule:
        """The part's module over a second table."""
        inputs = fields.all_inputs("Own")
        table, names = Table(inputs.without_history(), self.dim), inputs.names_of_sides
        return OfItsOwn(table, build_cross(self.part, replace(fields, names=names, dim=self.dim)))


class OfItsOwn(CrossModule):
    def __init__(self, table: Table, part: CrossModule) -> None:
        super().__init__()
        self.table, self.part = table, part
        self.width = part.width

    def forward(self, x: Embedded) -> Tensor:
        """What the part says of its own vectors."""
        vectors = self.table(x.batch)
        blocks = tuple(side for side in (vectors.request, vectors.item) if side.shape[1])
        found: Tensor = self.part(Embedded(blocks, x.batch))
        return found
