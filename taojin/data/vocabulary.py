"""External id <-> row. Row 0 is PAD, row 1 is UNKNOWN, real ids start at row 2.

External ids are strings; integer ids of a file are written as their decimal digits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute

from taojin.core.units import FIRST, UNKNOWN, Ints


@dataclass(frozen=True)
class Vocabulary:
    """Distinct external ids; the id at place i has row i + 2.

    >>> films = Vocabulary(("31", "1029"))
    >>> films.row("1029"), films.row("nobody"), films.id(3)
    (3, 1, '1029')
    """

    ids: tuple[str, ...]
    _rows: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = {id: place + FIRST for place, id in enumerate(self.ids)}
        if len(rows) < len(self.ids):
            twice = next(id for place, id in enumerate(self.ids) if rows[id] != place + FIRST)
            raise ValueError(f"vocabulary: id {twice!r} stands twice; ids must be distinct")
        object.__setattr__(self, "_rows", rows)

    def __len__(self) -> int:
        """Number of rows, PAD and UNKNOWN included."""
        return len(self.ids) + FIRST

    def __contains__(self, id: str) -> bool:
        return id in self._rows

    def row(self, id: str) -> int:
        """Row of an id, UNKNOWN if the vocabulary does not have it."""
        return self._rows.get(id, UNKNOWN)

    def rows(self, ids: Iterable[str]) -> Ints:
        """Rows of ids, UNKNOWN for those that the vocabulary does not have."""
        return np.fromiter((self._rows.get(id, UNKNOWN) for id in ids), dtype=np.int64)

    def rows_of(self, ids: pa.Array | pa.ChunkedArray) -> Ints:
        """The same for an Arrow column of strings, without a Python object per row."""
        place = pa.compute.index_in(ids.cast(pa.string()), value_set=self.column)
        return np.asarray(pa.compute.fill_null(place, UNKNOWN - FIRST), dtype=np.int64) + FIRST

    @cached_property
    def column(self) -> pa.Array:
        """The ids as an Arrow column: row i is at place i - 2."""
        return pa.array(self.ids, type=pa.string())

    def id(self, row: int) -> str:
        """External id of a row; PAD and UNKNOWN have none."""
        if not FIRST <= row < len(self):
            raise ValueError(f"row {row}: expected {FIRST} to {len(self) - 1}")
        return self.ids[row - FIRST]

    def extend(self, ids: Sequence[str]) -> "Vocabulary":
        """The same rows and, after them, the ids that are new."""
        return Vocabulary(self.ids + tuple(dict.fromkeys(id for id in ids if id not in self._rows)))
