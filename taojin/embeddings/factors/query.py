"""How the history of a request becomes its vector of factors. These stand in a bundle: NumPy only.

Shapes: R requests, B of them a block, L history length, I items and U users in the vocabulary, D factors, P seeds.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from taojin.core.batch import Requests, Rows
from taojin.core.units import Floats
from taojin.embeddings.seeds import Seeds, Weighted

BLOCK = 128
"""Requests whose systems of equations are solved together: with long histories their vectors are many."""


@dataclass(frozen=True, kw_only=True)
class FoldIn:
    """The vector that least squares gives to a history, as ALS gives it to a user of the training.

    With the items h of the history and their weights w it is the x that minimises

        sum over h of w_h (1 - x y_h)² + xᵀ gram x + strength (sum of w + offset) ** power |x|²

    items   float32[I, D]   y; an item with a zero vector is not counted
    gram    float32[D, D]   what the products with all other items cost
    """

    seeds: Seeds
    items: Floats
    gram: Floats
    strength: float
    offset: float
    power: float

    @property
    def features(self) -> tuple[str, ...]:
        return self.seeds.features

    def vectors(self, requests: Requests, rows: Rows) -> Floats:
        """One vector per request, float32[R, 1, D]; zero where no item is known."""
        found = _known(self.seeds.find(requests, rows), self.items)
        vectors = np.zeros((len(requests), 1, self.items.shape[1]), np.float32)
        edges = np.searchsorted(found.request, np.arange(0, len(requests) + BLOCK, BLOCK))
        for start, stop in pairwise(edges):
            asks, which = np.unique(found.request[start:stop], return_inverse=True)
            if len(asks):
                vectors[asks, 0] = self._solve(Weighted(which, found.key[start:stop], found.weight[start:stop]))
        return vectors

    def _solve(self, history: Weighted) -> Floats:
        """The minimum for each of B histories, none of them empty, float32[B, D]."""
        length = np.bincount(history.request)
        place = np.arange(len(history.key)) - (np.cumsum(length) - length)[history.request]
        shape = (len(length), length.max())
        weight = np.zeros(shape)
        weight[history.request, place] = history.weight
        liked = np.zeros((*shape, self.items.shape[1]))
        liked[history.request, place] = self.items[history.key]  # [B, L, D]
        penalty = self.strength * (weight.sum(axis=1) + self.offset) ** self.power  # [B]
        ridge = penalty[:, None, None] * np.eye(liked.shape[2])
        weighted = liked * weight[:, :, None]
        left = liked.transpose(0, 2, 1) @ weighted + self.gram + ridge
        return np.linalg.solve(left, weighted.sum(axis=1)[:, :, None])[:, :, 0].astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class UserAndHistory:
    """What training keeps of a user, moved by what the items of the history say.

    The vector is users[u] + (sum of w_h items[h]) ÷ (sum of w_h) ** power. A stranger has the second part alone.

    users   float32[U, D]   zeros for reserved rows and for users without training events
    items   float32[I, D]   what an item adds, which is not the vector that it is found by
    power   1: the mean of the history; 0.5: as a graph convolution sums it up
    """

    seeds: Seeds
    users: Floats
    items: Floats
    power: float

    @property
    def features(self) -> tuple[str, ...]:
        return self.seeds.features

    def vectors(self, requests: Requests, rows: Rows) -> Floats:
        """One vector per request, float32[R, 1, D]; zero for a stranger of whom no item is known."""
        history = _known(self.seeds.find(requests, rows), self.items)
        vectors = self.users[requests.user]
        request, start = np.unique(history.request, return_index=True)
        if len(request):
            total = np.add.reduceat(history.weight, start)
            moves = np.add.reduceat(history.weight[:, None] * self.items[history.key], start)
            vectors[request] += moves / total[:, None] ** self.power
        return vectors[:, None]


def _known(history: Weighted, items: Floats) -> Weighted:
    """The part of histories that has vectors."""
    known = items[history.key].any(axis=1)
    return Weighted(history.request[known], history.key[known], history.weight[known])
