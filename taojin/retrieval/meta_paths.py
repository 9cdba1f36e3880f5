"""Channel: walks along facts, item - relation - entity - relation - item, whose weights are learned from likes.

Sun et al., VLDB 2011, https://doi.org/10.14778/3402707.3402736 (meta-paths); Lao and Cohen, Machine Learning 2010,
https://doi.org/10.1007/s10994-010-5205-8 (walks along paths as features of a linear model). Deviations: the weights
are the non-negative least squares of co-liked against random pairs; the last step prefers liked items.

Shapes: I items in the vocabulary, V nodes (items, then entities), S paths, P pairs, B items of a block.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import nnls

from taojin.core.bounds import Count, NotNegative, Portion
from taojin.core.stages import Retriever
from taojin.core.units import FIRST, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.knowledge.triples import Triples, read_triples
from taojin.retrieval.owners import Owners
from taojin.retrieval.seeded import Seeded
from taojin.retrieval.serve.best import Ranked, join, top
from taojin.retrieval.similar import as_neighbours

CELLS = 1 << 24
"""Pairs of items that are held at once, at most."""


@dataclass(frozen=True, kw_only=True)
class MetaPaths(Seeded):
    """Items by the weighted probability that a walk over the facts leads from the history to them.

    A path goes over one relation and back, to the other items of an entity; where a relation joins items with items,
    a second path goes over it once.

    table       name of the facts among the context tables, with columns head, relation, tail
    event       kind of event whose pairs teach the weights
    neighbours  so many are kept of each item
    popularity  the last step goes to an item in proportion to (its likes + 1) ** popularity
    widest      entities of more items are not walked over: they say little, and cost the square
    reach       a like is paired with one of the so many likes before it
    pairs       co-liked pairs that are learned from, and as many random ones, at most
    cold        propose items that had no training event, too
    owners      what is not proposed to whom; None: no item is held back
    """

    table: str = "triples"
    event: str = "like"
    neighbours: Count = 200
    popularity: NotNegative = 1.0
    widest: Count = 5000
    reach: Count = 10
    pairs: Count = 50_000
    cold: bool = False
    owners: Owners | None = None
    decay: Portion = 0.97

    @property
    def needs_clock(self) -> bool:
        """True if the pause between two purchases counts."""
        return self.owners is not None and self.owners.needs_clock

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Retriever:
        """Learn the weights and walk from every item; a path of weight 0 is not walked."""
        facts = read_triples(view, self.table, "MetaPaths")
        paths = self._paths(view, facts)
        found = self._walk(view, paths, self._learn(view, paths, seed))
        neighbours = as_neighbours(self.seeds, found)
        return neighbours if self.owners is None else self.owners.fit(view, facts, neighbours)

    def weights(self, view: TrainView, *, seed: int) -> dict[str, float]:
        """What each path counts: a relation's name, with an arrow where it is walked once."""
        paths = self._paths(view, read_triples(view, self.table, "MetaPaths"))
        learned = self._learn(view, paths, seed)
        return {path.name: float(weight) for path, weight in zip(paths, learned, strict=True)}

    def _paths(self, view: TrainView, facts: Triples) -> list["Path"]:
        liked = view.counts(view.kinds.bits(self.event))
        prior = np.power(liked + 1.0, self.popularity)
        if not self.cold:
            prior[view.counts(view.kinds.all) == 0] = 0
        prior[:FIRST] = 0
        paths = []
        for code, name in enumerate(facts.relations):
            edges = _edges(facts, code)  # [I, V]
            between = sparse.csr_matrix(edges[:, : facts.items])
            narrow = np.asarray(edges.sum(axis=0)).ravel() <= self.widest
            edges = sparse.csr_matrix(edges @ sparse.diags(narrow.astype(np.float32)))
            back = sparse.csr_matrix(edges.T) @ sparse.diags(prior)  # [V, I]
            paths.append(Path(name, _stochastic(edges), _stochastic(back)))
            if between.nnz:
                paths.append(Path(f"{name} ->", _stochastic(between), sparse.csr_matrix(sparse.diags(np.sign(prior)))))
        return paths

    def _learn(self, view: TrainView, paths: list["Path"], seed: int) -> NDArray[np.float64]:
        """Weights of the paths, float64[S] >= 0: the least squares of 1 for co-liked pairs and -1 for random ones.

        Random pairs are drawn by popularity, so that a path earns its weight by more than leading to the popular.
        """
        random = np.random.default_rng(seed)
        first, second = co_liked(view, self.event, reach=self.reach, most=self.pairs, random=random)
        other = random.permutation(second)
        item, target = np.concatenate([first, first]), np.concatenate([second, other])
        label = np.repeat([1.0, -1.0], len(first))
        label[item == target] = 0  # drawn by chance, and no path leads from an item to itself
        probability = np.stack([path.between(item, target) for path in paths], axis=1)  # [P, S]
        weights: NDArray[np.float64] = nnls(probability, label)[0]
        return weights

    def _walk(self, view: TrainView, paths: list["Path"], weights: NDArray[np.float64]) -> Ranked:
        counted = [(path, weight) for path, weight in zip(paths, weights, strict=True) if weight > 0]
        nothing = sparse.csr_matrix((view.n_items, 0))
        out = sparse.csr_matrix(sparse.hstack([nothing, *(path.out * weight for path, weight in counted)]))
        back = sparse.csr_matrix(sparse.vstack([nothing.T, *(path.back for path, _ in counted)]))
        block = max(1, CELLS // view.n_items)
        blocks = []
        for start in range(0, view.n_items, block):
            reached = sparse.coo_matrix(out[start : start + block] @ back)  # [B, I]
            item, neighbour = reached.row.astype(np.int64), reached.col.astype(np.int64)
            kept = (item + start != neighbour) & (reached.data > 0)
            offsets = np.searchsorted(item[kept], np.arange(reached.shape[0] + 1))
            blocks.append(top(offsets, neighbour[kept], reached.data[kept], self.neighbours))
        return join(blocks)


class Path(NamedTuple):
    """The two halves of a walk, rows sum to 1 or are empty.

    out     float[I, X]     from an item
    back    float[X, I]     to an item
    """

    name: str
    out: sparse.csr_matrix
    back: sparse.csr_matrix

    def between(self, first: Ints, second: Ints) -> NDArray[np.float64]:
        """The probability that a walk leads from one item to another, float64[P]."""
        back = sparse.csr_matrix(self.back.T)
        both = self.out[first].multiply(back[second])
        return np.asarray(both.sum(axis=1), np.float64).ravel()


def co_liked(view: TrainView, event: str, *, reach: int, most: int, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Liked items, two int64[P], each with an item that its user had liked shortly before."""
    offsets, item = view.sequences(view.kinds.bits(event))
    place = np.arange(len(item)) - np.repeat(offsets[:-1], np.diff(offsets))
    later = np.flatnonzero((place > 0) & (item >= FIRST))
    if not len(later):
        raise ValueError(f"MetaPaths: no user has two events {event!r}; there is nothing to learn weights from")
    later = random.permutation(later)[:most]
    back = 1 + np.floor(random.random(len(later)) * np.minimum(place[later], reach)).astype(np.int64)
    known = (item[later - back] >= FIRST) & (item[later - back] != item[later])
    return item[later - back][known], item[later][known]


def _edges(facts: Triples, relation: int) -> sparse.csr_matrix:
    """1 where a relation joins an item with a node, whichever is the head, float32[I, V]."""
    of = facts.relation == relation
    head, tail = facts.head[of], facts.tail[of]
    ends = np.concatenate([np.stack([head, tail]), np.stack([tail, head])], axis=1)
    ends = np.unique(ends[:, ends[0] < facts.items], axis=1)
    shape = (facts.items, facts.nodes)
    return sparse.csr_matrix((np.ones(ends.shape[1], np.float32), (ends[0], ends[1])), shape=shape)


def _stochastic(weights: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows divided by their sums."""
    total = np.asarray(weights.sum(axis=1)).ravel()
    return sparse.csr_matrix(sparse.diags(np.divide(1, total, out=np.zeros_like(total), where=total > 0)) @ weights)
