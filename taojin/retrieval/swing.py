"""Channel: items that many pairs of users share who share little else.

Yang et al., 2020, https://arxiv.org/abs/2010.05525: two users who both like i and j make a swing; it says the more of
i and j, the fewer other items the two have in common. A chance neighbour needs but one user; a swing needs two.

Shapes: U users and I items in the vocabulary, n users of one item, C companions: items that some two of them like, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy import sparse

from taojin.core.bounds import Count, NotNegative, Positive, Whole
from taojin.core.events import spread
from taojin.core.units import Floats, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.likes import likes
from taojin.retrieval.seeded import Seeded
from taojin.retrieval.serve.best import blocks
from taojin.retrieval.serve.neighbours import Neighbours
from taojin.retrieval.similar import as_neighbours, best_of_rows, less_if_popular

DENSE_USERS = 8_000
"""Up to so many users, the weights of all pairs stand in one matrix, of a quarter of a gigabyte."""


@dataclass(frozen=True, kw_only=True)
class Swing(Seeded):
    """Items by the sum, over the items of the history, of their swings.

    s(i, j) is the sum over pairs of users u, v of both of w_u w_v ÷ (alpha + items of both u and v), with
    w_u = (items of u) ** -heavy.

    alpha       smoothing, so that users with nothing else in common do not outweigh all others
    heavy       how much it is held against users that they like much; 0.5 in the paper
    popularity  s(i, j) is divided by (users of i × users of j) ** popularity; 0 in the paper
    users       of two items that have more users than this each, so many of the rarer one's are drawn, and the sum over
                them is scaled up to all; 0: all are read, which costs their square in time and memory
    longest     only the last so many events of each user are read
    """

    event: str = "like"
    neighbours: Count = 100
    alpha: Positive = 1.0
    heavy: NotNegative = 0.5
    popularity: NotNegative = 0.0
    users: Whole = 2000
    longest: Count = 500
    needs_clock: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.users == 1:
            raise ValueError("Swing: users=1; expected 2 or more, since one user makes no pair, or 0 for all")

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Neighbours:
        """The items of the most swings, beside each item."""
        liked = likes(view, self.event, self.longest)
        half = self._half(liked, np.random.default_rng(seed))
        whole = (half + half.T).tocsr()
        score = less_if_popular(liked.getnnz(axis=0), self.popularity)
        found = best_of_rows((whole[rows] for rows in blocks(np.diff(whole.indptr))), self.neighbours, score)
        return as_neighbours(self.seeds, found)

    def _half(self, likes: sparse.csr_matrix, random: np.random.Generator) -> sparse.csr_matrix:
        """s(i, j) in the row of the rarer of the two, float32[I, I]."""
        count = likes.getnnz(axis=0)
        by_count = np.argsort(-count, kind="stable")
        pairs = Pairs.of(likes[:, by_count].sorted_indices(), self.alpha, self.heavy)
        columns = pairs.likes.tocsc()
        place, score = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
        length = np.zeros(len(count), np.int64)
        # An item is a block of its own: what costs is the products of matrices of all its users.
        for item, (start, stop) in enumerate(pairwise(columns.indptr[: np.count_nonzero(count >= 2) + 1])):
            users, scale = self._drawn(columns.indices[start:stop], random)
            companions, sums = pairs.swings(item, users)
            place.append(companions)
            score.append(sums * np.float32(scale))
            length[item] = len(companions)
        offsets = np.concatenate(([0], np.cumsum(length)))
        ordered = sparse.csr_matrix((np.concatenate(score), np.concatenate(place), offsets), shape=(len(by_count),) * 2)
        back = np.argsort(by_count)
        return ordered[back][:, back]

    def _drawn(self, users: Ints, random: np.random.Generator) -> tuple[Ints, float]:
        """The users of an item that are read, and how many times more pairs there are."""
        n, most = len(users), self.users
        if not most or n <= most:
            return users, 1.0
        return random.choice(users, most, replace=False), n * (n - 1) / (most * (most - 1))


@dataclass(frozen=True)
class Pairs:
    """What pairs of users weigh.

    likes   float32[U, I], items by falling count of users, sorted within each user
    alpha   smoothing
    weight  float32[U] of each user
    all     float32[U, U] of each pair, where there are few users; else pairs are weighed as they come
    """

    likes: sparse.csr_matrix
    alpha: float
    weight: Floats
    all: Floats | None

    @classmethod
    def of(cls, likes: sparse.csr_matrix, alpha: float, heavy: float) -> "Pairs":
        """Weigh users by how much they like."""
        length = np.diff(likes.indptr)
        weight = np.maximum(length, 1).astype(np.float32) ** np.float32(-heavy)
        alone = cls(likes, alpha, weight, None)
        everybody = np.arange(likes.shape[0])
        return replace(alone, all=alone._weights(everybody)) if len(everybody) <= DENSE_USERS else alone

    def swings(self, item: int, users: Ints) -> tuple[Ints, Floats]:
        """The items of more users than this one that two or more of its users like, and the sums over those pairs."""
        user, at = spread(self.likes.indptr[users], self.likes.indptr[users + 1])
        other = self.likes.indices[at]
        user, other = user[other < item], other[other < item]
        companions = np.flatnonzero(np.bincount(other, minlength=item) >= 2)
        column = np.full(item, -1)
        column[companions] = np.arange(len(companions))
        shared = column[other] >= 0
        likes = np.zeros((len(users), len(companions)), np.float32)  # [n, C]
        likes[user[shared], column[other[shared]]] = 1
        weights = self._weights(users) if self.all is None else self.all[np.ix_(users, users)]
        # Each pair stands there twice.
        return companions, np.einsum("nc,nc->c", likes, weights @ likes) / 2

    def _weights(self, users: Ints) -> Floats:
        """Weight of each pair of these users, float32[n, n]; nobody makes a pair with themselves."""
        mine = self.likes[users]
        weights = (mine @ mine.T).toarray()
        weights += np.float32(self.alpha)
        np.divide(self.weight[users][:, None] * self.weight[users], weights, out=weights)
        np.fill_diagonal(weights, 0)
        return weights
