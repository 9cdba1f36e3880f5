"""What is shown of an item: title, genres, year, ...; never read by a model.

Shapes: I items in the vocabulary.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.hint import did_you_mean
from taojin.core.units import FIRST, Ints, Mask


@dataclass(frozen=True)
class Catalogue:
    """The item table, by row.

    items   row i of the table is row i + 2 of the vocabulary
    title   the column that names an item
    """

    items: pa.Table
    title: str = "title"

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of what is known of an item."""
        return tuple(self.items.column_names)

    def details(self, rows: Ints, fields: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Values of some items as plain Python; a reserved row has none.

        fields  which columns; None: all of them
        """
        wanted = self.fields if fields is None else tuple(fields)
        for field in wanted:
            self._check(field)
        if not wanted:
            return [{} for _ in rows]
        place = np.asarray(rows) - FIRST
        known = place >= 0
        found = iter(self.items.select(list(wanted)).take(pa.array(place[known])).to_pylist())
        return [next(found) if here else {} for here in known]

    def titles(self, rows: Ints) -> list[str]:
        """How some items are called; empty for a reserved row or an item without a title."""
        return [self._titles[row] for row in rows]

    def values(self, field: str) -> list[Any]:
        """Distinct values of a column, the most frequent first; those of a list column are its words."""
        column = self._column(field)
        if pa.types.is_list(column.type):
            column = column.flatten()
        counted = column.drop_null().value_counts()
        values, counts = counted.field("values"), np.asarray(counted.field("counts"))
        return [values[int(place)].as_py() for place in np.argsort(-counts, kind="stable")]

    def having(self, field: str, values: Sequence[Any]) -> Mask:
        """Items whose column holds one of these values (in a list column: whose list does), bool[I]."""
        column = self._column(field)
        mask = np.zeros(len(self.items) + FIRST, np.bool_)
        if pa.types.is_list(column.type):
            wanted = pc.is_in(column.flatten(), value_set=pa.array(values).cast(column.type.value_type))
            mask[np.asarray(pc.list_parent_indices(column))[np.asarray(wanted)] + FIRST] = True
        else:
            mask[FIRST:] = np.asarray(pc.is_in(column, value_set=pa.array(values).cast(column.type)))
        return mask

    def search(self, text: str, limit: int) -> Ints:
        """Rows of the items whose title holds every word of the text, those that begin with it first."""
        words = _folded(text).split()
        if not words:
            return np.empty(0, np.int64)
        hit = np.fromiter((all(word in title for word in words) for title in self._folded_titles), np.bool_)
        rows = np.flatnonzero(hit)
        start = words[0]
        late = np.array([not self._folded_titles[row].startswith(start) for row in rows], np.bool_)
        return rows[np.argsort(late, kind="stable")][:limit] + FIRST

    @cached_property
    def _titles(self) -> list[str]:
        """Title of each row, reserved rows included."""
        named = self.items[self.title].to_pylist() if self.title in self.fields else [None] * len(self.items)
        return [""] * FIRST + [str(title or "") for title in named]

    @cached_property
    def _folded_titles(self) -> list[str]:
        return [_folded(title) for title in self._titles[FIRST:]]

    def _column(self, field: str) -> pa.Array:
        self._check(field)
        return self.items[field].combine_chunks()

    def _check(self, field: str) -> None:
        if field not in self.fields:
            raise ValueError(f"field {field!r}: items have no such field; {did_you_mean(field, self.fields)}")


def _folded(text: str) -> str:
    """Lower case without punctuation, for comparing."""
    return re.sub(r"[^\w\s]", " ", text.casefold())
