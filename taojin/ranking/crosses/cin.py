"""Compressed interaction network: each layer crosses its vectors with those of the fields and mixes the products.

Lian et al., "xDeepFM", KDD 2018, https://arxiv.org/abs/1803.05170

Shapes: N rows, F fields, D vector size, H maps of a layer, G of the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from taojin.core.bounds import Counts, bounded
from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class CIN:
    """`maps` of each layer; the output is the sum over the elements of every map.

    No activation and no halves of layers, as in the paper's best setting.
    """

    maps: Counts = (64, 64)

    def __post_init__(self) -> None:
        bounded(self)
        if not self.maps:
            raise ValueError("ranking: CIN needs at least one layer, got none")

    def build(self, fields: Fields) -> CrossModule:
        """A module of as many numbers as there are maps."""
        fields.width("CIN")
        return Interactions(len(fields.names), self.maps)


class Interactions(CrossModule):
    def __init__(self, fields: int, maps: Sequence[int]) -> None:
        super().__init__()
        before = (fields, *maps[:-1])
        self.layers = nn.ModuleList(nn.Linear(h * fields, g, bias=False) for h, g in zip(before, maps, strict=True))
        self.width = sum(maps)

    def forward(self, x: Embedded) -> Tensor:
        """The sums of all maps, float32[N, sum of G]."""
        # An element of all vectors is a row: one product of matrices a layer.
        start = x.vectors.transpose(1, 2)  # [N, D, F]
        state, sums = start, []
        for layer in self.layers:
            state = layer((state.unsqueeze(3) * start.unsqueeze(2)).flatten(2))  # [N, D, G]
            sums.append(state.sum(1))
        return torch.cat(sums, 1)
