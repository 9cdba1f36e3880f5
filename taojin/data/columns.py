"""Declared columns of a file: the cells of each become values of its type, and cells that cannot are pointed out."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.units import SECOND, Mask
from taojin.data.checked import Reason
from taojin.data.raw import as_mask, is_text


class Values(NamedTuple):
    """Values of a column, null where nothing is there or where the cell is wrong, and which are wrong and why."""

    values: pa.Array | pa.ChunkedArray
    wrong: Mask
    reason: Reason = Reason.CELLS


@runtime_checkable
class Column(Protocol):
    """A column to be read: `source` is its name in the file."""

    @property
    def source(self) -> str: ...

    def read(self, cells: pa.ChunkedArray) -> Values:
        """Values of cells of text, or of a column that a Parquet file has typed already."""
        ...


class Unit(StrEnum):
    """How a time is written. ISO is text such as 2019-10-01 23:59:59, in UTC unless it has an offset."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    ISO = "iso"


@dataclass(frozen=True)
class Id:
    """Ids: text without the blanks around it; whole numbers of a Parquet file stay numbers until the checks."""

    source: str

    def read(self, cells: pa.ChunkedArray) -> Values:
        return _fine(_trimmed(cells) if is_text(cells.type) else cells)


@dataclass(frozen=True)
class Text:
    """Text without the blanks around it.

    >>> Text("name").read(pa.chunked_array([["  Heat ", None]])).values.to_pylist()
    ['Heat', None]
    """

    source: str

    def read(self, cells: pa.ChunkedArray) -> Values:
        return _fine(_trimmed(cells.cast(pa.string())))


@dataclass(frozen=True)
class Number:
    """Finite numbers, float64.

    least   what is below is wrong

    >>> Number("price").read(pa.chunked_array([["1.5", "free"]])).values.to_pylist()
    [1.5, None]
    """

    source: str
    least: float = -math.inf

    def read(self, cells: pa.ChunkedArray) -> Values:
        number = _numbers(_trimmed(cells)) if is_text(cells.type) else cells.cast(pa.float64())
        good = pc.and_(pc.is_finite(number), pc.greater_equal(number, self.least))
        return Values(
            pc.if_else(good, number, None),
            _lost(cells, good),
            Reason.NUMBER if self.least == -math.inf else Reason.LEAST,
        )


@dataclass(frozen=True)
class Flag:
    """Whether something is so: 1, true or yes; otherwise 0, false or no.

    >>> Flag("is_click").read(pa.chunked_array([["1", "no", None]])).values.to_pylist()
    [True, False, None]
    """

    source: str

    def read(self, cells: pa.ChunkedArray) -> Values:
        if pa.types.is_boolean(cells.type):
            return _fine(cells)
        if is_text(cells.type):
            text = pc.utf8_lower(_trimmed(cells))
            cells = pc.if_else(pc.is_in(text, value_set=pa.array(["true", "yes"])), "1", text)
            cells = pc.if_else(pc.is_in(text, value_set=pa.array(["false", "no"])), "0", cells)
        number = Number(self.source).read(cells)
        known = pc.is_in(number.values, value_set=pa.array([0.0, 1.0]))
        return Values(pc.if_else(known, pc.equal(number.values, 1), None), _lost(cells, known), Reason.FLAG)


@dataclass(frozen=True)
class Whole:
    """Whole numbers, int64; `1995.0` is one."""

    source: str

    def read(self, cells: pa.ChunkedArray) -> Values:
        number = Number(self.source).read(cells)
        whole = pc.equal(pc.floor(number.values), number.values)
        values = pc.if_else(whole, number.values, None).cast(pa.int64())
        return Values(values, _lost(cells, whole), Reason.WHOLE)


@dataclass(frozen=True)
class Time:
    """Moments, int64 milliseconds since 1970-01-01 UTC.

    pattern     how the text is written, in the letters of `strptime`, in the place of a unit; UTC without an offset

    >>> Time("at", unit=Unit.ISO).read(pa.chunked_array([["1970-01-01 00:00:02"]])).values.to_pylist()
    [2000]
    >>> Time("day", pattern="%d/%m/%Y").read(pa.chunked_array([["2/1/1970"]])).values.to_pylist()
    [86400000]
    """

    source: str
    unit: Unit = Unit.SECONDS
    pattern: str = ""

    def read(self, cells: pa.ChunkedArray) -> Values:
        if pa.types.is_timestamp(cells.type):
            return _fine(cells.cast(pa.timestamp("ms", cells.type.tz), safe=False).cast(pa.int64()))
        if self.pattern or self.unit == Unit.ISO:
            moment = _patterned(_trimmed(cells), self.pattern) if self.pattern else _moments(_trimmed(cells))
            return Values(moment.cast(pa.int64()), _lost(cells, pc.is_valid(moment)), Reason.TIME)
        number = Number(self.source).read(cells)
        factor = {Unit.SECONDS: SECOND, Unit.MICROSECONDS: 1e-3}.get(self.unit, 1)
        return Values(pc.round(pc.multiply(number.values, factor)).cast(pa.int64()), number.wrong, Reason.TIME)


