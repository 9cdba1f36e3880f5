"""Channel: the linear model of items beside items in closed form.

Steck, WWW 2019, https://arxiv.org/abs/1905.03375. Deviation: of each item only its largest weights are kept.

Shapes: U users, I items in the vocabulary, K items that are learned, V held-out users, B rows of a block.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from taojin.core.bounds import POSITIVE, Count, Portion, Positive
from taojin.core.units import Floats, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.likes import likes
from taojin.embeddings.next_item import hold_out, next_items
from taojin.retrieval.seeded import Seeded
from taojin.retrieval.serve.best import Ranked, blocks, join, top
from taojin.retrieval.serve.neighbours import Neighbours
from taojin.retrieval.similar import as_neighbours

GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class EASE(Seeded):
    """Items by the sum of their weights from the items of the history.

    The weights minimise |X - X W|² + l2 |W|² where no item may predict itself: W = I - P / diag(P) by columns, with
    P = (XᵀX + l2 I)⁻¹. Negative weights say that an item is liked less after another than one would think.

    l2          of several, the one that finds held-out likes best is taken; each costs a fit
    neighbours  so many weights of each item are kept, the largest by magnitude
    at_least    items that fewer users like are left out
    longest     only the last so many events of each user are read
    memory      gibibytes that the matrix of all pairs of items may take
    """

    event: str = "like"
    l2: Annotated[tuple[float, ...], POSITIVE] = (1000.0,)
    neighbours: Count = 500
    at_least: Count = 1
    longest: Count = 500
    memory: Positive = 8.0
    decay: Portion = 0.97
    needs_clock: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.l2:
            raise ValueError("EASE.l2: expected one number or more, such as (1000.0,); got ()")

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Neighbours:
        """Solve for the weights of all pairs, and keep the largest of each item."""
        liked = likes(view, self.event, self.longest)
        item = np.flatnonzero(liked.getnnz(axis=0) >= max(self.at_least, 1))
        self._check_memory(len(item))
        l2 = self.l2[0] if len(self.l2) == 1 else self._chosen(view, liked, item, seed)
        found = self._largest(weights(liked[:, item], l2))
        # Items that are left out have no neighbours.
        length = np.zeros(view.n_items, np.int64)
        length[item] = np.diff(found.offsets)
        spread_out = Ranked(np.concatenate(([0], np.cumsum(length))), item[found.key], found.score)
        return as_neighbours(self.seeds, spread_out)

    def _check_memory(self, items: int) -> None:
        needed = 4 * items**2 / GIB
        if needed > self.memory:
            fit = int(np.sqrt(self.memory * GIB / 4))
            raise ValueError(
                f"EASE: {items:,} items need a matrix of {needed:.1f} GiB, and memory={self.memory:g} allows {fit:,} "
                "items; raise `at_least` to leave rare items out, raise `memory`, or take item CF"
            )

    def _chosen(self, view: TrainView, likes: sparse.csr_matrix, item: Ints, seed: int) -> float:
        """The l2 that finds the last likes of some users best, learned without them."""
        rows = next_items(view, self.event)
        _, held = hold_out(rows, seed=seed)
        user, wanted = rows.requests.user[held], rows.item[held]
        rest = likes - sparse.csr_matrix((np.ones(len(user), np.float32), (user, wanted)), shape=likes.shape)
        rest.eliminate_zeros()
        known = np.isin(wanted, item)
        learned, asked = rest[:, item], rest[user[known]][:, item]
        at = np.searchsorted(item, wanted[known])
        return max(self.l2, key=lambda l2: gain(weights(learned, l2), asked, at))

    def _largest(self, weights: Floats) -> Ranked:
        """The largest weights of each row by magnitude, with their signs."""
        parts = []
        for rows in blocks(np.full(len(weights), len(weights))):
            size = np.abs(weights[rows])
            if self.neighbours < len(weights):
                least = np.partition(size, -self.neighbours, axis=1)[:, -self.neighbours, None]
                size[size < least] = 0
            row, column = np.nonzero(size)
            best = top(np.searchsorted(row, np.arange(len(size) + 1)), column, size[row, column], self.neighbours)
            its_row = rows.start + np.repeat(np.arange(len(size)), np.diff(best.offsets))
            parts.append(best._replace(score=weights[its_row, best.key]))
        return join(parts)


def weights(likes: sparse.csr_matrix, l2: float) -> Floats:
    """Weight of item i for item j at [i, j], float32[K, K], in the memory of one such matrix; 0 on the diagonal."""
    size = likes.shape[1]
    if not size:
        return np.empty((0, 0), np.float32)
    gram = np.empty((size, size), np.float32, order="F")
    by_item = likes.T.tocsr()
    for rows in blocks(np.full(size, size)):
        gram[:, rows] = (by_item[rows] @ likes).T.toarray()
    gram[np.diag_indices(size)] += np.float32(l2)
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1, clean=0)
    if failed:  # with numbers of 32 bits, a small penalty is lost beside the counts
        raise ValueError(f"EASE.l2: {l2:g} is too small for {size:,} items that are liked together; take a larger one")
    inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    assert not failed, "a Cholesky factor has no zero on its diagonal"
    diagonal = inverse[np.diag_indices(size)]
    for rows in blocks(np.full(size, size)):
        # Only the lower triangle was computed.
        inverse[rows, rows.start :] = inverse[rows.start :, rows].T
        corner = np.tril(inverse[rows, rows].T)
        inverse[rows, rows] = corner + np.tril(corner, -1).T
    inverse /= -diagonal
    inverse[np.diag_indices(size)] = 0
    return inverse


def gain(weights: Floats, likes: sparse.csr_matrix, wanted: Ints) -> float:
    """Mean of 1 ÷ log2(1 + place) of the wanted item of each user among those that the user did not like.

    likes   float32[V, K]
    wanted  int64[V]
    """
    total = 0.0
    for users in blocks(np.full(len(wanted), likes.shape[1])):
        some = likes[users]
        score = some @ weights
        score[some.nonzero()] = -np.inf
        of_wanted = score[np.arange(len(score)), wanted[users]]
        total += float((1 / np.log2(2 + (score > of_wanted[:, None]).sum(axis=1))).sum())
    return total / max(len(wanted), 1)
