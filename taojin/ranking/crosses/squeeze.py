"""Squeeze and excitation: each field's vector times a learned importance of the field in this row.

Hu, Shen and Sun, CVPR 2018, https://arxiv.org/abs/1709.01507; over fields of a light ranker in COLD: Wang et al.,
DLP-KDD 2020, https://arxiv.org/abs/2007.16122

Shapes: N rows, F fields, D vector size.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class SqueezeExcitation:
    """All vectors one behind the other, each times the sigmoid of a linear function of all of them, as COLD has it."""

    def build(self, fields: Fields) -> CrossModule:
        """A module of width F * D."""
        return Excited(fields.width("SqueezeExcitation"), len(fields.names))


class Excited(CrossModule):
    def __init__(self, width: int, fields: int) -> None:
        super().__init__()
        self.width = width
        self.importance = nn.Linear(width, fields)

    def forward(self, x: Embedded) -> Tensor:
        """float32[N, F * D]."""
        flat = x.flat
        weights = self.importance(flat).sigmoid()  # [N, F]
        return (flat.unflatten(1, (weights.shape[1], -1)) * weights.unsqueeze(2)).flatten(1)
