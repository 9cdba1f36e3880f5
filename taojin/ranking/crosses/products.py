"""Products of the vectors of fields: of all of them, of each pair, or of their sum.

Inner and outer products: Qu et al., "Product-based Neural Networks", ICDM 2016, https://arxiv.org/abs/1611.00144.
All of them: the generalised matrix factorisation of He et al., "Neural Collaborative Filtering", WWW 2017,
https://arxiv.org/abs/1708.05031. Sum over the pairs: He and Chua, "Neural Factorization Machines", SIGIR 2017,
https://arxiv.org/abs/1708.05027.

Shapes: N rows, F fields, D vector size, P = F (F - 1) / 2 pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class Product:
    """The product of all vectors, element by element: D numbers."""

    def build(self, fields: Fields) -> CrossModule:
        """A module without weights."""
        fields.width("Product")
        return Products(fields.dim, lambda x: x.vectors.prod(1))


@dataclass(frozen=True)
class BiInteraction:
    """The sum over pairs of fields of their product, element by element: D numbers."""

    def build(self, fields: Fields) -> CrossModule:
        """A module without weights."""
        fields.pairs("BiInteraction")
        return Products(fields.dim, _sum_of_pairs)


@dataclass(frozen=True)
class OuterProduct:
    """The outer product of the sum of all vectors with itself (the paper's superposition): D * D numbers."""

    def build(self, fields: Fields) -> CrossModule:
        """A module without weights."""
        fields.width("OuterProduct")
        return Products(fields.dim**2, _outer)


@dataclass(frozen=True)
class InnerProduct:
    """The inner product of each pair of fields: P numbers."""

    def build(self, fields: Fields) -> CrossModule:
        """A module without weights."""
        fields.pairs("InnerProduct")
        return InnerProducts(len(fields.names))


class Products(CrossModule):
    def __init__(self, width: int, of: Callable[[Embedded], Tensor]) -> None:
        super().__init__()
        self.width, self.of = width, of

    def forward(self, x: Embedded) -> Tensor:
        """float32[N, W]."""
        return self.of(x)


class InnerProducts(CrossModule):
    def __init__(self, fields: int) -> None:
        super().__init__()
        first, second = torch.triu_indices(fields, fields, offset=1)
        self.pair = nn.Buffer(first * fields + second, persistent=False)  # [P]
        self.width = len(self.pair)

    def forward(self, x: Embedded) -> Tensor:
        """float32[N, P]."""
        return (x.vectors @ x.vectors.transpose(1, 2)).flatten(1).index_select(1, self.pair)


def _sum_of_pairs(x: Embedded) -> Tensor:
    # As in `FM`: half of (square of the sum - sum of the squares), block by block.
    total = sum(block.sum(1) for block in x.blocks)  # [N, D]
    squares = sum(block.square().sum(1) for block in x.blocks)
    assert isinstance(total, Tensor)
    return (0.5 * (total.square() - squares)).expand(x.rows, -1)


def _outer(x: Embedded) -> Tensor:
    total = sum(block.sum(1) for block in x.blocks)  # [N, D]
    assert isinstance(total, Tensor)
    return (total.unsqueeze(2) * total.unsqueeze(1)).flatten(1).expand(x.rows, -1)
