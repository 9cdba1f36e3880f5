"""Channel: what most users liked, over all of training."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taojin.core.units import FIRST
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.retrieval.serve.best import top
from taojin.retrieval.serve.keys import Everyone
from taojin.retrieval.serve.lists import Lists


@dataclass(frozen=True, kw_only=True)
class Popular:
    """Items by the count of their training events of a kind, at whatever time."""

    event: str = "like"
    needs_clock: bool = False
    embeddings: tuple[str, ...] = ()

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Lists:
        """Count; every item with an event stands in the list."""
        count = view.counts(view.kinds.bits(self.event))
        item = FIRST + np.flatnonzero(count[FIRST:])
        ranked = top(np.array([0, len(item)]), item, count[item], len(item))
        return Lists(keys=Everyone(), offsets=ranked.offsets, item=ranked.key, score=ranked.score)
