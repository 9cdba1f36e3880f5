"""The items a request starts from: the last ones of its user, or the one that a `similar` scene names. NumPy only.

Shapes: R requests, L history length, H history columns, P weighted keys.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from taojin.core.batch import Requests, Rows
from taojin.core.units import FIRST, Floats, Ints

Of = Literal["user", "item"]
"""What a request is asked by: the history of its user, or the item it starts from."""


class Weighted(NamedTuple):
    """What requests ask for: keys (item rows, or rows of something else) and how much each counts, by request.

    request     int64[P]    ascending
    key         int64[P]
    weight      float32[P]  > 0
    """

    request: Ints
    key: Ints
    weight: Floats


@runtime_checkable
class Seeds(Protocol):
    """Finds the items that requests start from."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the request features it reads."""
        ...

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """Item rows from FIRST on; a request may have none."""
        ...


@dataclass(frozen=True, kw_only=True)
class HistorySeeds:
    """The items of a history, newest heaviest.

    history     name of the feature, int64[R, L, H], first column the items
    decay       weight of each place against the next newer one, in (0, 1]
    """

    history: str = "history"
    decay: float = 1.0

    @property
    def features(self) -> tuple[str, ...]:
        return (self.history,)

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """The known items of each history, oldest first."""
        item = rows.request[self.history][:, :, 0]  # [R, L]
        request, place = np.nonzero(item >= FIRST)
        weight = np.power(self.decay, np.arange(item.shape[1])[::-1], dtype=np.float32)  # [L]
        return Weighted(request, item[request, place], weight[place])


@dataclass(frozen=True, kw_only=True)
class ItemSeed:
    """The item that the request itself names."""

    features: tuple[str, ...] = ()

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """One item per request, none where it is PAD or UNKNOWN."""
        request = np.flatnonzero(requests.item >= FIRST)
        return Weighted(request, requests.item[request], np.ones(len(request), np.float32))


def seeds(of: Of, *, history: str, decay: float) -> Seeds:
    """The seeds that a spec's field `of` stands for.

    >>> seeds("item", history="history", decay=1.0)
    ItemSeed(features=())
    """
    return HistorySeeds(history=history, decay=decay) if of == "user" else ItemSeed()
