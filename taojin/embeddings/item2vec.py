"""Item2vec: items that the same users like near to each other, by skip-gram over what each user liked.

Barkan and Koenigstein, MLSP 2016, https://arxiv.org/abs/1603.04259
"""

from collections.abc import Mapping
from dataclasses import dataclass

from taojin.core.progress import Progress
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.skip_gram import Sequences, SkipGramSpec, fit_skip_gram
from taojin.features.feature import Column


@dataclass(frozen=True, kw_only=True)
class Item2Vec(SkipGramSpec):
    """Vectors of items from sequences of liked items; fields see `SkipGramSpec`."""

    needs_clock: bool = False

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Learn until the next item of held-out users is not found better."""
        evidence = self.evidence(view, columns, seed=seed)
        sequences = Sequences(evidence.learned.item, evidence.learned.requests.user)
        return fit_skip_gram(self, sequences, evidence, seed=seed, name="item2vec", progress=progress)
