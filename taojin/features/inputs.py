"""What a network reads: five arrays packed from `Rows`, the same in training and in serving. NumPy only.

Shapes: R requests, N candidates, L history length, H history columns.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from taojin.core.batch import Rows
from taojin.core.units import PAD, Floats, Ints
from taojin.features.feature import Category, Column, History, Level, Number


@dataclass(frozen=True)
class CategoryField:
    """A category that the network embeds; `values` > 1 is a set, mean pooled."""

    name: str
    level: Level
    size: int
    values: int = 1


@dataclass(frozen=True)
class NumberField:
    """A number (or a vector of `width`) that the network multiplies into an embedding."""

    name: str
    level: Level
    width: int = 1


@dataclass(frozen=True)
class HistoryField:
    """A history whose places hold codes of candidate categories, looked up in the same rows of the table."""

    name: str
    length: int
    columns: tuple[str, ...]


class Packed(NamedTuple):
    """The arrays of one batch; a side without fields has width 0.

    request             int64[R, slots]     codes of the request's categories, a slot per value
    item                int64[N, slots]     codes of the candidate's categories
    request_numbers     float32[R, widths]
    item_numbers        float32[N, widths]
    history             int64[R, L, H]      PAD on the left; the columns of all histories, L that of the longest
    """

    request: Ints
    item: Ints
    request_numbers: Floats
    item_numbers: Floats
    history: Ints


@dataclass(frozen=True)
class Inputs:
    """The fields of a network, in the order of their slots."""

    categories: tuple[CategoryField, ...] = ()
    numbers: tuple[NumberField, ...] = ()
    histories: tuple[HistoryField, ...] = ()

    def __post_init__(self) -> None:
        single = {field.name for field in self.categories if field.level == Level.CANDIDATE and field.values == 1}
        for history, column in [(one, column) for one in self.histories for column in one.columns]:
            if column not in single:
                raise ValueError(
                    f"history {history.name!r}: column {column!r} must be a candidate category of one value "
                    f"that the model reads; there are {', '.join(sorted(single)) or 'none'}"
                )

    @classmethod
    def of(cls, columns: Iterable[Column]) -> "Inputs":
        """The fields of fitted columns; sets come behind single values within each side."""
        categories, numbers, histories = [], [], []
        for column in columns:
            match column.form:
                case Category(size, values):
                    categories.append(CategoryField(column.name, column.level, size, values))
                case Number(width):
                    numbers.append(NumberField(column.name, column.level, width))
                case History(length, of):
                    histories.append(HistoryField(column.name, length, of))
        categories.sort(key=lambda field: field.values > 1)
        return cls(tuple(categories), tuple(numbers), tuple(histories))

    @property
    def history(self) -> HistoryField | None:
        """The one history; None if there is none, or several."""
        return self.histories[0] if len(self.histories) == 1 else None

    @property
    def history_columns(self) -> tuple[str, ...]:
        """The columns of all histories, one history behind the other."""
        return tuple(column for history in self.histories for column in history.columns)

    def without_history(self) -> "Inputs":
        """The other fields."""
        return replace(self, histories=())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all fields, the history's included."""
        fields: tuple[CategoryField | NumberField | HistoryField, ...]
        fields = (*self.categories, *self.numbers, *self.histories)
        return tuple(field.name for field in fields)

    @property
    def names_of_sides(self) -> tuple[str, ...]:
        """Names of what has one vector each, in the order of a network: the request's fields, then the candidate's."""
        return (*self.side(Level.REQUEST).names, *self.side(Level.CANDIDATE).names)

    def side(self, level: Level) -> "Inputs":
        """The fields of one level; the history belongs to the request."""
        return Inputs(
            tuple(field for field in self.categories if field.level == level),
            tuple(field for field in self.numbers if field.level == level),
        )

    def pack(self, rows: Rows) -> Packed:
        """The five arrays of some rows."""
        requests = len(next(iter(rows.request.values()))) if rows.request else int(rows.of.max(initial=0)) + 1
        size = {Level.REQUEST: requests, Level.CANDIDATE: len(rows.of)}
        source = {Level.REQUEST: rows.request, Level.CANDIDATE: rows.candidate}

        def codes(level: Level) -> Ints:
            parts = [source[level][f.name].reshape(size[level], f.values) for f in self.categories if f.level == level]
            return np.concatenate([np.empty((size[level], 0), np.int64), *parts], axis=1)

        def numbers(level: Level) -> Floats:
            parts = [source[level][f.name].reshape(size[level], f.width) for f in self.numbers if f.level == level]
            return np.concatenate([np.empty((size[level], 0), np.float32), *parts], axis=1, dtype=np.float32)

        history = self._histories(rows, requests)
        return Packed(
            codes(Level.REQUEST), codes(Level.CANDIDATE), numbers(Level.REQUEST), numbers(Level.CANDIDATE), history
        )

    def check_numbers(self, packed: Packed) -> None:
        """Refuse numbers that are not finite, by the feature's name: one would make every weight not finite."""
        for level, numbers in ((Level.REQUEST, packed.request_numbers), (Level.CANDIDATE, packed.item_numbers)):
            at = 0
            for field in (field for field in self.numbers if field.level == level):
                wrong = ~np.isfinite(numbers[:, at : at + field.width]).all(axis=1)
                if wrong.any():
                    raise ValueError(
                        f"feature {field.name!r}: expected finite numbers, got {int(wrong.sum()):,} of "
                        f"{len(numbers):,} rows with NaN or infinity, the first in row {int(wrong.argmax())}; a "
                        "feature says what is missing by 0"
                    )
                at += field.width

    def _histories(self, rows: Rows, requests: int) -> Ints:
        if len(self.histories) == 1:
            only: Ints = rows.request[self.histories[0].name]
            return only
        longest = max((history.length for history in self.histories), default=0)
        packed = np.full((requests, longest, len(self.history_columns)), PAD, np.int64)
        at = 0
        for history in self.histories:
            packed[:, longest - history.length :, at : at + len(history.columns)] = rows.request[history.name]
            at += len(history.columns)
        return packed
