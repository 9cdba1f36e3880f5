"""DeepWalk: skip-gram over weighted random walks on the graph of what users liked after what.

Perozzi, Al-Rfou and Skiena, KDD 2014, https://arxiv.org/abs/1403.6652; on the weighted graph of consecutive events:
Wang et al., KDD 2018, https://arxiv.org/abs/1803.02349, section 2.2
"""

from collections.abc import Mapping
from dataclasses import dataclass

from taojin.core.progress import Progress
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.skip_gram import fit_skip_gram
from taojin.embeddings.walks.spec import WalkSpec, random_walks
from taojin.embeddings.walks.walk import first_order
from taojin.features.feature import Column


@dataclass(frozen=True, kw_only=True)
class DeepWalk(WalkSpec):
    """Vectors of items from walks that take each edge in proportion to its weight."""

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Learn until the next item of held-out users is not found better."""
        evidence = self.evidence(view, columns, seed=seed)
        sequences = random_walks(self, evidence.learned, view.n_items, first_order, seed=seed)
        return fit_skip_gram(self, sequences, evidence, seed=seed, name="deepwalk", progress=progress)
