"""Node2Vec: skip-gram over walks that stay near their start or go away from it.

Grover and Leskovec, KDD 2016, https://arxiv.org/abs/1607.00653
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from taojin.core.bounds import Positive
from taojin.core.progress import Progress
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.skip_gram import fit_skip_gram
from taojin.embeddings.walks.spec import WalkSpec, random_walks
from taojin.embeddings.walks.walk import second_order
from taojin.features.feature import Column


@dataclass(frozen=True, kw_only=True)
class Node2Vec(WalkSpec):
    """Vectors of items from walks whose edges weigh more or less by where the walker came from.

    p   the larger, the less a walk turns back at once
    q   above 1 a walk stays near (items of equal part in the graph come close), below 1 it goes away (neighbours do)
    """

    p: Positive = 1.0
    q: Positive = 2.0

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Learn until the next item of held-out users is not found better."""
        evidence = self.evidence(view, columns, seed=seed)
        step = partial(second_order, p=self.p, q=self.q)
        sequences = random_walks(self, evidence.learned, view.n_items, step, seed=seed)
        return fit_skip_gram(self, sequences, evidence, seed=seed, name="node2vec", progress=progress)
