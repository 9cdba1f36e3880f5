"""The pairs of who likes what, as what factors are learned from.

Shapes: U users, I items in the vocabulary, M pairs, B of them a batch, S items of a sample.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from taojin.data.dataset import TrainView
from taojin.embeddings.likes import likes
from taojin.embeddings.towers.losses import Cells


def some_likes(view: TrainView, event: str) -> sparse.csr_matrix:
    """The matrix of likes, float32[U, I], of which there must be one."""
    liked = likes(view, event)
    if not liked.nnz:
        raise ValueError(f"factors: training has no event {event!r} to learn from; name another kind of event")
    return liked


class Pairs(NamedTuple):
    """Likes: int64[B] each."""

    user: Tensor
    item: Tensor


@dataclass(frozen=True)
class LikedPairs:
    """Likes as a source of batches.

    user, item  int64[M]    by user and item
    fans        int64[M]    the users of all items, those of an item side by side
    start       int64[I + 1] where those of each item begin
    users       size of their vocabulary
    """

    user: Tensor
    item: Tensor
    fans: Tensor
    start: Tensor
    users: int

    @classmethod
    def of(cls, liked: sparse.csr_matrix, device: torch.device) -> "LikedPairs":
        """On the device of the training."""
        by_user, by_item = liked.tocsr().sorted_indices(), liked.tocsc().sorted_indices()
        users = np.repeat(np.arange(liked.shape[0]), np.diff(by_user.indptr))
        user, item, fans, start = (
            torch.from_numpy(part.astype(np.int64)).to(device)
            for part in (users, by_user.indices, by_item.indices, by_item.indptr)
        )
        return cls(user, item, fans, start, liked.shape[0])

    def __len__(self) -> int:
        return len(self.user)

    def gather(self, rows: Tensor) -> Pairs:
        """Some likes."""
        return Pairs(self.user[rows], self.item[rows])

    def cells(self, user: Tensor, item: Tensor) -> Cells:
        """Which of some items, int64[S], which of some users, int64[B], like."""
        some, row = user.unique(return_inverse=True)
        count = self.start[item + 1] - self.start[item]
        column = torch.repeat_interleave(count)
        at = torch.arange(len(column), device=item.device) + (self.start[item] - count.cumsum(0) + count)[column]
        fan = self.fans[at]
        place = user.new_zeros(self.users).index_put((some,), torch.arange(len(some), device=user.device))
        asked = some[place[fan]] == fan
        like = torch.zeros(len(some), len(item), dtype=torch.bool, device=user.device)
        like[place[fan[asked]], column[asked]] = True
        return Cells(*like[row].nonzero().unbind(1))
