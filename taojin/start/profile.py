"""What stands in a column: numbers, times, flags, words, lists of words or text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.data.columns import Number, Time, Unit
from taojin.data.raw import is_text

MOMENTS = {Unit.SECONDS: 1.0, Unit.MILLISECONDS: 1e3, Unit.MICROSECONDS: 1e6}
FIRST_MOMENT, LAST_MOMENT = 1e8, 4e9
"""Seconds between which numbers may be times: 1973 and 2096."""
PATTERNS = (
    *(f"{day}{clock}" for day in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%m/%d/%y", "%d/%m/%y")
      for clock in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")),
    "%Y%m%d", "%Y%m%d%H%M%S", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %b %Y %H:%M:%S", "%m %d, %Y",
)  # fmt: skip
SEPARATORS = ("|", ";", ",", "/", ".", " > ")
CHECKED = 2_000
"""Cells that are tried as times or lists."""
MOST = 0.98
"""Share of the cells that must be of a kind: a few may be wrong."""


def words_of(name: str) -> list[str]:
    """The words of a name, in small letters.

    >>> words_of("CustomerID"), words_of("unit_price (GBP)")
    (['customer', 'id'], ['unit', 'price', 'gbp'])
    """
    parts = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", name))
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", parts) if word]


@dataclass(frozen=True)
class Profile:
    """One column of a sample.

    cells   text, or typed where the file is Parquet
    """

    name: str
    cells: pa.ChunkedArray

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its name.

        >>> sorted(Profile("CustomerID", pa.chunked_array([["1"]])).words)
        ['customer', 'id']
        """
        return frozenset(words_of(self.name))

    @property
    def nameless(self) -> bool:
        """Whether the file does not name it."""
        return re.fullmatch(r"column\d+", self.name) is not None

    @cached_property
    def text(self) -> pa.ChunkedArray:
        """The cells as text, null where nothing is there."""
        if pa.types.is_nested(self.cells.type):
            return pc.binary_join(self.cells.cast(pa.list_(pa.string())), "|")
        text = pc.utf8_trim_whitespace(self.cells.cast(pa.string()))
        return pc.if_else(pc.equal(text, ""), None, text)

    @cached_property
    def there(self) -> pa.ChunkedArray:
        """The cells in which something stands, as text."""
        return self.text.drop_null()

    @cached_property
    def filled(self) -> float:
        """Share of the cells in which something stands."""
        return len(self.there) / max(1, len(self.text))

    @cached_property
    def unique(self) -> pa.Array:
        """The different cells, in the order in which each first stands there."""
        return pc.unique(self.there)

    @property
    def distinct(self) -> int:
        """How many different cells."""
        return len(self.unique)

    @cached_property
    def values(self) -> list[str]:
        """Different cells, the most frequent first, some of them."""
        counted = self.there.value_counts()
        order = np.argsort(-np.asarray(counted.field("counts")), kind="stable")[:64]
        return [str(counted.field("values")[int(place)]) for place in order]

    @cached_property
    def numbers(self) -> "np.ndarray[Any, np.dtype[np.float64]] | None":
        """The cells as numbers, float64[N] without empty ones; None where they are none."""
        kind = self.cells.type
        if pa.types.is_boolean(kind) or pa.types.is_nested(kind) or pa.types.is_temporal(kind) or not len(self.there):
            return None
        read = Number("").read(self.cells if not is_text(kind) else self.there)
        found: np.ndarray[Any, np.dtype[np.float64]] = read.values.drop_null().to_numpy()
        return found if len(found) > MOST * len(self.there) else None

    @cached_property
    def whole(self) -> bool:
        """Whether they are whole numbers."""
        return self.numbers is not None and bool((self.numbers == np.floor(self.numbers)).all())

    @cached_property
    def flag(self) -> bool:
        """Whether the cells say yes or no, and both."""
        if pa.types.is_boolean(self.cells.type):
            return self.distinct == 2
        plain = {value.lower().removesuffix(".0") for value in self.values}
        return (
            self.distinct in (2, 3, 4) and len(plain) == 2 and plain in ({"0", "1"}, {"true", "false"}, {"yes", "no"})
        )

    @cached_property
    def moments(self) -> Time | None:
        """How to read the cells as times; None where they are none."""
        if pa.types.is_timestamp(self.cells.type) or pa.types.is_date(self.cells.type):
            return Time(self.name)
        if self.numbers is not None and len(self.numbers):
            low, high = np.quantile(self.numbers, [0.01, 0.99])
            day = Time(self.name, pattern="%Y%m%d")
            if self.whole and 1.9e7 < low <= high < 2.1e7 and self._reads(day):
                return day
            for unit, factor in MOMENTS.items():
                if FIRST_MOMENT * factor <= low <= high <= LAST_MOMENT * factor:
                    return Time(self.name, unit=unit)
            return None
        if not len(self.there) or not re.search(r"\d", self.values[0]):
            return None
        return next((time for time in self.written_times if self._reads(time)), None)

    @property
    def written_times(self) -> tuple[Time, ...]:
        """The ways in which text may be a time."""
        return Time(self.name, unit=Unit.ISO), *(Time(self.name, pattern=pattern) for pattern in PATTERNS)

    @property
    def ambiguous(self) -> bool:
        """Whether day and month of its times could as well stand the other way round."""
        pattern = self.moments.pattern if self.moments else ""
        other = pattern.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
        return other != pattern and other in PATTERNS and self._reads(Time(self.name, pattern=other))

    @cached_property
    def separator(self) -> str | None:
        """What stands between the words of a list; None where a cell is one thing."""
        if pa.types.is_nested(self.cells.type):
            return "|"
        if self.numbers is not None or self.moments is not None:
            return None
        cells = self.some.to_pylist()
        if all(cell[0] == "[" and cell[-1] == "]" for cell in cells):
            cells = [cell[1:-1] for cell in cells if cell[1:-1].strip()]
        elif any(cell[:1] in "([" for cell in cells):
            return None  # ranges such as [10,100)
        for separator in SEPARATORS:
            parts = [cell.split(separator) for cell in cells]
            several = [of for of in parts if len(of) > 1]
            if len(several) < 0.1 * len(parts):
                continue
            if separator == "." and not any(re.search(r"[^\W\d]\.[^\W\d]", cell) for cell in cells):
                continue  # the points of numbers
            if separator == "/" and not _recurring([cell.split("/")[0] for cell in {*cells} if "/" in cell]):
                continue  # names such as "CARDS/WRAP"
            words = [word.strip() for of in parts for word in of]
            short = sum(0 < len(word) <= 24 and word.count(" ") <= 2 for word in words) > 0.95 * len(words)
            if short and len({word for word in words if word}) < 0.5 * len(words):
                return separator
        return None

    @cached_property
    def length(self) -> float:
        """Letters of a cell, on average."""
        return float(pc.mean(pc.utf8_length(self.there)).as_py() or 0.0)

    def any_of(self, names: Sequence[str]) -> bool:
        """Whether its name holds one of these words, alone or within a longer one."""
        return any(name in self.words or (len(name) > 3 and name in self.name.lower()) for name in names)

    @cached_property
    def some(self) -> pa.ChunkedArray:
        """So many of the cells in which something stands that trying them takes no time."""
        step = max(1, len(self.there) // CHECKED)
        return self.there.take(pa.array(np.arange(0, len(self.there), step)))

    def _reads(self, time: Time) -> bool:
        values, wrong, _ = time.read(self.some)
        return bool(wrong.mean() <= 1 - MOST) and len(values.drop_null()) > 0


def _recurring(first: list[str]) -> bool:
    """Whether the first words of different cells recur, as those of a list or of levels do.

    >>> _recurring(["Tea", "Tea", "Coffee", "Coffee"]), _recurring(["CARDS", "FROZEN PIE", "SOUP"])
    (True, False)
    """
    return len(first) >= 2 * len({*first})


def profiles(sample: pa.Table) -> dict[str, Profile]:
    """The columns of a sample by name."""
    return {name: Profile(name, sample[name]) for name in sample.column_names}
