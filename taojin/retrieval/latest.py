"""Channel: what came out last."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taojin.core.units import FIRST, FOREVER, NEVER, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.features.attributes import dates
from taojin.retrieval.serve.keys import Everyone, Keys
from taojin.retrieval.serve.lists import NewestLists


@dataclass(frozen=True, kw_only=True)
class Latest:
    """The items that came out last before the request, newest first, whether anybody has met them or not.

    since   column of the items: when each came out; those without a date are not listed
    """

    since: str = "released"
    needs_clock: bool = True
    embeddings: tuple[str, ...] = ()

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> NewestLists:
        """Sort the catalogue by date."""
        item = np.arange(FIRST, view.n_items)
        return newest_lists(view, self.since, "Latest", Everyone(), np.zeros_like(item), item, lists=1)


def newest_lists(
    view: TrainView, since: str, where: str, keys: Keys, of: Ints, item: Ints, *, lists: int, age: int = FOREVER
) -> NewestLists:
    """Pairs (list, item) as lists by date, newest first, ties by item; items without a date are left out."""
    born = dates(view, since, where, absent=NEVER)
    dated = born[item] != NEVER
    of, item = of[dated], item[dated]
    order = np.lexsort((item, -born[item], of))
    return NewestLists(
        keys=keys,
        offsets=np.searchsorted(of[order], np.arange(lists + 1)),
        item=item[order],
        since=born[item[order]],
        age=age,
    )
