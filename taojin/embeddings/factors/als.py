"""ALS: factors of the matrix of likes by alternating least squares over every cell of it, liked or not.

Hu, Koren and Volinsky, ICDM 2008, https://doi.org/10.1109/ICDM.2008.22, in the form of Rendle et al., RecSys 2022,
https://arxiv.org/abs/2110.14037, whose penalty grows with how often a row occurs. Each system of equations takes a few
steps of conjugate gradients from where it stood (Takács et al., RecSys 2011, https://doi.org/10.1145/2043932.2043987).

Shapes: U users, I items in the vocabulary, V rows of the side that is solved and W of the other one, B rows of a
block, L likes of a row, D factors.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from taojin.core.events import spread
from taojin.core.progress import Progress
from taojin.core.units import PAD
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.factors.pairs import some_likes
from taojin.embeddings.factors.query import FoldIn
from taojin.embeddings.seeds import HistorySeeds
from taojin.features.feature import Column

CELLS = 1 << 19
"""Numbers of a block of gathered vectors, at most (unless one row has more): they stay in the cache."""


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
    dim: int = 64
    unobserved: float = 0.03
    regularization: float = 0.003
    frequency: float = 1.0
    iterations: int = 15
    steps: int = 3
    history: str = "history"
    decay: float = 1.0
    needs_clock: bool = False

    def __post_init__(self) -> None:
        for name in ("unobserved", "regularization"):
            if getattr(self, name) <= 0:
                raise ValueError(f"ALS: expected {name} above 0, got {getattr(self, name)}")

    @property
    def features(self) -> tuple[str, ...]:
        return (self.history,)

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Solve for users and items in turn."""
        liked = some_likes(view, self.event)
        by_user, by_item = Blocks.of(liked, self.dim), Blocks.of(liked.T.tocsr(), self.dim)
        generator = torch.Generator().manual_seed(seed)
        # Rows without likes stay zero, and so does PAD, which fills the blocks up.
        users = torch.zeros(view.n_users, self.dim)
        items = torch.randn(view.n_items, self.dim, generator=generator) * 0.1 / self.dim**0.5
        known = np.diff(liked.tocsc().indptr) > 0
        items *= torch.from_numpy(known)[:, None]
        with progress.task("fit als", self.iterations) as advance:
            for _ in range(self.iterations):
                self._improve(users, items, by_user)
                self._improve(items, users, by_item)
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

    def _improve(self, rows: Tensor, others: Tensor, blocks: "Blocks") -> None:
        """Move the vectors of one side towards the minimum for those of the other, in place."""
        gram = self.unobserved * (others.T @ others)  # [D, D]
        for block in blocks:
            penalty = self.regularization * (block.length + self.unobserved * blocks.others) ** self.frequency
            # Half of the time went into `others[block.liked]`, which is this.
            liked = others.index_select(0, block.liked.flatten()).view(*block.liked.shape, -1)
            rows[block.row] = self._conjugate_gradients(rows[block.row], liked, gram, penalty[:, None])

    def _conjugate_gradients(self, x: Tensor, liked: Tensor, gram: Tensor, penalty: Tensor) -> Tensor:
        """A few steps of B systems at once: x float32[B, D], liked float32[B, L, D], penalty float32[B, 1]."""

        def left(x: Tensor) -> Tensor:
            # As a product of matrices, the first of the two would take three times as long.
            products = torch.linalg.vecdot(liked, x[:, None])  # [B, L]
            return (products[:, None] @ liked)[:, 0] + x @ gram + penalty * x

        residual = liked.sum(1) - left(x)
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


class Block(NamedTuple):
    """Rows of similar length.

    row     int64[B]
    liked   int64[B, L]     rows of the other side, PAD where there are fewer
    length  float32[B]
    """

    row: Tensor
    liked: Tensor
    length: Tensor


@dataclass(frozen=True)
class Blocks:
    """The rows of one side that have likes, in blocks of similar length.

    others  how many rows of the other side have likes
    """

    blocks: tuple[Block, ...]
    others: int

    @classmethod
    def of(cls, liked: sparse.csr_matrix, dim: int) -> "Blocks":
        """Sort the rows of a matrix [V, W] by length; a block gathers CELLS numbers."""
        length = np.diff(liked.indptr)
        order = np.argsort(length, kind="stable")
        order = order[length[order] > 0]
        # The longest row decides how many go into a block: fill from the longest on.
        edges = [len(order)]
        while edges[-1]:
            longest = int(length[order[edges[-1] - 1]])
            edges.append(max(0, edges[-1] - max(1, CELLS // (longest * dim))))
        rows = (order[start:stop] for start, stop in pairwise(reversed(edges)))
        return cls(tuple(_block(liked, row) for row in rows), len(np.unique(liked.indices)))

    def __iter__(self) -> Iterator[Block]:
        return iter(self.blocks)


def _block(liked: sparse.csr_matrix, row: np.ndarray) -> Block:
    start, stop = liked.indptr[row], liked.indptr[row + 1]
    padded = np.full((len(row), int((stop - start).max())), PAD, np.int64)
    which, at = spread(start, stop)
    padded[which, at - start[which]] = liked.indices[at]
    return Block(torch.from_numpy(row), torch.from_numpy(padded), torch.from_numpy((stop - start).astype(np.float32)))
