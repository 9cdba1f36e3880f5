"""The graph of users and items that likes make, and vectors smoothed over it.

Shapes: U users, I items in the vocabulary, D vector size.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from taojin.core.units import Floats, Ints


@dataclass(frozen=True)
class Graph:
    """A like weighs 1 ÷ sqrt(likes of the user * likes of the item).

    to_users        sparse float32[U, I]
    to_items        sparse float32[I, U]
    item_weight     float32[I]              1 ÷ sqrt(likes of the item), 0 where there is none
    """

    to_users: Tensor
    to_items: Tensor
    item_weight: Tensor

    @classmethod
    def of(cls, liked: sparse.csr_matrix, device: torch.device) -> "Graph":
        """Of a matrix of likes, float32[U, I]."""
        user_weight, item_weight = (inverse_power(np.diff(side.indptr), 0.5) for side in (liked, liked.tocsc()))
        weighted = (sparse.diags(user_weight) @ liked @ sparse.diags(item_weight)).tocsr()
        to_users, to_items = compressed(weighted, device), compressed(weighted.T.tocsr(), device)
        return cls(to_users, to_items, torch.from_numpy(item_weight).to(device))

    def smooth(self, users: Tensor, items: Tensor, layers: int) -> tuple[Tensor, Tensor]:
        """Means of the vectors after 0 to `layers` steps over the graph, float32[U, D] and float32[I, D]."""
        found: tuple[Tensor, Tensor] = _Smooth.apply(users, items, self, layers)
        return found


class _Smooth(torch.autograd.Function):
    """The smoothing is linear and symmetric, so that a gradient is smoothed as the vectors are."""

    @staticmethod
    def forward(ctx: Any, users: Tensor, items: Tensor, graph: Graph, layers: int) -> tuple[Tensor, Tensor]:
        ctx.graph, ctx.layers = graph, layers
        return _smooth(users, items, graph, layers)

    @staticmethod
    def backward(ctx: Any, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor, None, None]:
        return *_smooth(users, items, ctx.graph, ctx.layers), None, None


def _smooth(users: Tensor, items: Tensor, graph: Graph, layers: int) -> tuple[Tensor, Tensor]:
    # x + A (x + A (x + ...)) is the sum of all layers, and none of them is kept.
    all_users, all_items = users, items
    for _ in range(layers):
        all_users, all_items = users + graph.to_users @ all_items, items + graph.to_items @ all_users
    return all_users / (layers + 1), all_items / (layers + 1)


def inverse_power(degree: Ints, power: float) -> Floats:
    """degree ** -power, float32, and 0 where the degree is 0."""
    return np.where(degree > 0, np.maximum(degree, 1.0) ** -power, 0).astype(np.float32)


def compressed(matrix: sparse.csr_matrix, device: torch.device) -> Tensor:
    """The same matrix in compressed rows of torch."""
    with warnings.catch_warnings():
        # Torch says at the first use that it may still change the interface.
        warnings.filterwarnings("ignore", message="Sparse")
        start, column = (torch.from_numpy(part.astype(np.int64)) for part in (matrix.indptr, matrix.indices))
        return torch.sparse_csr_tensor(start, column, torch.from_numpy(matrix.data), matrix.shape, device=device)
