"""Cross network: layer by layer, the input is multiplied by a linear function of the layer before.

With one weight vector a layer (v1): Wang, Fu, Fu and Wang, ADKDD 2017, https://arxiv.org/abs/1708.05123
With one weight matrix a layer (v2): Wang et al., WWW 2021, https://arxiv.org/abs/2008.13535

Shapes: N rows, F fields, D vector size, W = F * D, C layers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class CrossNet:
    """`layers` crosses; with `matrix` a full weight matrix each (DCN-v2), else a weight vector each (DCN)."""

    layers: int = 3
    matrix: bool = True

    def build(self, fields: Fields) -> CrossModule:
        """A module whose output is as wide as its input."""
        if self.layers < 1:
            raise ValueError(f"ranking: CrossNet needs at least one layer, got {self.layers}")
        width = fields.width("CrossNet")
        return MatrixCrosses(width, self.layers) if self.matrix else VectorCrosses(width, self.layers)


class VectorCrosses(CrossModule):
    """x' = x0 (x . w) + b + x."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.width = width
        self.weight = nn.Parameter(torch.randn(width, layers) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(layers, width))

    def forward(self, x: Embedded) -> Tensor:
        """The last layer, float32[N, W]."""
        # Every layer is a * x0 + b with a number a per row and a vector b, since x0 is all that is ever multiplied:
        # one product with all weights, then numbers only, instead of a pass over [N, W] per layer.
        products = x.flat @ self.weight  # [N, C]
        scale, shift = torch.ones_like(products[:, 0]), torch.zeros_like(self.bias[0])  # [N], [W]
        for layer in range(len(self.bias)):
            scale = scale + scale * products[:, layer] + shift @ self.weight[:, layer]
            shift = shift + self.bias[layer]
        return torch.addcmul(shift, scale.unsqueeze(1), x.flat)


class MatrixCrosses(CrossModule):
    """x' = x0 * (W x + b) + x, element by element."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.width = width
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))

    def forward(self, x: Embedded) -> Tensor:
        """The last layer, float32[N, W]."""
        crossed = x.flat
        for layer in self.layers:
            crossed = torch.addcmul(crossed, x.flat, layer(crossed))
        return crossed
