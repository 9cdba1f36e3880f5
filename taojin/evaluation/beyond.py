"""What lists are like beyond accuracy: how much of the catalogue they show, how even, how new, how varied.

Lists are int64[R, K], PAD on the right. Shapes: R requests, K places, I items in the vocabulary, W words of 64 bits.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from taojin.core.units import FIRST, PAD, Ints, Mask
from taojin.evaluation.metrics import ratio
from taojin.evaluation.recommended import Doubles

WORD = 64


def exposures(lists: Ints, items: int) -> Ints:
    """How many lists show each item, int64[I]; 0 for PAD.

    >>> exposures(np.array([[2, 3], [2, 0]]), items=4)
    array([0, 0, 2, 1])
    """
    return np.bincount(lists[lists != PAD], minlength=items).astype(np.int64)


def coverage(exposures: Ints) -> float:
    """Share of the catalogue (all real items) that at least one list shows, in [0, 1].

    >>> coverage(np.array([0, 0, 2, 0, 1, 0]))
    0.5
    """
    return float((exposures[FIRST:] > 0).mean())


def gini(exposures: Ints) -> float:
    """Gini coefficient of the exposures over the catalogue: 0 if all items are shown alike, towards 1 if one is.

    sum of (2 i - n - 1) x_i / (n sum x), x ascending, i from 1; NaN if nothing is shown.

    >>> gini(np.array([0, 0, 1, 1, 1, 1])), gini(np.array([0, 0, 0, 0, 0, 8]))
    (0.0, 0.75)
    """
    shown = np.sort(exposures[FIRST:])
    n, total = len(shown), int(shown.sum())
    return float(((2 * np.arange(1, n + 1) - n - 1) * shown).sum() / (n * total)) if total else float("nan")


def novelty(lists: Ints, counts: Ints) -> Doubles:
    """Mean self-information of the items of each list, bits, [R]; NaN for an empty list.

    The self-information of an item is -log2 of its share of all training events `counts`, int64[I]; an item without
    an event counts as if it had one.

    Zhou et al., PNAS 2010, https://doi.org/10.1073/pnas.1000488107 (there: share of the users)

    >>> novelty(np.array([[2, 3]]), counts=np.array([0, 0, 6, 2]))
    array([1.20751875])
    """
    seen = np.maximum(counts, 1)
    return _mean(-np.log2(seen / max(int(counts.sum()), 1))[lists], lists != PAD)


def popularity(lists: Ints, counts: Ints) -> Doubles:
    """Mean number of training events of the items of each list, [R]; NaN for an empty list.

    >>> popularity(np.array([[2, 3, 0]]), counts=np.array([0, 0, 6, 2]))
    array([4.])
    """
    return _mean(counts[lists].astype(np.float64), lists != PAD)


def serendipity(hits: Mask, expected: Ints, lists: Ints, k: int) -> Doubles:
    """Share of the first k places that are relevant and not what popularity shows to the same user, [R].

    hits        bool[R, K]      relevant places of `lists`
    expected    int64[R, K]     the list of a primitive recommender; its first k places count as expected

    Ge, Delgado-Battenfeld and Jannach, RecSys 2010, https://doi.org/10.1145/1864708.1864761

    >>> serendipity(np.array([[True, True]]), expected=np.array([[5, 6]]), lists=np.array([[5, 7]]), k=2)
    array([0.5])
    """
    shown = lists[:, :k]
    surprising = ~(shown[:, :, None] == expected[:, None, :k]).any(axis=2)
    share: Doubles = (hits[:, :k] & surprising).sum(axis=1) / k
    return share


@dataclass(frozen=True)
class ItemSets:
    """A set of attribute values per item (genres, tags, a brand) as bits.

    bits    uint64[I, W]    bit v of item i: it has value v
    """

    bits: NDArray[np.uint64]

    @classmethod
    def of(cls, column: pa.Array | pa.ChunkedArray) -> "ItemSets":
        """The sets of an attribute column, a list or a single value for each item from row FIRST on.

        >>> ItemSets.of(pa.array([["Drama"], ["Drama", "War"], None])).bits.ravel()
        array([0, 0, 1, 3, 0], dtype=uint64)
        """
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        listed = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
        item = np.asarray(pa.compute.list_parent_indices(column)) if listed else np.arange(len(column))
        flat = pa.compute.list_flatten(column) if listed else column
        known = np.asarray(pa.compute.is_valid(flat))
        words = flat.drop_null().dictionary_encode()
        value = np.asarray(words.indices, dtype=np.int64)
        bits = np.zeros((len(column) + FIRST, 1 + len(words.dictionary) // WORD), np.uint64)
        at = (item[known] + FIRST, value // WORD)
        np.bitwise_or.at(bits, at, np.uint64(1) << (value % WORD).astype(np.uint64))
        return cls(bits)

    def values(self) -> pa.ListArray:
        """The set of each item from row FIRST on, as numbers."""
        octets = self.bits[FIRST:].astype("<u8").view(np.uint8)
        item, value = np.nonzero(np.unpackbits(octets, axis=1, bitorder="little"))
        offsets = np.searchsorted(item, np.arange(len(octets) + 1))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(value))


def diversity(lists: Ints, sets: ItemSets) -> Doubles:
    """1 - mean Jaccard similarity over the pairs of items of each list, [R] in [0, 1]; NaN under two items.

    Two items without any value resemble each other in nothing: similarity 0.

    Ziegler et al., WWW 2005, https://doi.org/10.1145/1060745.1060754 (there: the sum over the pairs of a taxonomy's
    similarity)

    >>> diversity(np.array([[2, 3]]), ItemSets.of(pa.array([["Drama"], ["Drama", "War"]])))
    array([0.5])
    """
    one, other = np.triu_indices(lists.shape[1], k=1)
    similarity = np.empty((len(lists), len(one)))
    for start in range(0, len(lists), 256):
        rows = slice(start, start + 256)
        left, right = sets.bits[lists[rows][:, one]], sets.bits[lists[rows][:, other]]  # [B, pairs, W]
        both = np.bitwise_count(left & right).sum(axis=2, dtype=np.int64)
        either = np.bitwise_count(left | right).sum(axis=2, dtype=np.int64)
        similarity[rows] = both / np.maximum(either, 1)
    return 1 - _mean(similarity, (lists[:, one] != PAD) & (lists[:, other] != PAD))


def _mean(values: Doubles, counted: Mask) -> Doubles:
    """Mean of what counts in each row, [R]; NaN where nothing does."""
    return ratio(np.where(counted, values, 0.0).sum(axis=1), counted.sum(axis=1))
