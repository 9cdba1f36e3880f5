"""What learning vectors gives: vectors of items, and how a request becomes a query. NumPy only.

Shapes: I items, D embedding size, R requests, Q query vectors of a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from taojin.core.batch import Requests, Rows
from taojin.core.progress import Progress
from taojin.core.units import Floats, Mask
from taojin.data.dataset import TrainView
from taojin.features.feature import Column


@runtime_checkable
class Query(Protocol):
    """Turns requests into vectors in the space of the items. Stands in a bundle: no torch."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the request features it reads."""
        ...

    def vectors(self, requests: Requests, rows: Rows) -> Floats:
        """Query vectors, float32[R, Q, D]; a zero vector asks for nothing."""
        ...


@dataclass(frozen=True)
class Embedding:
    """Fitted vectors; the larger the inner product of query and item, the better the match.

    vectors     float32[I, D]   zeros where there is none
    known       bool[I]         which items have a vector
    cold        bool[I]         those of them that had no training event (a vector from attributes alone)
    asked       float32[V, D]   queries of users who were held out: what an index is measured with; None: none were kept
    """

    vectors: Floats
    known: Mask
    cold: Mask
    query: Query
    asked: Floats | None = None


@runtime_checkable
class Embedder(Protocol):
    """A spec of vectors."""

    @property
    def needs_clock(self) -> bool: ...
    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features it reads."""
        ...

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Learn from the training split."""
        ...


def unit_length(vectors: Floats) -> Floats:
    """Vectors divided by their length, float32[I, D]; a zero vector stays.

    >>> unit_length(np.array([[3, 4], [0, 0]], np.float32))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
