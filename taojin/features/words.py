"""The words that items or users have: tags, categories, the words of texts. NumPy and PyArrow only.

Shapes: E entities (users or items, reserved rows included), W different words, M (entity, word) pairs.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.units import FIRST, Floats, Ints
from taojin.data.dataset import TrainView
from taojin.features.attributes import Entity, attribute

APART = r"[^\p{L}\p{N}]+"
"""What stands between the words of a text."""


class WordsOf(NamedTuple):
    """The distinct words of each entity.

    offsets     int64[E+1]  words of entity e are word[offsets[e]:offsets[e+1]], ascending
    word        int64[M]
    times       int64[M]    how often the entity has it
    names       the words
    """

    offsets: Ints
    word: Ints
    times: Ints
    names: tuple[str, ...]

    @property
    def rarity(self) -> Floats:
        """Inverse frequency of each word among the entities, float32[W]."""
        return rarity(np.bincount(self.word, minlength=len(self.names)), len(self.offsets) - 1)


def rarity(holders: Ints, among: int) -> Floats:
    """log(1 + all ÷ those that have it) of what so many have, float32: inverse document frequency.

    Spärck Jones, Journal of Documentation 1972, https://doi.org/10.1108/eb026526
    """
    return np.log1p(among / np.maximum(holders, 1)).astype(np.float32)


def words_of(view: TrainView, entity: Entity, column: str, where: str, *, text: bool = False) -> WordsOf:
    """Number the words of a column, which holds words or lists of words; of a text, its single words in lower case.

    where   who asks, for the errors
    """
    cells = attribute(view, entity, column, where)
    if pa.types.is_null(cells.type):  # nothing is said of anything
        cells = cells.cast(pa.string())
    if text:
        if not _is_words(cells.type):
            raise ValueError(f"{where}: column {column!r} must hold text, not {cells.type}")
        cells = pc.split_pattern_regex(pc.utf8_lower(cells), APART)
    if pa.types.is_list(cells.type) or pa.types.is_large_list(cells.type):
        row, word = np.asarray(pc.list_parent_indices(cells)), pc.list_flatten(cells)
    else:
        row, word = np.arange(len(cells)), cells
    if not _is_words(word.type):
        raise ValueError(f"{where}: column {column!r} must hold words or lists of words, not {cells.type}")
    there = np.asarray(pc.fill_null(pc.not_equal(word, ""), False))
    code = word.filter(pa.array(there)).dictionary_encode()
    names = max(len(code.dictionary), 1)
    pairs, count = np.unique((row[there] + FIRST) * names + np.asarray(code.indices), return_counts=True)
    row, number = np.divmod(pairs, names)
    entities = view.n_users if entity == "user" else view.n_items
    offsets = np.searchsorted(row, np.arange(entities + 1))
    return WordsOf(offsets, number, count, tuple(code.dictionary.to_pylist()))


def _is_words(type: pa.DataType) -> bool:
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type))
