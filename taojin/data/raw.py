"""A raw table that knows where its rows come from, so that a message can name file, line and column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.hint import did_you_mean
from taojin.core.units import Ints, Mask
from taojin.data.checked import REFUSED, Reason


def counted_from_one(rows: Ints) -> Ints:
    """The numbers that a person gives to rows."""
    return rows + 1


@dataclass(frozen=True)
class Raw:
    """A table as it was read, before the checks.

    name        users, items or events
    file        what messages call its source
    lines       line numbers of some rows of `table`
    unread      rows of REFUSED that could not be read and are not in `table`
    files       the file of some rows, where they come from several; None: all are of `file`
    """

    name: str
    table: pa.Table
    file: str
    lines: Callable[[Ints], Ints] = counted_from_one
    unread: pa.Table = field(default_factory=REFUSED.empty_table)
    files: Callable[[Ints], list[str]] | None = None

    @classmethod
    def of(cls, source: "pa.Table | Raw", name: str, columns: Sequence[str]) -> "Raw":
        """A table that comes from memory, or from a file already; it must have these columns, each column once."""
        raw = source if isinstance(source, Raw) else cls(name, source, name)
        there = raw.table.column_names
        for column in columns:
            if column not in there:
                raise ValueError(f"{raw.file}: no column {column!r}; {did_you_mean(column, there)}")
        twice = next((column for column in there if there.count(column) > 1), None)
        if twice is not None:
            raise ValueError(f"{raw.file}: column {twice!r} stands twice; rename one of them")
        return raw

    @classmethod
    def joined(cls, parts: "Sequence[Raw]") -> "Raw":
        """The rows of several files with the same columns; each keeps its file and line."""
        if len(parts) == 1:
            return parts[0]
        start = np.cumsum([0, *(part.table.num_rows for part in parts)])
        names = [part.file for part in parts]

        def part_of(rows: Ints) -> Ints:
            return np.searchsorted(start, rows, side="right") - 1

        def lines(rows: Ints) -> Ints:
            of, found = part_of(rows), np.empty(len(rows), np.int64)
            for number in np.unique(of):
                here = of == number
                found[here] = parts[number].lines(rows[here] - start[number])
            return found

        def files(rows: Ints) -> list[str]:
            return [names[number] for number in part_of(rows)]

        table = pa.concat_tables([part.table for part in parts], promote_options="permissive")
        unread = pa.concat_tables([part.unread for part in parts])
        several = f"{names[0]} and {len(names) - 1} more"
        return cls(parts[0].name, table, several, lines, unread, files)

    def take(self, rows: Ints) -> "Raw":
        """Some of the rows."""
        files = self.files
        return replace(
            self,
            table=self.table.take(pa.array(rows)),
            lines=lambda kept: self.lines(rows[kept]),
            files=files and (lambda kept: files(rows[kept])),
        )

    @property
    def read(self) -> int:
        """Rows of the source, whatever became of them."""
        return int(self.table.num_rows + self.unread.num_rows)

    def with_column(self, name: str, values: pa.Array | pa.ChunkedArray) -> "Raw":
        """The same rows with a column replaced, or added."""
        names = self.table.column_names
        if name not in names:
            return replace(self, table=self.table.append_column(name, values))
        return replace(self, table=self.table.set_column(names.index(name), name, values))

    def refuse(self, rows: Ints, column: str, reason: Reason) -> pa.Table:
        """Rows of REFUSED for these rows, wrong in the same way in one column."""
        if not len(rows):
            return REFUSED.empty_table()
        cells = self.table[column].take(pa.array(rows))
        files = self.file if self.files is None else self.files(rows)
        return refusals(self.name, files, self.lines(rows), column, cells, reason)


_TEXT = pa.string()
Check = tuple[str, Reason, Mask]
"""A column, what may be wrong in it, and in which rows it is."""


def sift(raw: Raw, checks: Sequence[Check]) -> tuple[Mask, pa.Table]:
    """Which rows pass every check, bool[rows], and the others as rows of REFUSED with their first reason."""
    good = np.ones(raw.table.num_rows, np.bool_)
    refused = [raw.unread]
    for column, reason, bad in checks:
        rows = np.flatnonzero(bad & good)
        good[rows] = False
        refused.append(raw.refuse(rows, column, reason))
    return good, pa.concat_tables(refused)


def refusals(
    table: str,
    file: str | Sequence[str],
    lines: Ints,
    column: str | Sequence[str],
    values: pa.Array | pa.ChunkedArray,
    reason: Reason,
) -> pa.Table:
    """Rows of REFUSED for rows that are wrong in the same way; file and column may differ from row to row."""

    def every(text: str | Sequence[str]) -> pa.Array:
        return pa.repeat(pa.scalar(text, pa.string()), len(lines)) if isinstance(text, str) else pa.array(text, _TEXT)

    cells = [every(table), every(file), pa.array(lines), every(column), values.cast(_TEXT), every(reason.value)]
    return pa.table(cells, schema=REFUSED)


def with_ids(raw: Raw, key: str) -> Raw:
    """The same rows with the ids of a column as text: whole numbers become their decimal digits."""
    ids = raw.table[key]
    if pa.types.is_floating(ids.type):
        fraction = pc.index(pc.equal(pc.floor(ids), ids), False).as_py()
        if fraction >= 0:
            line = raw.lines(np.array([fraction]))[0]
            raise ValueError(
                f"{raw.file} line {line}, column {key!r}: an id must be text or a whole number, "
                f"got {ids[fraction].as_py()}; is it another column?"
            )
        ids = ids.cast(pa.int64())
    if not (pa.types.is_integer(ids.type) or pa.types.is_null(ids.type)) and not is_text(ids.type):
        raise ValueError(f"{raw.file}: column {key!r}: an id must be text or a whole number, got {ids.type}")
    return raw.with_column(key, ids.cast(pa.string()))


def first_of_each(ids: pa.ChunkedArray) -> Ints:
    """Rows in which an id stands for the first time, in their order; those without one name nobody.

    >>> first_of_each(pa.chunked_array([["b", None, "a", "b"]])).tolist()
    [0, 2]
    """
    named = np.flatnonzero(~missing(ids))
    known = ids.combine_chunks().take(pa.array(named)).dictionary_encode()
    _, first = np.unique(np.asarray(known.indices), return_index=True)
    return named[np.sort(first)]


def is_text(type: pa.DataType) -> bool:
    """True for every way in which Arrow holds text."""
    if pa.types.is_dictionary(type):
        return is_text(type.value_type)
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type))


def missing(ids: pa.ChunkedArray) -> Mask:
    """True where there is no id: null or empty text."""
    return as_mask(pc.or_(pc.is_null(ids), pc.fill_null(pc.equal(ids, ""), False)))


def as_mask(flags: pa.ChunkedArray) -> Mask:
    """Flags of Arrow as a mask; null is False."""
    return np.asarray(pc.fill_null(flags, False), dtype=np.bool_)
