"""Context tables as rows of the vocabularies: who follows whom, who is a friend of whom, what a campaign shows."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from taojin.core.units import FIRST, Ints
from taojin.data.dataset import TrainView
from taojin.data.vocabulary import Vocabulary


def known_rows(
    view: TrainView, table: str, ids: Mapping[str, Vocabulary], wanted_by: str, columns: tuple[str, ...] = ()
) -> tuple[pa.Table, dict[str, Ints]]:
    """The rows of a context table whose ids are all known, and the vocabulary row of each id.

    ids         the columns that hold external ids
    columns     further columns that must be there
    Rows with unknown ids are left out: a list of friends may well name people who never came. If all rows are, the ids
    are written in another way than those of the data, and that is an error.
    """
    there = view.table(table, (*ids, *columns), wanted_by)
    rows = {column: vocabulary.rows_of(there[column]) for column, vocabulary in ids.items()}
    known = np.logical_and.reduce([row >= FIRST for row in rows.values()])
    if there.num_rows and not known.any():
        unknown = ", ".join(f"{int((row < FIRST).sum()):,} of column {column!r}" for column, row in rows.items())
        first = next(column for column, row in rows.items() if (row < FIRST).any())
        example = there[first][int(np.argmax(rows[first] < FIRST))].as_py()
        raise ValueError(
            f"{wanted_by}: table {table!r}: no row of its {there.num_rows:,} names ids that the data has; unknown are "
            f"{unknown}, such as {example!r}; write ids as the tables of users and items do"
        )
    return there.filter(pa.array(known)), {column: row[known] for column, row in rows.items()}


def by_row(row: Ints, key: Ints, rows: int) -> tuple[Ints, Ints]:
    """Distinct pairs as CSR: offsets int64[rows+1], and the keys of each row, ascending."""
    width = int(key.max(initial=0)) + 1
    pairs = np.unique(row * width + key)
    return np.searchsorted(pairs, np.arange(rows + 1) * width), pairs % width
