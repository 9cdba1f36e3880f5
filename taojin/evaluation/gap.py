"""On a generated world: how far lists go from popularity towards the best that was possible.

Shapes: R requests, K places, X pairs.
"""

from collections.abc import Mapping
from typing import Protocol

from taojin.core.batch import Requests
from taojin.core.units import Floats, Ints
from taojin.evaluation.bootstrap import Bootstrap, Interval
from taojin.evaluation.recommended import Doubles, Recommended


class Truth(Protocol):
    """What a generated world knows of its users, in the rows of its data set."""

    def expected_likes(self, user: Ints, time: Ints, items: Ints) -> Floats:
        """Expected number of likes on lists int64[R, K], float32[R]; PAD counts nothing."""
        ...

    def best(self, user: Ints, time: Ints, *, k: int, excluded: tuple[Ints, Ints]) -> Ints:
        """The lists with the most expected likes, int64[R, k], without the excluded (request, item) pairs."""
        ...


def expected_likes(
    truth: Truth, requests: Requests, *, funnel: Recommended, popular: Recommended, had: int, k: int = 10
) -> dict[str, Doubles]:
    """Expected likes on the first k places of three lists of items new to the user, [R]: funnel, popular, ideal.

    had     bits of the kinds of event after which an item is not new; the ideal knows the truth and avoids the same
    """
    request, at = requests.past.pairs(had)
    excluded = (request, requests.past.events.item[at])
    ideal = truth.best(requests.user, requests.time, k=k, excluded=excluded)
    lists = {"funnel": funnel.item[:, :k], "popular": popular.item[:, :k], "ideal": ideal}
    return {
        name: truth.expected_likes(requests.user, requests.time, items).astype("float64")
        for name, items in lists.items()
    }


def gap_share(expected: Mapping[str, Doubles], bootstrap: Bootstrap) -> Interval:
    """(funnel - popular) / (ideal - popular), each summed over the users, who are drawn again for the interval.

    >>> import numpy as np
    >>> likes = {"funnel": np.full(9, 3.0), "popular": np.full(9, 2.0), "ideal": np.full(9, 4.0)}
    >>> gap_share(likes, Bootstrap())
    Interval(mean=0.5, low=0.5, high=0.5)
    """
    reached = expected["funnel"] - expected["popular"]
    possible = expected["ideal"] - expected["popular"]
    return bootstrap.ratio(reached[:, None], possible[:, None])[0]
