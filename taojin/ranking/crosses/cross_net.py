"""Cross network: layer by layer, the input is multiplied by a linear function of the layer before.

With one weight vector a layer (v1): Wang, Fu, Fu and Wang, ADKDD 2017, https://arxiv.org/abs/1708.05123
With one weight matrix a layer (v2): Wang et al., WWW 2021, https://arxiv.org/abs/2008.13535

With a mixture of products of low rank (DCN-Mix): the same paper, section 3.3

Shapes: N rows, F fields, D vector size, W = F * D, C layers, E experts, K their rank.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from taojin.core.bounds import Count, bounded
from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class CrossNet:
    """`layers` crosses; with `matrix` a full weight matrix each (DCN-v2), else a weight vector each (DCN)."""

    layers: Count = 3
    matrix: bool = True

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> CrossModule:
        """A module whose output is as wide as its input."""
        width = fields.width("CrossNet")
        return MatrixCrosses(width, self.layers) if self.matrix else VectorCrosses(width, self.layers)


@dataclass(frozen=True)
class CrossNetMix:
    """`layers` crosses, each a mixture of `experts` products of rank `rank` that a gate weighs."""

    layers: Count = 3
    rank: Count = 32
    experts: Count = 4

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> CrossModule:
        """A module whose output is as wide as its input."""
        return MixedCrosses(fields.width("CrossNetMix"), self)


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


class MixedCrosses(CrossModule):
    """x' = sum over experts of gate(x) * x0 * (U g(C g(V x)) + b), and + x; g is the hyperbolic tangent."""

    def __init__(self, width: int, spec: CrossNetMix) -> None:
        super().__init__()
        self.width = width
        shape = (spec.layers, spec.experts)
        self.down = nn.Parameter(torch.randn(*shape, width, spec.rank) * width**-0.5)
        self.inner = nn.Parameter(torch.randn(*shape, spec.rank, spec.rank) * spec.rank**-0.5)
        self.up = nn.Parameter(torch.randn(*shape, spec.rank, width) * spec.rank**-0.5)
        self.bias = nn.Parameter(torch.zeros(spec.layers, 1, width))
        self.gates = nn.Linear(width, spec.experts, bias=False)

    def forward(self, x: Embedded) -> Tensor:
        """The last layer, float32[N, W]."""
        crossed = x.flat
        for down, inner, up, bias in zip(self.down, self.inner, self.up, self.bias, strict=True):
            low = ((crossed @ down).tanh() @ inner).tanh()  # [E, N, K]
            gate = self.gates(crossed).softmax(1)  # [N, E]
            # The gates sum to 1, so that they weigh the bias with 1.
            mixed = ((low * gate.t().unsqueeze(2)) @ up).sum(0)  # [N, W]
            crossed = torch.addcmul(crossed, x.flat, mixed + bias)
        return crossed
