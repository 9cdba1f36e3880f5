"""Features that sum over many users' events in a moving window: counts, rates, statistics; written in Ibis.

Each is refreshed on a grid of time. Training reads the value as of the grid, so it never sees a fresher one than
serving will.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import ibis
import numpy as np
from ibis.expr import types as ir

from taojin.core.bounds import COUNT, NotNegative, bounded
from taojin.core.units import FOREVER, HOUR
from taojin.data.dataset import TrainView
from taojin.data.kinds import Kinds
from taojin.features.attributes import LEVEL, Entity
from taojin.features.feature import Column
from taojin.features.materialize import Before, fit_windows
from taojin.features.snapshot import Timeline


@dataclass(frozen=True, kw_only=True)
class _Windowed(ABC):
    """A value of an entity's events in [T - window, T), where T is the request's time rounded down to the grid.

    entity      "user" or "item": whose events
    window      milliseconds, or FOREVER
    refresh     step of the grid and age of the online value, milliseconds
    """

    name: str
    entity: Entity = "item"
    window: Annotated[int, COUNT] = FOREVER
    refresh: Annotated[int, COUNT] = HOUR
    needs_clock: bool = True

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> Timeline:
        """Fit this feature alone; `fit_windows` fits many in fewer passes."""
        return fit_windows((self,), view)[self.name]

    @property
    @abstractmethod
    def log(self) -> bool:
        """True if the scale is one of log(1 + value)."""

    @abstractmethod
    def reads(self, kinds: Kinds) -> int:
        """Bits of the events that it looks at."""

    @abstractmethod
    def empty(self, view: TrainView) -> float:
        """The value of an entity without events."""

    @abstractmethod
    def value(self, rows: ir.Table, before: Before, kinds: Kinds, empty: float) -> ir.Column:
        """The value on each row as of its time."""


@dataclass(frozen=True, kw_only=True)
class Count(_Windowed):
    """How many events of one kind an entity had in the last `window` milliseconds; 0 where it had none.

    >>> Count(name="item_likes", event="like", window=30 * 24 * HOUR).log
    True
    """

    event: str

    def __post_init__(self) -> None:
        _check(self)

    @property
    def log(self) -> bool:
        """Counts are skewed."""
        return True

    def reads(self, kinds: Kinds) -> int:
        """Events of the kind."""
        return kinds.bits(self.event)

    def empty(self, view: TrainView) -> float:
        """None."""
        return 0.0

    def value(self, rows: ir.Table, before: Before, kinds: Kinds, empty: float) -> ir.Column:
        """The number of events in the window."""
        return _tally(_is(rows, kinds.bits(self.event))).over(before(self.window)).cast("float64")


@dataclass(frozen=True, kw_only=True)
class Rate(_Windowed):
    """Events of kind `top` per event of kind `bottom`, pulled towards `prior` by `strength` imagined `bottom` events.

    prior       None: the rate of all training events together
    strength    > 0

    >>> Rate(name="item_like_rate", top="like", bottom="rate").strength
    10.0
    """

    top: str
    bottom: str
    prior: float | None = None
    strength: NotNegative = 10.0

    def __post_init__(self) -> None:
        _check(self)
        if self.strength <= 0:
            raise ValueError(
                f"feature {self.name!r}: strength is positive, got {self.strength}; a rate of no events needs it"
            )

    @property
    def log(self) -> bool:
        """Rates lie close together."""
        return False

    def reads(self, kinds: Kinds) -> int:
        """Events of both kinds."""
        return kinds.bits(self.top, self.bottom)

    def empty(self, view: TrainView) -> float:
        """The prior."""
        if self.prior is not None:
            return self.prior
        events = view.log.events
        top, bottom = (len(events.matching(view.kinds.bits(kind)).position) for kind in (self.top, self.bottom))
        if not bottom:
            raise ValueError(
                f"feature {self.name!r}: no training event is a {self.bottom!r}, so there is no rate to take as the "
                "prior; give one, or another `bottom`"
            )
        return top / bottom

    def value(self, rows: ir.Table, before: Before, kinds: Kinds, empty: float) -> ir.Column:
        """The smoothed rate in the window."""
        top, bottom = (
            _tally(_is(rows, kinds.bits(kind))).over(before(self.window)).cast("float64")
            for kind in (self.top, self.bottom)
        )
        return (top + _real(empty * self.strength)) / (bottom + _real(self.strength))


@dataclass(frozen=True, kw_only=True)
class Statistic(_Windowed):
    """Mean or population standard deviation of the values of one kind of event; missing where there was none.

    >>> Statistic(name="item_rating_std", event="rate", what="std").window == FOREVER
    True
    """

    event: str
    what: Literal["mean", "std"] = "mean"

    def __post_init__(self) -> None:
        _check(self)
        if self.what not in ("mean", "std"):
            raise ValueError(f"feature {self.name!r}: what is 'mean' or 'std', got {self.what!r}")

    @property
    def log(self) -> bool:
        """Values may be negative."""
        return False

    def reads(self, kinds: Kinds) -> int:
        """Events of the kind."""
        return kinds.bits(self.event)

    def empty(self, view: TrainView) -> float:
        """Missing."""
        return np.nan

    def value(self, rows: ir.Table, before: Before, kinds: Kinds, empty: float) -> ir.Column:
        """The statistic of the window's values, null without one."""
        seen = _is(rows, kinds.bits(self.event)).ifelse(rows.value.cast("float64"), ibis.null("float64"))
        statistic = seen.mean() if self.what == "mean" else seen.std(how="pop")
        return statistic.over(before(self.window))


def _check(spec: _Windowed) -> None:
    if spec.entity not in LEVEL:
        raise ValueError(f"feature {spec.name!r}: entity is 'user' or 'item', got {spec.entity!r}")
    if min(spec.window, spec.refresh) <= 0:
        raise ValueError(
            f"feature {spec.name!r}: window and refresh are positive numbers of milliseconds, "
            f"got {spec.window} and {spec.refresh}"
        )


def _is(rows: ir.Table, bits: int) -> ir.BooleanColumn:
    return (rows.kinds & bits) != 0


def _tally(condition: ir.BooleanColumn) -> ir.IntegerScalar:
    """Rows where the condition holds. Not `count(where=)`: in a window that takes DuckDB quadratic time."""
    return condition.ifelse(1, ibis.null("int8")).count()


def _real(number: float) -> ir.FloatingScalar:
    # Spark reads a bare 1.0 as a DECIMAL.
    return ibis.literal(number, "float64").cast("float64")
