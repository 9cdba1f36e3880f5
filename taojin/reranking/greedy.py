"""What greedy re-rankers share: candidates as a padded matrix, and the way back.

Shapes: R requests, M candidates of the longest request, K places.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Candidates
from taojin.core.units import Ints, Mask


@dataclass(frozen=True)
class Padded:
    """Row of each request's m-th candidate.

    row     int64[R, M]     -1 where a request has fewer
    known   bool[R, M]
    """

    row: Ints
    known: Mask

    @property
    def width(self) -> int:
        """Candidates of the longest request."""
        return self.row.shape[1]

    @cached_property
    def length(self) -> Ints:
        """Candidates of each request, int64[R]."""
        return self.known.sum(axis=1)

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """The candidates' values side by side, [R, M, ...]; zeros in the padding."""
        return np.concatenate([values, np.zeros((1, *values.shape[1:]), values.dtype)])[self.row]

    def or_padding(self, best: Ints, place: int) -> Ints:
        """The chosen places, int64[R]; a request with no more than `place` candidates gives its next padding."""
        return np.where(place < self.length, best, place)

    def reordered(self, candidates: Candidates, order: Ints) -> Candidates:
        """The candidates with those at `order`, int64[R, K] places of the matrix, in front; the rest as they were."""
        requests, width = self.row.shape
        place = np.tile(np.arange(width) + width, (requests, 1))
        np.put_along_axis(place, order, np.tile(np.arange(order.shape[1]), (requests, 1)), axis=1)
        by_place = np.take_along_axis(self.row, np.argsort(place, axis=1), axis=1)
        return candidates.take(by_place[by_place >= 0])


def padded(candidates: Candidates) -> Padded:
    """The rows of each request side by side, in their order."""
    length = np.diff(candidates.offsets)
    place = np.arange(length.max(initial=1))
    known = place < length[:, None]
    return Padded(np.where(known, candidates.offsets[:-1, None] + place, -1), known)
