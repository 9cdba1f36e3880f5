"""Baseline: item CF alone, tuned on the validation cases and over the whole catalogue.

Shapes: B requests of a block, I items, L history length.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np
from scipy import sparse

from taojin.core.batch import Requests
from taojin.core.events import spread
from taojin.core.units import PAD
from taojin.data.dataset import TrainView
from taojin.evaluation.baselines import Chosen, Setting, best_unseen, choose
from taojin.evaluation.cases import Cases
from taojin.evaluation.recommended import Doubles, Recommended
from taojin.retrieval.item_cf import ItemCF, Similarity
from taojin.retrieval.serve.neighbours import Neighbours


@dataclass(frozen=True, kw_only=True)
class ItemCFAlone:
    """Items by the sum of their similarities to what the user liked, newer likes counting more.

    spec        what the neighbours were fitted by
    table       neighbours of each item, best first; at most `neighbours` of each are read
    likes       bits of the kinds of event that make the history; its last `longest` are read
    half_life   a like counts half after so many newer ones
    had         bits of the kinds of event after which an item is not shown again
    """

    spec: ItemCF
    table: Neighbours
    neighbours: int
    half_life: float
    likes: int
    had: int
    longest: int = 200

    @property
    def setting(self) -> Setting:
        """What the grid spans."""
        return {
            "similarity": str(self.spec.similarity),
            "alpha": self.spec.alpha,
            "shrinkage": self.spec.shrinkage,
            "neighbours": self.neighbours,
            "half_life": self.half_life,
        }

    def recommend(self, requests: Requests, k: int) -> Recommended:
        """The k items most similar to each history; fewer where fewer are similar at all."""
        return best_unseen(self._scores, requests, had=self.had, k=k)

    def _scores(self, requests: Requests) -> Doubles:
        item = requests.past.items(self.likes, self.longest)  # [B, L]
        weight = np.exp2(-np.arange(self.longest)[::-1] / self.half_life)
        request, place = np.nonzero(item != PAD)
        shape = (len(requests), self._similar.shape[0])
        history = sparse.csr_matrix((weight[place], (request, item[request, place])), shape=shape)
        scores = (history @ self._similar).toarray()
        return np.where(scores > 0, scores, -np.inf)

    @cached_property
    def _similar(self) -> sparse.csr_matrix:
        """Similarity of neighbour j to item i at [i, j]."""
        first, stop = self.table.offsets[:-1], self.table.offsets[1:]
        item, at = spread(first, np.minimum(stop, first + self.neighbours))
        cells = (self.table.similarity[at].astype(np.float64), (item, self.table.item[at]))
        return sparse.csr_matrix(cells, shape=(len(first), len(first)))


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The settings that are tried, in two rounds.

    First every similarity (with its alpha) and shrinkage, with all neighbours and likes that fade at a middling pace;
    then, for the best of these, every number of neighbours and half-life.

    cases   validation cases, drawn at random, that decide
    """

    similarity: tuple[tuple[Similarity, float], ...] = (
        (Similarity.COSINE, 0.5),
        (Similarity.CONDITIONAL, 0.3),
        (Similarity.CONDITIONAL, 0.7),
        (Similarity.BM25, 0.5),
    )
    shrinkage: tuple[float, ...] = (0.0, 5.0, 25.0)
    neighbours: tuple[int, ...] = (20, 50, 200, 500)
    half_life: tuple[float, ...] = (float("inf"), 50.0, 20.0, 8.0, 3.0, 1.5)
    middling: float = 8.0
    cases: int = 1_000


GRID = Grid()


def tune_item_cf(
    view: TrainView, valid: Cases, *, event: str, grid: Grid = GRID, seed: int = 0, had: int | None = None
) -> Chosen[ItemCFAlone]:
    """Item CF fitted on the training split, with the setting of the best validation NDCG@10.

    event   the kind of event that counts as a like
    had     bits of the kinds of event after which an item is not shown again; None: all
    """
    had = view.kinds.all if had is None else had
    some = valid.only(np.sort(np.random.default_rng(seed).permutation(len(valid))[: grid.cases]))
    rough = choose(_fits(view, event, grid, seed, had), some).baseline
    finer = (replace(rough, neighbours=n, half_life=h) for n, h in product(grid.neighbours, grid.half_life))
    return choose([choose(finer, some).baseline], valid)


def _fits(view: TrainView, event: str, grid: Grid, seed: int, had: int) -> Iterator[ItemCFAlone]:
    for (similarity, alpha), shrinkage in product(grid.similarity, grid.shrinkage):
        spec = ItemCF(
            event=event, similarity=similarity, alpha=alpha, shrinkage=shrinkage, neighbours=max(grid.neighbours)
        )
        yield ItemCFAlone(
            spec=spec,
            table=spec.fit(view, {}, seed=seed),
            neighbours=spec.neighbours,
            half_life=grid.middling,
            likes=view.kinds.bits(event),
            had=had,
        )
