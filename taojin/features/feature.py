"""What a feature is: a declared column that is fitted once and then read as of any request's time.

A *feature* is a spec in a recipe; fitting it gives a *column*, which knows how to compute and encode its values with
NumPy alone, in training and at request time. Shapes: R requests, N candidates, L history length, H history columns.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Candidates, Requests
from taojin.data.dataset import TrainView

Values = NDArray[Any]


class Level(StrEnum):
    """Whose value it is: one per request (user, context, history) or one per candidate (item, user x item)."""

    REQUEST = "request"
    CANDIDATE = "candidate"


@dataclass(frozen=True)
class Category:
    """Codes int64[..., values] in [0, size): PAD masked, UNKNOWN trained; several values are a set."""

    size: int
    values: int = 1


@dataclass(frozen=True)
class Number:
    """float32[..., width], scaled and finite; what is missing is 0."""

    width: int = 1


@dataclass(frozen=True)
class History:
    """Codes int64[R, length, len(columns)] of what the user did last, newest last, PAD on the left.

    columns     item features of one value each, whose codes the places hold; the first tells what is PAD
    """

    length: int
    columns: tuple[str, ...]


Form = Category | Number | History


@dataclass(slots=True)
class Ask:
    """One reading of the store: the batch, and the columns read so far."""

    requests: Requests
    candidates: Candidates | None
    columns: Mapping[str, "Column"]
    read_already: dict[Hashable, Values] = field(default_factory=dict)

    @property
    def of(self) -> NDArray[np.int64]:
        """Request of each candidate, int64[N]."""
        assert self.candidates is not None, "a feature of candidates was asked for requests alone"
        return self.candidates.request

    @property
    def item(self) -> NDArray[np.int64]:
        """Item row of each candidate, int64[N]."""
        assert self.candidates is not None, "a feature of candidates was asked for requests alone"
        return self.candidates.item

    def value(self, name: str) -> Values:
        """Another column's values, computed once per reading."""
        if name not in self.columns:
            raise ValueError(f"feature {name!r}: not declared; there are {', '.join(self.columns)}")
        return self.once(name, lambda: self.columns[name].read(self))

    def once(self, key: Hashable, compute: Callable[[], Values]) -> Values:
        """What several columns need alike, computed once per reading."""
        if key not in self.read_already:
            self.read_already[key] = compute()
        return self.read_already[key]


@runtime_checkable
class Column(Protocol):
    """A fitted feature. Its class imports with the core dependencies alone, since it stands in a bundle."""

    @property
    def name(self) -> str: ...
    @property
    def level(self) -> Level: ...
    @property
    def form(self) -> Form: ...

    def read(self, ask: Ask) -> Values:
        """Encoded values, [R, ...] or [N, ...] by the level, as of each request's time."""
        ...


@runtime_checkable
class Feature(Protocol):
    """A spec of a column."""

    @property
    def name(self) -> str: ...
    @property
    def needs_clock(self) -> bool:
        """True if it means nothing on data whose clock is ORDER."""
        ...

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> Column:
        """Fit on the training split; `columns` holds what was declared before this one."""
        ...
