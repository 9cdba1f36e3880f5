"""Features that stand in the tables of users and items: ids, attributes, age, vectors. NumPy and PyArrow only.

Shapes: E entities (users or items, reserved rows included), V values of a set, N candidates, R requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.bounds import Count, Whole, bounded
from taojin.core.units import FIRST, NEVER, PAD, UNKNOWN, YEAR, Ints
from taojin.data.dataset import TrainView
from taojin.features.encode import Bucket, Scale, Words
from taojin.features.feature import Ask, Category, Column, Form, Level, Number, Values

Entity = Literal["user", "item"]
LEVEL: dict[Entity, Level] = {"user": Level.REQUEST, "item": Level.CANDIDATE}


@dataclass(frozen=True)
class Table:
    """A value per entity, looked up by row.

    values  int64[E] or [E, V] codes, or float32[E, width] numbers
    words   what the codes from FIRST on stand for, where they stand for words
    """

    name: str
    level: Level
    form: Form
    values: Values
    words: tuple[str, ...] = ()

    def read(self, ask: Ask) -> Values:
        """The rows of the batch's users or items."""
        return self.values[ask.item if self.level == Level.CANDIDATE else ask.requests.user]


@dataclass(frozen=True)
class Elapsed:
    """Time since a date of the item, scaled; 0 before that date, and where it is not known."""

    name: str
    born: Ints
    scale: Scale
    level: Level = Level.CANDIDATE
    form: Form = Number()

    def read(self, ask: Ask) -> Values:
        """Years between the item's date and the request, float32[N, 1]."""
        return self.scale.apply(_years(ask.requests.time[ask.of], self.born[ask.item]))[:, None]


def _years(time: Ints, born: Ints) -> Values:
    return np.where(born == NEVER, np.nan, np.maximum(time - born, 0) / YEAR)


@dataclass(frozen=True, kw_only=True)
class Id:
    """The row itself as a category; ids with fewer than `min_count` training events are UNKNOWN."""

    name: str
    entity: Entity = "item"
    min_count: Whole = 1
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> Table:
        """Code every id that training knows well enough by its row."""
        events = view.log.user if self.entity == "user" else view.log.events.item
        size = view.n_users if self.entity == "user" else view.n_items
        codes = np.arange(size)
        codes[np.bincount(events, minlength=size) < self.min_count] = UNKNOWN
        codes[PAD] = PAD
        return Table(self.name, LEVEL[self.entity], Category(size), codes)


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A column of the users or items: words become categories, lists of words sets, numbers are scaled.

    buckets     code a number by so many quantiles instead
    min_count   rarer words are UNKNOWN
    most        how many words of a list are read
    """

    name: str
    column: str
    entity: Entity = "item"
    buckets: Whole = 0
    min_count: Whole = 2
    most: Count = 6
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> Table:
        """Fit the encoder on the entities that have training events, and code them all."""
        column = attribute(view, self.entity, self.column, f"feature {self.name!r}")
        seen = np.unique(view.log.user if self.entity == "user" else view.log.events.item)
        seen, first = seen[seen >= FIRST] - FIRST, view.words.get(self.name, ())
        if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
            return self._words(column, seen, self.most, first)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            return self._words(_as_list(column), seen, 1, first)
        return self._numbers(np.asarray(column.cast(pa.float64()).fill_null(np.nan)), seen)

    def _words(self, column: pa.Array, seen: Ints, values: int, first: tuple[str, ...]) -> Table:
        words = Words.fit(np.asarray(column.take(pa.array(seen)).flatten()), self.min_count, first)
        flat = np.asarray(pc.fill_null(pc.index_in(column.flatten(), pa.array(words.words, pa.string())), -1)) + FIRST
        length = np.asarray(pc.fill_null(pc.list_value_length(column), 0))
        place = np.arange(len(flat)) - np.repeat(np.cumsum(length) - length, length)
        row = np.repeat(np.arange(len(column)), length)
        codes = np.full((len(column) + FIRST, values), PAD, np.int64)
        codes[UNKNOWN, 0] = UNKNOWN
        codes[FIRST:, 0] = np.where(length > 0, PAD, UNKNOWN)
        read = place < values
        codes[row[read] + FIRST, place[read]] = flat[read]
        form, level = Category(words.size, values), LEVEL[self.entity]
        return Table(self.name, level, form, codes[:, 0] if values == 1 else codes, words.words)

    def _numbers(self, numbers: Values, seen: Ints) -> Table:
        padded = np.concatenate([np.full(FIRST, np.nan), numbers])
        if self.buckets:
            bucket = Bucket.fit(numbers[seen], self.buckets)
            codes = bucket.apply(padded)
            codes[PAD] = PAD
            return Table(self.name, LEVEL[self.entity], Category(bucket.size), codes)
        return Table(self.name, LEVEL[self.entity], Number(), Scale.fit(numbers[seen]).apply(padded)[:, None])


@dataclass(frozen=True, kw_only=True)
class Age:
    """Years since a date of the item (milliseconds), as of the request."""

    name: str
    since: str
    needs_clock: bool = True

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> Elapsed:
        """Scale by the ages that training events saw."""
        born = dates(view, self.since, f"feature {self.name!r}", absent=NEVER)
        events = view.log.events
        return Elapsed(self.name, born, Scale.fit(_years(events.time, born[events.item])))


def attribute(view: TrainView, entity: Entity, column: str, where: str) -> pa.Array:
    """A column of the users or items as one array; an error names what there is."""
    table = view.users if entity == "user" else view.items
    if column not in table.column_names:
        raise ValueError(f"{where}: the {entity}s have no column {column!r}; they have {', '.join(table.column_names)}")
    return table[column].combine_chunks()


def dates(view: TrainView, column: str, where: str, *, absent: int) -> Ints:
    """A column of the items as milliseconds, int64[I]; `absent` where there is no date."""
    cells = attribute(view, "item", column, where)
    if not (pa.types.is_integer(cells.type) or pa.types.is_timestamp(cells.type)):
        raise ValueError(f"{where}: column {column!r} must hold dates (int64 milliseconds), not {cells.type}")
    if pa.types.is_timestamp(cells.type):
        cells = cells.cast(pa.timestamp("ms", cells.type.tz), safe=False)
    return np.concatenate([np.full(FIRST, absent), np.asarray(cells.cast(pa.int64()).fill_null(absent))])


def _as_list(column: pa.Array) -> pa.Array:
    """One word per row as a list of one; null stays null."""
    known = np.asarray(column.is_valid())
    offsets = np.concatenate([[0], np.cumsum(known)]).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), column.drop_null().cast(pa.string()))
    return pc.if_else(pa.array(known), lists, pa.scalar(None, lists.type))
