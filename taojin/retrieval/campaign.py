"""Channel: what operators want to be shown."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from taojin.core.units import FOREVER, NEVER, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.retrieval.relation import known_rows
from taojin.retrieval.serve.campaigns import Campaigns


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """The items of a table, in its order, while their campaign runs; those with a fixed place before the others.

    table, item     a context table and its column of item ids
    slot    its column of forced places in the shown list, from 1; empty cells force none; "": there is no such column
    start   its column of the first millisecond; empty cells and "": since ever
    stop    its column of the first millisecond after it; empty cells and "": for ever
    """

    table: str = "campaigns"
    item: str = "item"
    slot: str = ""
    start: str = ""
    stop: str = ""
    embeddings: tuple[str, ...] = ()

    @property
    def needs_clock(self) -> bool:
        """Dates are ones of a clock."""
        return bool(self.start or self.stop)

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Campaigns:
        """Read the table; rows of items that the data does not have are left out."""
        named = tuple(column for column in (self.slot, self.start, self.stop) if column)
        table, row = known_rows(view, self.table, {self.item: view.item_vocabulary}, "Campaign", named)
        slot = self._whole(table, self.slot, NEVER)
        wrong = (slot != NEVER) & ((slot < 1) | (slot > np.iinfo(np.int16).max))
        if wrong.any():
            raise ValueError(f"Campaign: column {self.slot!r} holds {slot[wrong][0]}; expected places from 1 on")
        start, stop = self._whole(table, self.start, NEVER), self._whole(table, self.stop, FOREVER)
        if (never := np.flatnonzero(start >= stop)).size:
            item = table[self.item][int(never[0])].as_py()
            raise ValueError(
                f"Campaign: item {item!r} starts at {start[never[0]]} and stops at {stop[never[0]]}: expected a start "
                f"before the stop; look at columns {self.start!r} and {self.stop!r}"
            )
        # What has a place comes first, so that a small quota does not lose it.
        order = np.argsort(slot == NEVER, kind="stable")
        return Campaigns(
            item=row[self.item][order],
            slot=np.where(slot == NEVER, -1, slot - 1)[order].astype(np.int16),
            start=start[order],
            stop=stop[order],
        )

    def _whole(self, table: pa.Table, column: str, absent: int) -> Ints:
        """A column of whole numbers or times, int64; `absent` where a cell is empty."""
        if not column:
            return np.full(table.num_rows, absent, np.int64)
        cells = table[column].combine_chunks()
        if pa.types.is_timestamp(cells.type):
            cells = cells.cast(pa.timestamp("ms", cells.type.tz), safe=False)
        elif not (pa.types.is_integer(cells.type) or pa.types.is_null(cells.type)):
            raise ValueError(f"Campaign: column {column!r} must hold whole numbers, not {cells.type}")
        return np.asarray(cells.cast(pa.int64()).fill_null(absent), dtype=np.int64)
