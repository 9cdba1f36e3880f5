"""The pairs of who likes what, as what factors are learned from.

Shapes: U users, I items in the vocabulary, M pairs, B of them a batch, W items of the pool, D factors.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn import functional

from taojin.data.dataset import TrainView
from taojin.embeddings.likes import likes


def some_likes(view: TrainView, event: str) -> sparse.csr_matrix:
    """The matrix of likes, float32[U, I], of which there must be one."""
    liked = likes(view, event)
    if not liked.nnz:
        raise ValueError(f"factors: training has no event {event!r} to learn from; name another kind of event")
    return liked


class Pairs(NamedTuple):
    """Likes, and for each of them an item to tell it from.

    user, item  int64[B]
    other       int64[B]    drawn uniformly
    unliked     bool[B]     whether the user does not like it
    """

    user: Tensor
    item: Tensor
    other: Tensor
    unliked: Tensor


@dataclass(frozen=True)
class LikedPairs:
    """Likes as a source of batches; the other items are drawn when a batch is gathered.

    user, item  int64[M], by user and item
    pool        int64[W]    items with likes
    items       size of the vocabulary
    """

    user: Tensor
    item: Tensor
    pool: Tensor
    items: int

    @classmethod
    def of(cls, liked: sparse.csr_matrix, device: torch.device) -> "LikedPairs":
        """On the device of the training."""
        cells = liked.tocoo()
        order = np.lexsort((cells.col, cells.row))
        user, item = (torch.from_numpy(side[order].astype(np.int64)).to(device) for side in (cells.row, cells.col))
        return cls(user, item, item.unique(), liked.shape[1])

    def __len__(self) -> int:
        return len(self.user)

    def gather(self, rows: Tensor) -> Pairs:
        """Some likes."""
        user, item = self.user[rows], self.item[rows]
        other = self.pool[torch.randint(len(self.pool), (len(rows),), device=rows.device)]
        return Pairs(user, item, other, ~self._liked(user, other))

    def _liked(self, user: Tensor, item: Tensor) -> Tensor:
        keys, wanted = self.user * self.items + self.item, user * self.items + item
        at = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
        return keys[at] == wanted


def bpr_loss(user: Tensor, item: Tensor, other: Tensor, unliked: Tensor) -> Tensor:
    """Mean of -log s(user · item - user · other) over the rows whose other item is not liked.

    Rendle et al., UAI 2009, https://arxiv.org/abs/1205.2618

    user, item, other   float32[B, D]
    """
    ahead = (user * (item - other)).sum(1)
    return (functional.softplus(-ahead) * unliked).sum() / unliked.sum().clamp(min=1)
