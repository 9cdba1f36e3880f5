"""Channel: what came out a short while ago."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taojin.core.bounds import Count, bounded
from taojin.core.units import FIRST, HOUR
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.retrieval.latest import newest_lists
from taojin.retrieval.serve.keys import Everyone
from taojin.retrieval.serve.lists import NewestLists


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """The items younger than `age` at the time of the request, newest first; without any, none.

    since   column of the items: when each came out; those without a date are not listed
    age     milliseconds
    """

    since: str = "released"
    age: Count = 2 * HOUR
    needs_clock: bool = True
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> NewestLists:
        """Sort the catalogue by date; what is fresh is seen when a request comes."""
        item = np.arange(FIRST, view.n_items)
        return newest_lists(view, self.since, "Fresh", Everyone(), np.zeros_like(item), item, lists=1, age=self.age)
