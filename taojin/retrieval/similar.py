"""What channels that set items beside items share: the best of the rows of a matrix, in blocks.

Shapes: I items in the vocabulary, G rows, P pairs of a block.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from taojin.core.units import Ints
from taojin.embeddings.seeds import Seeds
from taojin.retrieval.serve.best import Ranked, blocks, join, top
from taojin.retrieval.serve.neighbours import Neighbours

Doubles = NDArray[np.float64]
Score = Callable[[Doubles, Ints, Ints], Doubles]
"""What becomes of the products of pairs (row, column), float64[P]."""


def products(left: sparse.csr_matrix, right: sparse.csr_matrix) -> Iterator[sparse.csr_matrix]:
    """left @ right, some rows at a time."""
    for rows in blocks(np.full(left.shape[0], right.shape[1])):
        yield left[rows] @ right


def best_of_rows(parts: Iterable[sparse.csr_matrix], n: int, score: Score | None = None) -> Ranked:
    """The n columns of each row with the best scores, a row's own column left out.

    parts   the rows of a matrix, some at a time; only its stored cells count
    score   by default the cells themselves
    """
    found, start = [], 0
    for part in parts:
        cells = part.tocoo()
        row, column = cells.row.astype(np.int64), cells.col.astype(np.int64)
        other = row + start != column
        row, column, value = row[other], column[other], cells.data[other].astype(np.float64)
        if score is not None:
            value = score(value, row + start, column)
        found.append(top(np.searchsorted(row, np.arange(part.shape[0] + 1)), column, value, n))
        start += part.shape[0]
    return join(found)


def less_if_popular(count: Ints, power: float) -> Score:
    """Divide what two items have in common by (n_i n_j) ** power, n counting what each has, int64[I]."""
    held = np.maximum(count, 1).astype(np.float64) ** power
    return lambda value, item, other: value / (held[item] * held[other])


def as_neighbours(seeds: Seeds, found: Ranked) -> Neighbours:
    """Serve the best of each row as the neighbours of each item."""
    return Neighbours(seeds=seeds, offsets=found.offsets, item=found.key, similarity=found.score)
