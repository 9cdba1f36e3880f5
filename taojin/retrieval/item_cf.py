"""Channel: items that the same users liked.

Sarwar et al., WWW 2001, https://doi.org/10.1145/371920.372071; Deshpande and Karypis, TOIS 2004,
https://doi.org/10.1145/963770.963776

Shapes: U users, I items in the vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import sparse

from taojin.core.bounds import Count, NotNegative, Portion, Share
from taojin.core.units import Floats, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.likes import likes
from taojin.retrieval.seeded import Seeded
from taojin.retrieval.serve.neighbours import Neighbours
from taojin.retrieval.similar import Doubles, as_neighbours, best_of_rows, products


class Similarity(StrEnum):
    """How much two items i, j belong together; n counts the users of an item, n_ij those of both.

    COSINE          n_ij ÷ sqrt(n_i n_j)
    CONDITIONAL     n_ij ÷ (n_i n_j ** alpha): the probability of j given i, less for popular j
    BM25            inner product of the items as documents whose words are their users, weighted by BM25
    """

    COSINE = "cosine"
    CONDITIONAL = "conditional"
    BM25 = "bm25"


@dataclass(frozen=True, kw_only=True)
class ItemCF(Seeded):
    """Items by the sum of their similarities to the items of the history, or to one item.

    neighbours  so many are kept of each item
    similarity  see Similarity
    shrinkage   similarities are multiplied by n_ij ÷ (n_ij + shrinkage), so that few users count little; with BM25,
                n_ij counts each user by weight
    alpha       CONDITIONAL: how much popularity is held against an item, 0 to 1
    k1, b       BM25: saturation and normalisation by length (Robertson and Zaragoza, 2009,
                https://doi.org/10.1561/1500000019)
    longest     only the last so many events of each user are read
    """

    event: str = "like"
    neighbours: Count = 100
    similarity: str = Similarity.BM25
    shrinkage: NotNegative = 10.0
    alpha: NotNegative = 0.5
    k1: NotNegative = 1.2
    b: Share = 0.75
    longest: Count = 500
    decay: Portion = 0.97
    needs_clock: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.similarity not in list(Similarity):
            raise ValueError(f"ItemCF: similarity {self.similarity!r}; expected one of {', '.join(Similarity)}")

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Neighbours:
        """The most similar items of each item, exactly."""
        liked = likes(view, self.event, self.longest)
        users = np.asarray(liked.sum(axis=0)).ravel().astype(np.float64)  # [I]
        weighted = sparse.diags(self._user_weight(liked)) @ liked

        def score(both: Doubles, item: Ints, other: Ints) -> Doubles:
            return self._score(both, users[item], users[other], users)

        found = best_of_rows(products(liked.T.tocsr(), weighted), self.neighbours, score)
        return as_neighbours(self.seeds, found)

    def _user_weight(self, likes: sparse.csr_matrix) -> Floats:
        """What each user who likes both items counts, float32[U]."""
        length = np.diff(likes.indptr)
        if self.similarity != Similarity.BM25:
            return np.ones(len(length), np.float32)
        items = np.count_nonzero(np.bincount(likes.indices))
        # Whoever likes everything says nothing about any two items.
        rarity = np.log1p((items - length + 0.5) / (length + 0.5))
        return np.square(rarity).astype(np.float32)

    def _score(self, both: Doubles, first: Doubles, second: Doubles, users: Doubles) -> Doubles:
        """Similarities of pairs of items from the counts of their users."""
        trust = both / (both + self.shrinkage)
        match self.similarity:
            case Similarity.COSINE:
                return trust * both / np.sqrt(first * second)
            case Similarity.CONDITIONAL:
                return trust * both / (first * second**self.alpha)
            case _:
                return trust * both * self._saturation(first, users) * self._saturation(second, users)

    def _saturation(self, n: Doubles, users: Doubles) -> Doubles:
        average = users[users > 0].mean() if users.any() else 1.0
        return (self.k1 + 1) / (1 + self.k1 * (1 - self.b + self.b * n / average))
