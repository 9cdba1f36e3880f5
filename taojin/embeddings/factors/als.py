"""ALS: factors of the matrix of likes by alternating least squares over every cell of it, liked or not.

Hu, Koren and Volinsky, ICDM 2008, https://doi.org/10.1109/ICDM.2008.22, in the form of Rendle et al., RecSys 2022,
https://arxiv.org/abs/2110.14037, whose penalty grows with how often a row occurs. Each system of equations takes a few
steps of conjugate gradients from where it stood (Takács et al., RecSys 2011, https://doi.org/10.1145/2043932.2043987).

Shapes: U users, I items in the vocabulary, V rows of the side that is solved and W of the other one, D factors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from taojin.core.bounds import Count, NotNegative, Portion, Positive, bounded
from taojin.core.progress import Progress
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.factors.graph import compressed
from taojin.embeddings.factors.pairs import some_likes
from taojin.embeddings.factors.query import FoldIn
from taojin.embeddings.seeds import HistorySeeds
from taojin.features.feature import Column


@dataclass(frozen=True, kw_only=True)
class ALS:
    """Vectors of users x and items y that minimise

        sum of likes (1 - x y)² + unobserved * sum of all cells (x y)²
            + regularization * sum of rows (likes of the row + unobserved * cells of the row) ** frequency |row|²

    A request's vector is its history's solution in closed form, so a stranger has one, and each like moves it.

    iterations  passes over users and items
    steps       of conjugate gradients for each system of equations
    decay       weight of each place of the history against the next newer one
    """

    event: str = "like"
    dim: Count = 64
    unobserved: Positive = 0.03
    regularization: Positive = 0.003
    frequency: NotNegative = 1.0
    iterations: Count = 15
    steps: Count = 3
    history: str = "history"
    decay: Portion = 1.0
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def features(self) -> tuple[str, ...]:
        return (self.history,)

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Solve for users and items in turn."""
        liked = some_likes(view, self.event)
        by_user, by_item = Side.of(liked), Side.of(liked.T.tocsr())
        generator = torch.Generator().manual_seed(seed)
        # Rows without likes stay zero.
        users = torch.zeros(view.n_users, self.dim)
        items = torch.randn(view.n_items, self.dim, generator=generator) * 0.1 / self.dim**0.5
        known = np.diff(liked.tocsc().indptr) > 0
        items *= torch.from_numpy(known)[:, None]
        with progress.task("fit als", self.iterations) as advance:
            for _ in range(self.iterations):
                users = self._improve(users, items, by_user)
                items = self._improve(items, users, by_item)
                advance(1, "")
        if not items.isfinite().all():
            raise ValueError("ALS: the vectors are not finite; raise `regularization`")
        vectors = items.numpy()
        query = FoldIn(
            seeds=HistorySeeds(history=self.history, decay=self.decay),
            items=vectors,
            gram=self.unobserved * (vectors.T @ vectors),
            strength=self.regularization,
            offset=self.unobserved * by_user.others,
            power=self.frequency,
        )
        return Embedding(vectors, known, np.zeros_like(known), query)

    def _improve(self, rows: Tensor, others: Tensor, side: "Side") -> Tensor:
        """The vectors of one side nearer to the minimum for those of the other: a few steps of conjugate gradients."""
        gram = self.unobserved * (others.T @ others)  # [D, D]
        penalty = self.regularization * (side.length + self.unobserved * side.others) ** self.frequency  # [V, 1]

        def left(x: Tensor) -> Tensor:
            """The left-hand sides of all V systems, float32[V, D]."""
            products = torch.sparse.sampled_addmm(side.liked, x, others.T, beta=0.0)
            return products @ others + x @ gram + penalty * x

        x, residual = rows, side.liked @ others - left(rows)
        direction, size = residual, residual.square().sum(1, keepdim=True)
        for _ in range(self.steps):
            moved = left(direction)
            # A row that has arrived has no direction left.
            length = size / (direction * moved).sum(1, keepdim=True).clamp(min=TINY)
            x, residual = x + length * direction, residual - length * moved
            before, size = size, residual.square().sum(1, keepdim=True)
            direction = residual + size / before.clamp(min=TINY) * direction
        return x


TINY = 1e-30


class Side(NamedTuple):
    """The likes of users or of items.

    liked   sparse float32[V, W]
    length  float32[V, 1]   likes of each row
    others  how many rows of the other side have likes
    """

    liked: Tensor
    length: Tensor
    others: int

    @classmethod
    def of(cls, liked: sparse.csr_matrix) -> "Side":
        """The rows of a matrix of likes."""
        length = torch.from_numpy(np.diff(liked.indptr).astype(np.float32))
        return cls(compressed(liked, torch.device("cpu")), length[:, None], len(np.unique(liked.indices)))
