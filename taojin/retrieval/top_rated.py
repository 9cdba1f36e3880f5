"""Channel: the highest mean value, where few values count little."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taojin.core.bounds import Count, NotNegative, bounded
from taojin.core.units import FIRST
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.retrieval.serve.best import top
from taojin.retrieval.serve.keys import Everyone
from taojin.retrieval.serve.lists import Lists


@dataclass(frozen=True, kw_only=True)
class TopRated:
    """Items by the Bayesian average of the values (ratings, seconds watched) of their events of a kind.

    (sum + strength × mean of all) ÷ (count + strength): as if each item had `strength` average values beforehand.
    Means move slowly, so the list is that of the whole training split at any time; it has no state as of a time.

    strength    imagined average values
    at_least    items with fewer values are not listed
    """

    event: str = "rate"
    strength: NotNegative = 20.0
    at_least: Count = 5
    needs_clock: bool = False
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Lists:
        """Average; events without a value are left out, and if none has one this is an error."""
        events = view.log.events
        at = events.matching(view.kinds.bits(self.event)).position
        at = at[np.isfinite(events.value[at])]
        if not len(at):
            raise ValueError(
                f"TopRated: no event of kind {self.event!r} has a value; name the kind that carries ratings"
            )
        value = events.value[at].astype(np.float64)
        count = np.bincount(events.item[at], minlength=view.n_items)
        total = np.bincount(events.item[at], weights=value, minlength=view.n_items)
        average = (total + self.strength * value.mean()) / (count + self.strength)
        item = FIRST + np.flatnonzero(count[FIRST:] >= max(self.at_least, 1))
        ranked = top(np.array([0, len(item)]), item, average[item], len(item))
        return Lists(keys=Everyone(), offsets=ranked.offsets, item=ranked.key, score=ranked.score)
