"""The feature store: reads declared columns as of each request. Online and offline differ only in its columns.

A windowed feature stands in it as a `Timeline` (any time, offline) or as a `Snapshot` (now, in a bundle).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.stages import NOTHING
from taojin.features.feature import Ask, Column, Level, Values


@runtime_checkable
class Timed(Protocol):
    """A column that knows every time and can be cut down to one."""

    def now(self, time: int) -> Column:
        """The column as it stands at a time."""
        ...


@dataclass(frozen=True)
class Store:
    """Fitted columns by name; the `FeatureStore` of a pipeline."""

    columns: dict[str, Column]

    def read(
        self,
        names: Sequence[str],
        requests: Requests,
        candidates: Candidates | None = None,
        known: Mapping[str, Values] = NOTHING,
    ) -> Rows:
        """Values of these features; without candidates, only those of the request level may be named.

        known   columns of the request level that were read for these requests before
        """
        ask = Ask(requests, candidates, self.columns, {name: values for name, values in known.items()})
        for name in names:
            ask.value(name)
        level = {name: self.columns[name].level for name in names}
        return Rows(
            {name: ask.read_already[name] for name in names if level[name] == Level.REQUEST},
            {name: ask.read_already[name] for name in names if level[name] == Level.CANDIDATE},
            ask.of if candidates is not None else requests.user[:0],
        )

    def at(self, time: int) -> "Store":
        """The online form: every timeline cut down to its snapshot at a time."""
        now = {name: c.now(time) if isinstance(c, Timed) else c for name, c in self.columns.items()}
        return replace(self, columns=now)

    def with_columns(self, columns: dict[str, Column]) -> "Store":
        """The same store with more columns, or others of the same names."""
        return replace(self, columns={**self.columns, **columns})
