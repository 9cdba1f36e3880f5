"""The largest singular vectors of a sparse matrix.

Shapes: N rows, M columns, K singular vectors.
"""

import torch
from scipy import sparse
from torch import Tensor

from taojin.embeddings.factors.graph import compressed

OVERSAMPLED = 32
"""Vectors beyond the wanted ones that the search carries along."""
ROUNDS = 4
"""Times that it multiplies by the matrix and its transpose."""


def singular(matrix: sparse.csr_matrix, rank: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """The largest singular values, float32[K], and right singular vectors, float32[M, K], K <= rank; 0: none.

    Halko, Martinsson and Tropp, SIAM Review 2011, https://doi.org/10.1137/090771806
    """
    device = torch.device("cpu")
    forth, back = compressed(matrix, device), compressed(matrix.T.tocsr(), device)
    width = min(rank + OVERSAMPLED, *matrix.shape)
    generator = torch.Generator().manual_seed(seed)
    basis, _ = torch.linalg.qr(torch.randn(matrix.shape[1], width, generator=generator))
    for _ in range(ROUNDS):
        basis, _ = torch.linalg.qr(back @ (forth @ basis))
    # The eigenvectors of the small square matrix, which costs less than singular vectors of the tall one.
    small = forth @ basis
    square, turned = torch.linalg.eigh(small.T @ small)
    first = slice(width - min(rank, width), None)
    return square[first].flip(0).clamp(min=0).sqrt(), basis @ turned[:, first].flip(1)
