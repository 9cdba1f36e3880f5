"""Why an item may please: what it has in common with items that the user liked or looks at.

Shapes: I items in the vocabulary, W words of all fields, M (item, word) pairs, K items shown, A anchors,
U distinct words of the anchors.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.events import spread
from taojin.core.units import FIRST, Floats, Ints, Mask
from taojin.data.catalogue import Catalogue
from taojin.data.vocabulary import Vocabulary
from taojin.serving.answer import Reason

MOST_SHARED = 3


@dataclass(frozen=True)
class Words:
    """The words of each item: genres, directors, tags, ...

    names       W pairs of field and word
    weight      float32[W]  log(items / items that have the word): sharing a rare word says more
    offsets     int64[I+1]  item i has the words word[offsets[i]:offsets[i+1]]
    word        int64[M]
    """

    names: list[tuple[str, str]]
    weight: Floats
    offsets: Ints
    word: Ints

    @classmethod
    def of(cls, catalogue: Catalogue) -> Self:
        """Every column of strings, or of lists of strings, but the title."""
        names: list[tuple[str, str]] = []
        rows, words = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for field in catalogue.fields:
            column = catalogue.items[field].combine_chunks()
            if field != catalogue.title and _holds_words(column.type):
                row, encoded = _pairs(column)
                rows.append(row + FIRST)
                words.append(np.asarray(encoded.indices, np.int64) + len(names))
                names += [(field, word) for word in encoded.dictionary.to_pylist()]
        row, word = np.concatenate(rows), np.concatenate(words)
        order = np.argsort(row, kind="stable")
        items = catalogue.items.num_rows
        count = np.maximum(np.bincount(word, minlength=len(names)), 1)
        offsets = np.searchsorted(row[order], np.arange(items + FIRST + 1))
        return cls(names, np.log(items / count).astype(np.float32), offsets, word[order])

    def have(self, rows: Ints, among: Ints) -> Mask:
        """Which of some words (ascending) each item has, bool[K, U]."""
        place, at = spread(self.offsets[rows], self.offsets[rows + 1])
        wanted = np.minimum(np.searchsorted(among, self.word[at]), len(among) - 1)
        hit = among[wanted] == self.word[at]
        has = np.zeros((len(rows), len(among)), np.bool_)
        has[place[hit], wanted[hit]] = True
        return has


@dataclass(frozen=True)
class Reasons:
    """Finds what items have in common."""

    catalogue: Catalogue
    vocabulary: Vocabulary

    @cached_property
    def words(self) -> Words:
        """The words of the catalogue."""
        return Words.of(self.catalogue)

    def of(self, rows: Ints, anchors: Ints) -> list[Reason | None]:
        """For each of K items the anchor that it has most in common with; None where there is nothing."""
        _, at = spread(self.words.offsets[anchors], self.words.offsets[anchors + 1])
        among = np.unique(self.words.word[at])  # [U]
        if not len(among):
            return [None] * len(rows)
        weight = self.words.weight[among]
        theirs, ours = self.words.have(anchors, among), self.words.have(rows, among)  # [A, U], [K, U]
        best = ((ours * weight) @ theirs.T).argmax(axis=1)  # [K]
        rare_first = np.argsort(-weight, kind="stable")
        shared = (ours & theirs[best])[:, rare_first]  # [K, U]
        return [
            self._reason(int(anchor), among[rare_first[common]][:MOST_SHARED]) if common.any() else None
            for anchor, common in zip(anchors[best], shared, strict=True)
        ]

    def _reason(self, anchor: int, words: Ints) -> Reason:
        names = [self.words.names[word] for word in words]
        shared = {field: tuple(word for of, word in names if of == field) for field, _ in names}
        return Reason(self.vocabulary.id(anchor), self.catalogue.titles(np.array([anchor]))[0], shared)


def _holds_words(kind: pa.DataType) -> bool:
    word = kind.value_type if pa.types.is_list(kind) else kind
    return bool(pa.types.is_string(word) or pa.types.is_large_string(word))


def _pairs(column: pa.Array) -> tuple[Ints, pa.DictionaryArray]:
    """Place of the item and word of each pair, without nulls."""
    row = np.arange(len(column))
    if pa.types.is_list(column.type):
        row, column = np.asarray(pc.list_parent_indices(column), np.int64), pc.list_flatten(column)
    known = np.asarray(column.is_valid())
    return row[known], column.drop_null().dictionary_encode()
