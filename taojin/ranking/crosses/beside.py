"""Several parts side by side over the same fields.

Shapes: N rows, W width of a part.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from taojin.ranking.parts import CrossModule, Embedded


class Beside(CrossModule):
    """The outputs of all parts, one behind the other."""

    def __init__(self, parts: Sequence[CrossModule]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.widths = tuple(part.width for part in parts)
        self.width = sum(self.widths)

    def forward(self, x: Embedded) -> Tensor:
        """float32[N, sum of W]."""
        return torch.cat([part(x) for part in self.parts], 1)
