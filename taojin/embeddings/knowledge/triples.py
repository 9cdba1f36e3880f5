"""Facts about items, (head, relation, tail), by row.

Shapes: M triples, I items in the vocabulary, E entities that are no items.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.units import FIRST, UNKNOWN, Ints
from taojin.data.dataset import TrainView

COLUMNS = ("head", "relation", "tail")


class Triples(NamedTuple):
    """Facts, each once. A head or tail that is the id of an item has the item's row; any other is an entity, in the
    rows behind the items, so also what was an item once and is none of this data.

    head, tail  int64[M]    in [FIRST, I + E)
    relation    int64[M]    place in `relations`
    relations   names
    entities    E names
    items       I
    """

    head: Ints
    relation: Ints
    tail: Ints
    relations: tuple[str, ...]
    entities: tuple[str, ...]
    items: int

    @property
    def nodes(self) -> int:
        """Rows of items and entities, reserved rows included."""
        return self.items + len(self.entities)


def read_triples(view: TrainView, table: str, wanted_by: str) -> Triples:
    """A context table with the columns head, relation and tail; it must name an item of the vocabulary."""
    facts = view.table(table, COLUMNS, wanted_by)
    head, relation, tail = (_text(facts, column, f"{wanted_by}: table {table!r}") for column in COLUMNS)
    rows = view.item_vocabulary.rows_of(pa.chunked_array([head, tail]))
    others = pa.concat_arrays([head, tail]).filter(pa.array(rows == UNKNOWN)).dictionary_encode()
    rows[rows == UNKNOWN] = view.n_items + np.asarray(others.indices)
    if not ((rows >= FIRST) & (rows < view.n_items)).any():
        raise ValueError(
            f"{wanted_by}: table {table!r}: none of its {len(head):,} rows names an item; heads or tails must be "
            "ids of the item table"
        )
    named = relation.dictionary_encode()
    facts_once = np.unique(np.stack([*np.split(rows, 2), np.asarray(named.indices)]), axis=1)
    return Triples(
        facts_once[0],
        facts_once[2],
        facts_once[1],
        tuple(named.dictionary.to_pylist()),
        tuple(others.dictionary.to_pylist()),
        view.n_items,
    )


def _text(facts: pa.Table, column: str, where: str) -> pa.Array:
    text = facts[column].cast(pa.string()).combine_chunks()
    if text.null_count:
        row = pc.index(pc.is_null(text), True).as_py() + 1
        raise ValueError(f"{where}, row {row:,}: no {column}; give every row all of {', '.join(COLUMNS)}")
    return text
