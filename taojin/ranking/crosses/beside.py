"""Several parts side by side over the same fields.

Shapes: N rows, W width of a part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from taojin.core.bounds import bounded
from taojin.ranking.parts import Cross, CrossModule, Embedded, Fields, build_cross


@dataclass(frozen=True)
class Beside:
    """The outputs of all parts, one behind the other; what `crosses` of a model is."""

    parts: tuple[Cross, ...]

    def __post_init__(self) -> None:
        bounded(self)
        if not self.parts:
            raise ValueError("ranking: Beside needs at least one part, got none")

    def build(self, fields: Fields) -> "SideBySide":
        """A module of the parts' modules."""
        return SideBySide([build_cross(part, fields) for part in self.parts])


class SideBySide(CrossModule):
    def __init__(self, parts: Sequence[CrossModule]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.widths = tuple(part.width for part in parts)
        self.width = sum(self.widths)

    def forward(self, x: Embedded) -> Tensor:
        """float32[N, sum of W]."""
        return torch.cat([part(x) for part in self.parts], 1)