@dataclass(frozen=True)
class Words:
    """Lists of text: genres, tags, people; null where the cell is.

    >>> Words("genres").read(pa.chunked_array([["Crime| Drama", None]])).values.to_pylist()
    [['Crime', 'Drama'], None]
    >>> Words("alike", ",").read(pa.chunked_array([["[6285, 194]", "['a', 'b']"]])).values.to_pylist()
    [['6285', '194'], ['a', 'b']]
    """

    source: str
    separator: str = "|"

    def read(self, cells: pa.ChunkedArray) -> Values:
        if not is_text(cells.type):
            return _fine(cells.cast(pa.list_(pa.string())))
        bare = _without_brackets(_trimmed(cells), self.separator)
        text = _trimmed(pc.utf8_trim(bare, characters=f"{self.separator} "))
        separators = rf"(?:\s*{re.escape(self.separator)}\s*)+"
        return _fine(pc.split_pattern_regex(text, separators))


_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_DAY = r"(?:\d{4})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_MOMENT = rf"^{_DAY}T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)$"
_COMPLETIONS = (
    (rf"^({_DAY})$", r"\1T00:00:00"),
    (rf"^({_DAY})\s+", r"\1T"),
    (r"\s*(?:UTC|z)$", "Z"),
    (r"\s+([+-]\d\d:?\d\d)$", r"\1"),
    (r"(\.\d{3})\d+", r"\1"),
    (r"(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)$", r"\1Z"),
)
"""Patterns and replacements that turn a moment into one with a time of day, milliseconds and an offset."""


def _fine(values: pa.Array | pa.ChunkedArray) -> Values:
    return Values(values, np.zeros(len(values), np.bool_))


def _lost(cells: pa.ChunkedArray, good: pa.ChunkedArray) -> Mask:
    """True where something stands in the cell that is no good value."""
    there = pc.is_valid(_trimmed(cells) if is_text(cells.type) else cells)
    return as_mask(there) & ~as_mask(good)


def _trimmed(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without the blanks around it, null where nothing else is there."""
    text = pc.utf8_trim_whitespace(cells.cast(pa.string()))
    return pc.if_else(pc.equal(text, ""), None, text)


def _without_brackets(text: pa.ChunkedArray, separator: str) -> pa.ChunkedArray:
    """Lists as programs print them, without the brackets around all and the quotes around each word."""
    printed = pc.match_substring_regex(text, r"^\[.*\]$")
    if not pc.any(printed).as_py():
        return text
    between = re.escape(separator)
    bare = pc.replace_substring_regex(text, r"^\[|\]$", "")
    bare = pc.replace_substring_regex(bare, rf"(^|{between})\s*['\"]", r"\1")
    bare = pc.replace_substring_regex(bare, rf"['\"]\s*({between}|$)", r"\1")
    return pc.if_else(printed, bare, text)


def _cast(text: pa.ChunkedArray, type: pa.DataType) -> pa.ChunkedArray | None:
    """Values of a type, None if any text is not one."""
    try:
        return text.cast(type)
    except pa.ArrowInvalid:
        return None


def _numbers(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers of text, null where it is none."""
    every = _cast(text, pa.float64())
    if every is not None:
        return every
    return pc.if_else(pc.match_substring_regex(text, _NUMBER), text, None).cast(pa.float64())


_LETTERS = {"%d": r"(?P<day>\d{1,2})", "%Y": r"\d{4}", **dict.fromkeys(("%p", "%a", "%A", "%b", "%B"), r"\pL+")}
"""What a letter of `strptime` matches, where it is not a number of one or two digits."""


def _patterned(text: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    """Timestamps in milliseconds of text in a pattern, null where it is not; a day that no month has is none."""
    moment = pc.strptime(text, pattern, "s", error_is_null=True)
    if "%d" in pattern and "%z" not in pattern:
        # strptime takes 30 February for 2 March.
        parts = re.split("(%.)", pattern)
        written = "".join(_LETTERS.get(part, r"\d{1,2}") if part[:1] == "%" else re.escape(part) for part in parts)
        day = pc.struct_field(pc.extract_regex(text, f"^{written}$"), "day").cast(pa.int64())
        moment = pc.if_else(pc.equal(day, pc.day(moment)), moment, None)
    return moment.cast(pa.timestamp("ms", "UTC"))


def _moments(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Timestamps in milliseconds of text in ISO 8601, null where it is none."""
    local, utc = pa.timestamp("ms"), pa.timestamp("ms", "UTC")
    every = _cast(text, local)
    if every is not None:
        return every.cast(utc)
    for pattern, complete in _COMPLETIONS:
        text = pc.replace_substring_regex(text, pattern, complete)
    every = _cast(text, utc)
    if every is not None:
        return every
    text = pc.if_else(pc.match_substring_regex(text, _MOMENT), text, None)
    # The pattern lets 30 February through; parsed leniently, it becomes another day.
    day = pc.day(pc.strptime(pc.utf8_slice_codeunits(text, 0, 10), "%Y-%m-%d", "s"))
    same = pc.equal(day, pc.utf8_slice_codeunits(text, 8, 10).cast(pa.int64()))
    return pc.if_else(same, text, None).cast(utc)
