"""Delimited text -> columns of text that know their lines. pyarrow reads; this file explains what it met.

A *record* is a row of the file, its line of names included; one whose cells are quoted may go over several lines.
"""

import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv

from taojin.core.hint import did_you_mean
from taojin.core.units import Ints
from taojin.data.checked import Reason
from taojin.data.raw import Raw, refusals

_UNIT_SEPARATOR = "\x1f"
_END = "\x1e"
_LONGEST_RECORD = 1 << 26
_BOM = b"\xef\xbb\xbf"
_SEP = re.compile(rb"\Asep=.(?=\r?\n)")
"""A first line that tells Excel the delimiter, above the names."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a text file is written. Lines end in LF or CRLF; a byte order mark is skipped.

    delimiter   between the cells; may be longer than one character where cells are not quoted
    encoding    as Python names it: utf-8, latin-1, gbk, ...
    quote       around cells that contain a delimiter; doubled within; empty where nothing is quoted
    missing     what stands for nothing there
    header      names of the columns, where the file's first line does not name them
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    quote: str = '"'
    missing: tuple[str, ...] = ("",)
    header: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.delimiter.isascii() or not self.delimiter or (len(self.delimiter) > 1 and self.quote):
            raise ValueError(
                f"format: delimiter {self.delimiter!r} must be one ASCII character, or several with quote=''"
            )


def read_delimited(content: bytes, *, name: str, file: str, format: Format, columns: Collection[str]) -> Raw:
    """The cells of some columns as text, null where nothing is there; lines with too few or too many are `unread`.

    name        which table it is: users, items or events
    file        what messages call the file

    >>> content = b"id,title\\n7,\\"Crow, The\\"\\n8\\n"
    >>> raw = read_delimited(content, name="items", file="films.csv", format=Format(), columns=["title"])
    >>> raw.table.to_pydict(), raw.unread["line"].to_pylist()
    ({'title': ['Crow, The']}, [3])
    """
    return _Document.of(content, file, format).read(name, columns)


def names_of_columns(content: bytes, *, file: str, format: Format) -> tuple[str, ...]:
    """The names in the first line, or those of the format."""
    return _Document.of(content, file, format).names


@dataclass(frozen=True)
class _Document:
    """A file as UTF-8 with a delimiter of one byte."""

    text: bytes
    file: str
    format: Format
    names: tuple[str, ...]

    @classmethod
    def of(cls, content: bytes, file: str, format: Format) -> "_Document":
        text = content.removeprefix(_BOM)
        if not text.strip():
            raise ValueError(f"{file}: empty, {len(content)} bytes; expected a line of column names and rows")
        try:
            if format.encoding.lower().replace("-", "") not in ("utf8", "ascii"):
                text = text.decode(format.encoding).encode()
            elif not format.header:
                text[: text.find(b"\n") + 1 or None].decode()
        except UnicodeDecodeError as error:
            raise _not_decodable(text, file, format, error) from error
        except LookupError:
            raise ValueError(f"{file}: Python knows no encoding {format.encoding!r}; see its module codecs") from None
        # Its line stays, empty, so that the others keep their numbers.
        text = _SEP.sub(b"", text)
        if len(format.delimiter) > 1:
            if _UNIT_SEPARATOR.encode() in text:
                raise ValueError(f"{file}: contains the control character 0x1f, which a delimiter of two excludes")
            text = text.replace(format.delimiter.encode(), _UNIT_SEPARATOR.encode())
            format = replace(format, delimiter=_UNIT_SEPARATOR)
        try:
            return cls(text, file, format, format.header or _first_record(text, format))
        except csv.Error as error:
            raise ValueError(f"{file} line 1: no names of columns, {error}; is it a text file?") from error

    @property
    def quoted(self) -> bool:
        return bool(self.format.quote) and self.format.quote.encode() in self.text

    def read(self, name: str, columns: Collection[str]) -> Raw:
        places = [self._place(column, columns) for column in columns]
        malformed: list[pa.csv.InvalidRow] = []
        table = self._parse(places, malformed)
        records = table.num_rows + len(malformed)
        if self.quoted:
            table = self._without_end(table, records)
            records -= 1
        kept = np.delete(np.arange(records), [row.number - 1 for row in malformed])
        named = 0 if self.format.header else 1
        wanted = table.slice(named).select([str(place) for place in places]).rename_columns(list(columns))
        unread = self._unread(name, malformed, records)
        return Raw(name, wanted, self.file, lambda rows: self._lines(records)[kept[named:][rows]], unread)

    def _place(self, column: str, columns: Collection[str]) -> int:
        names, where = self.names, f"{self.file} line 1"
        if len(names) == 1 and len(columns) > 1:
            other = max(",;\t|", key=names[0].count)
            hint = f"declare Format(delimiter={other!r})" if other in names[0] else "declare the file's delimiter"
            raise ValueError(
                f"{where}: only one column, {names[0]!r}, with delimiter {self.format.delimiter!r}; {hint}"
            )
        if column not in names:
            raise ValueError(f"{where}: no column {column!r}; {did_you_mean(column, names)}")
        if names.count(column) > 1:
            places = [str(place + 1) for place, name in enumerate(names) if name == column]
            raise ValueError(f"{where}: column {column!r} stands twice, as number {' and '.join(places)}; rename one")
        return names.index(column)

    def _parse(self, places: Collection[int], malformed: "list[pa.csv.InvalidRow]") -> pa.Table:
        """Columns of text named by their places, the first always among them, from all well-formed records."""

        def skip(row: "pa.csv.InvalidRow") -> str:
            malformed.append(row)
            return "skip"

        names = [str(place) for place in range(len(self.names))]
        # With quotes, a last record of our own shows whether the last quote was closed.
        end = f"\n{_END}{self.format.delimiter * (len(names) - 1)}\n".encode() if self.quoted else b""
        try:
            return pa.csv.read_csv(
                pa.BufferReader(self.text + end if end else self.text),
                # One thread: with several, malformed rows have no number.
                pa.csv.ReadOptions(column_names=names, use_threads=False, block_size=_LONGEST_RECORD),
                pa.csv.ParseOptions(
                    delimiter=self.format.delimiter,
                    quote_char=self.format.quote or False,
                    newlines_in_values=self.quoted,
                    invalid_row_handler=skip,
                ),
                pa.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=[name for name in names if name == "0" or int(name) in places],
                    null_values=list(self.format.missing),
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as error:
            try:
                self.text.decode()
            except UnicodeDecodeError as broken:
                raise _not_decodable(self.text, self.file, self.format, broken) from broken
            raise ValueError(f"{self.file}: {error}; is a quote not closed?") from error

    def _without_end(self, table: pa.Table, records: int) -> pa.Table:
        """The table without our own last record; if a quote swallowed that, say where the quote opens."""
        if table.num_rows and table["0"][-1].as_py() == _END:
            return table.slice(0, table.num_rows - 1)
        line = self._lines(records)[-1]
        raise ValueError(
            f"{self.file} line {line}: a quote {self.format.quote} opens in this row and is never closed; "
            f"close it, or declare Format(quote='') if the file does not quote"
        )

    def _unread(self, name: str, malformed: "list[pa.csv.InvalidRow]", records: int) -> pa.Table:
        lines = self._lines(records)[[row.number - 1 for row in malformed]] if malformed else np.empty(0, np.int64)
        columns = [self.names[min(row.actual_columns, row.expected_columns - 1)] for row in malformed]
        text = pa.array([row.text[:200] for row in malformed], pa.string())
        return refusals(name, self.file, lines, columns, text, Reason.CELLS)

    def _lines(self, records: int) -> Ints:
        """The line on which each record begins, from 1, int64[records]."""
        text = np.frombuffer(self.text, np.uint8)
        ends = np.flatnonzero(text == ord("\n"))
        if not len(ends):
            ends = np.flatnonzero(text == ord("\r"))
        starts, stops = np.append(0, ends + 1), np.append(ends, len(text))
        bare = stops - starts == 1
        bare[bare] = text[starts[bare]] != ord("\r")
        full = bare | (stops - starts > 1)
        if int(full.sum()) == records:
            return np.flatnonzero(full) + 1
        begins = [found.start() for found in self._record().finditer(self.text) if found.group().strip(b"\r\n")]
        return np.searchsorted(starts, begins, side="right")

    def _record(self) -> re.Pattern[bytes]:
        """One record; a quote counts where a cell begins, and one that is not closed goes to the end of the file."""
        quote, delimiter = re.escape(self.format.quote), re.escape(self.format.delimiter)
        quoted = f"{quote}[^{quote}]*(?:{quote}{quote}[^{quote}]*)*{quote}?[^{delimiter}\r\n]*"
        cell = f"(?:{quoted}|[^{delimiter}{quote}\r\n][^{delimiter}\r\n]*|)"
        return re.compile(f"{cell}(?:{delimiter}{cell})*(?:\r?\n|\r|\\Z)".encode())


def _first_record(text: bytes, format: Format) -> tuple[str, ...]:
    """The names of the columns."""
    beginning = io.StringIO(text[:1_000_000].decode(errors="replace"), newline="")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if format.quote else csv.QUOTE_NONE
    cells = csv.reader(beginning, delimiter=format.delimiter, quotechar=format.quote or None, quoting=quoting)
    return tuple(name.strip() for name in next(row for row in cells if row))


def _not_decodable(text: bytes, file: str, format: Format, error: UnicodeDecodeError) -> ValueError:
    """Where the first byte stands that is not of the declared encoding."""
    line = text.count(b"\n", 0, error.start) + 1
    begin = text.rfind(b"\n", 0, error.start) + 1
    cell = text[begin : error.start].count(format.delimiter.encode()) + 1
    other = "utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    return ValueError(
        f"{file} line {line}, cell {cell}: byte 0x{text[error.start]:02x} after "
        f"{text[max(begin, error.start - 20) : error.start].decode(errors='replace')!r} is not {format.encoding}; "
        f"declare the encoding, such as Format(encoding={other!r})"
    )
