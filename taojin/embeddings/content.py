"""Vectors of items from what is said of them: words of titles, descriptions, tags. Items need no event.

Shapes: I items in the vocabulary, T distinct terms, P (item, term) pairs, D embedding size.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from taojin.core.bounds import Count, Portion, bounded
from taojin.core.progress import Progress
from taojin.core.units import FIRST, Floats, Mask
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding, unit_length
from taojin.embeddings.factors.singular import singular
from taojin.embeddings.query import MeanOfItems
from taojin.embeddings.seeds import HistorySeeds
from taojin.features.attributes import attribute
from taojin.features.feature import Column
from taojin.features.words import WordsOf, words_of


@dataclass(frozen=True, kw_only=True)
class TfIdf:
    """Latent semantic analysis: terms weighted by how rare they are, then the largest singular vectors.

    Deerwester et al., JASIS 1990, https://doi.org/10.1002/(SICI)1097-4571(199009)41:6%3C391::AID-ASI1%3E3.0.CO;2-9;
    weights (1 + log count) × log(1 + items ÷ items with the term): Salton and Buckley, Information Processing &
    Management 1988, https://doi.org/10.1016/0306-4573(88)90021-0

    columns     columns of the items: words, or lists of words; the same word in two columns is two words
    texts       columns of the items whose text is read word by word
    dim         size of the vectors; where there are fewer terms, the rest is zeros
    min_count   rarer terms are not read
    decay       weight of each place of the history against the next newer one
    """

    columns: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    dim: Count = 64
    min_count: Count = 2
    history: str = "history"
    decay: Portion = 0.95
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)
        if not (self.columns or self.texts):
            raise ValueError("TfIdf: no column; name columns of the items in `columns` or `texts`")

    @property
    def features(self) -> tuple[str, ...]:
        return (self.history,)

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Read the items, those without events included; nothing is learned from events."""
        weights = tf_idf(view, self.columns, self.texts, "TfIdf", min_count=self.min_count)  # [I, T]
        found = weights @ singular(weights, self.dim, seed=seed)[1].numpy()  # left vectors times singular values
        vectors = np.zeros((view.n_items, self.dim), np.float32)
        vectors[:, : found.shape[1]] = found
        return of_content(view, vectors, np.diff(weights.indptr) > 0, history=self.history, decay=self.decay)


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """What a sentence encoder makes of the text of an item.

    Reimers and Gurevych, EMNLP 2019, https://arxiv.org/abs/1908.10084; needs the package sentence-transformers.

    columns     of the items: text or lists of words, read one behind the other
    model       name or folder of the encoder
    batch       texts that are encoded at once
    decay       weight of each place of the history against the next newer one
    """

    columns: tuple[str, ...]
    model: str = "sentence-transformers/all-MiniLM-L6-v2"
    batch: Count = 256
    history: str = "history"
    decay: Portion = 0.95
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def features(self) -> tuple[str, ...]:
        return (self.history,)

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Encode the items, those without events included; nothing is learned."""
        try:
            from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - an extra
        except ImportError as missing:
            raise ValueError(
                "Sentences: the package sentence-transformers is not installed; pip install sentence-transformers, "
                "or take TfIdf"
            ) from missing
        texts = sentences(view, self.columns)
        encoded = SentenceTransformer(self.model).encode(texts, batch_size=self.batch, show_progress_bar=False)
        vectors = np.zeros((view.n_items, encoded.shape[1]), np.float32)
        vectors[FIRST:] = encoded
        known = np.array([False] * FIRST + [bool(text) for text in texts])
        return of_content(view, vectors, known, history=self.history, decay=self.decay)


def of_content(view: TrainView, vectors: Floats, known: Mask, *, history: str, decay: float) -> Embedding:
    """Vectors of items at length 1, asked for by the mean of a history; of the others nothing is said."""
    vectors = unit_length(vectors * known[:, None])
    query = MeanOfItems(seeds=HistorySeeds(history=history, decay=decay), items=vectors)
    cold = view.counts(view.kinds.all) == 0
    return Embedding(vectors, known, known & cold, query)


def tf_idf(
    view: TrainView, columns: tuple[str, ...], texts: tuple[str, ...], where: str, *, min_count: int = 1
) -> sparse.csr_matrix:
    """Weight of each term in each item, float32[I, T]; each column's terms make a vector of length 1, if there are any.

    columns, texts, min_count   as in `TfIdf`
    where                       who asks, for the errors
    """
    asked = (*((column, False) for column in columns), *((column, True) for column in texts))
    parts = [_weights(words_of(view, "item", column, where, text=text), min_count) for column, text in asked]
    return sparse.hstack(parts, format="csr")


def unit_rows(weights: sparse.csr_matrix) -> sparse.csr_matrix:
    """The rows divided by their lengths; rows of zeros stay as they are."""
    length = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    return (sparse.diags(1 / np.where(length > 0, length, 1)) @ weights).tocsr().astype(np.float32)


def _weights(words: WordsOf, min_count: int) -> sparse.csr_matrix:
    weight = (1 + np.log(words.times)) * words.rarity[words.word]
    cells = sparse.csr_matrix((weight, words.word, words.offsets), shape=(len(words.offsets) - 1, len(words.names)))
    return unit_rows(cells[:, cells.getnnz(axis=0) >= min_count])


def sentences(view: TrainView, columns: tuple[str, ...]) -> list[str]:
    """The columns of each item as one text, empty where nothing is said."""
    texts = [
        pc.binary_join(values, " ") if _is_list(values.type) else values
        for values in (_column(view, column) for column in columns)
    ]
    # "skip" would leave out the rows in which every column is null.
    joined = pc.binary_join_element_wise(*texts, ". ", null_handling="replace")
    return [text.strip(". ") for text in joined.to_pylist()]


def _column(view: TrainView, column: str) -> pa.Array:
    values = attribute(view, "item", column, "content")
    if pa.types.is_null(values.type):  # nothing is said of any item
        return values.cast(pa.string())
    words = values.type.value_type if _is_list(values.type) else values.type
    if not (pa.types.is_string(words) or pa.types.is_large_string(words)):
        raise ValueError(f"content: column {column!r} must hold text or lists of words, not {values.type}")
    return values


def _is_list(type: pa.DataType) -> bool:
    return bool(pa.types.is_list(type) or pa.types.is_large_list(type))
