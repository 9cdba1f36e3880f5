"""Filters on the graph of likes: what a user's likes become when only their smooth part is let through.

Shapes: U users, I items in the vocabulary, B items of a block, K singular vectors.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from taojin.embeddings.factors.graph import compressed, inverse_power
from taojin.embeddings.factors.singular import singular


@dataclass(frozen=True)
class Filter:
    """The matrix S, float32[I, I], whose rows of the items that a user likes sum up to the user's scores.

    With R the likes, divided by powers of the likes of user and item and then by its largest singular value, M = RᵀR,
    V its first K eigenvectors and d the items' divisor,

        S = (M + low_pass * diag(d)⁻¹ V Vᵀ diag(d)) (1 - step * M) ** steps

    weighted    R, sparse float32[U, I], by column
    to_users    R
    to_items    Rᵀ
    left        float32[I, K]   rows of diag(d)⁻¹ V
    right       float32[I, K]   columns of the low-pass part's other side, sharpened already
    """

    weighted: sparse.csc_matrix
    to_users: Tensor
    to_items: Tensor
    left: Tensor
    right: Tensor
    step: float
    steps: int

    @classmethod
    def of(
        cls,
        liked: sparse.csr_matrix,
        *,
        user_power: float,
        item_power: float,
        rank: int,
        low_pass: float,
        step: float,
        steps: int,
        seed: int,
    ) -> "Filter":
        """Of a matrix of likes, float32[U, I]."""
        by_user = inverse_power(np.diff(liked.indptr), user_power)
        by_item = inverse_power(np.diff(liked.tocsc().indptr), item_power)
        weighted = (sparse.diags(by_user) @ liked @ sparse.diags(by_item)).tocsr()
        # The largest value is needed in any case.
        value, vectors = singular(weighted, max(rank, 1), seed=seed)
        vectors = vectors[:, :rank]
        weighted.data /= float(value[0])
        device = torch.device("cpu")
        divisor = torch.from_numpy(by_item)[:, None]
        multiplier = torch.where(divisor > 0, 1 / divisor, 0)
        bare = cls(
            weighted.tocsc(),
            compressed(weighted, device),
            compressed(weighted.T.tocsr(), device),
            divisor * vectors,
            low_pass * multiplier * vectors,
            step,
            steps,
        )
        return replace(bare, right=bare.sharpened(bare.right))

    def rows(self, items: slice) -> Tensor:
        """Rows of some items, float32[B, I]."""
        users = torch.from_numpy(self.weighted[:, items].toarray())  # [U, B]
        linear = self.sharpened(self.to_items @ users)  # [I, B]
        return torch.addmm(linear.T, self.left[items], self.right.T)

    def sharpened(self, scores: Tensor) -> Tensor:
        """Scores, float32[I, B], after `steps` steps away from their smoothed version."""
        for _ in range(self.steps):
            scores = scores - self.step * (self.to_items @ (self.to_users @ scores))
        return scores
