"""The protocols of the stages; read this first.

The contract of a stage is its return type: a ranker returns numbers and cannot drop, a rule returns a mask and cannot
reorder. Every stage names the features it reads and gets them as `Rows`.

Shapes: R requests, N candidates, I items in the vocabulary.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.units import Floats, Mask

NOTHING: Mapping[str, NDArray[Any]] = MappingProxyType({})


class StageError(Exception):
    """A part of the funnel failed on a request; says which and why."""


class FeatureStore(Protocol):
    """Gives feature values as of each request's time, online and offline alike."""

    def read(
        self,
        names: Sequence[str],
        requests: Requests,
        candidates: Candidates | None = None,
        known: Mapping[str, NDArray[Any]] = NOTHING,
    ) -> Rows:
        """Values of these features. Without candidates, only those of the request level may be named.

        known   columns of the request level that were read for these requests before
        """
        ...


@runtime_checkable
class Retriever(Protocol):
    """Proposes candidates. Fast and broad: it sees the whole catalogue."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the request features it reads."""
        ...

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        """At most k candidates per request out of `requests.allowed`, best first; `channels` is one empty name."""
        ...


@runtime_checkable
class Rule(Protocol):
    """A hard constraint: may remove candidates, nothing else."""

    @property
    def must(self) -> bool:
        """True: reads process memory only and never fails open. False: skipped, and said, when its store is away."""
        ...

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features it reads."""
        ...

    def keep(self, requests: Requests, candidates: Candidates, rows: Rows) -> Mask:
        """Which candidates may stay, bool[N]."""
        ...

    def forbids(self, requests: Requests) -> Mask | None:
        """What it is sure to remove for each of these requests, bool[I]; retrieval is told. None: nothing."""
        ...

    def removes(self, requests: Requests) -> int:
        """How many other items at most any of the requests loses by it; channels fetch so many more."""
        ...


@runtime_checkable
class Ranker(Protocol):
    """Scores candidates; used by both pre-ranking and ranking."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features it reads."""
        ...

    def score(self, rows: Rows) -> dict[str, Floats]:
        """A prediction per candidate for each task, float32[N]."""
        ...


@runtime_checkable
class Reranker(Protocol):
    """Orders the final list as a whole: diversity, business order, exploration, fixed places."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features it reads."""
        ...

    def rerank(self, requests: Requests, candidates: Candidates, rows: Rows, k: int) -> Candidates:
        """The same candidates in a new order, best first; only the first k of each request matter.

        Candidates come best first, with the column `scores["final"]` to order by.
        """
        ...
