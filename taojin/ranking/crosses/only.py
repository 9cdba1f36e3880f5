"""A part that sees some of the fields alone.

Shapes: R = 1 or N requests, F fields of a block, D vector size.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from taojin.core.bounds import bounded
from taojin.core.hint import did_you_mean
from taojin.ranking.parts import Cross, CrossModule, Embedded, Fields, build_cross


@dataclass(frozen=True)
class Only:
    """`part` over the fields of these names; an interest's vectors are called `interest.0.0`, `interest.0.1`, ..."""

    names: tuple[str, ...]
    part: Cross

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> CrossModule:
        """The part's module behind a choice of vectors."""
        for name in self.names:
            if name not in fields.names:
                raise ValueError(f"ranking: Only names {name!r}, which is no field; {did_you_mean(name, fields.names)}")
        place = sorted(fields.names.index(name) for name in self.names)
        seen = tuple(fields.names[at] for at in place)
        return Chosen(place, build_cross(self.part, replace(fields, names=seen, within="Only")))


class Chosen(CrossModule):
    def __init__(self, place: list[int], part: CrossModule) -> None:
        super().__init__()
        self.place = nn.Buffer(torch.tensor(place), persistent=False)
        self.part = part
        self.width = part.width

    def forward(self, x: Embedded) -> Tensor:
        """What the part says of the chosen vectors."""
        blocks, start = [], 0
        for block in x.blocks:
            end = start + block.shape[1]
            here = [at - start for at in self.place.tolist() if start <= at < end]
            blocks += [block[:, here]] if here else []
            start = end
        found: Tensor = self.part(Embedded(tuple(blocks), x.batch))
        return found
