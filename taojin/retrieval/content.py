"""Channel: items that say the same of themselves: category, tags, words of a text.

Salton and Buckley, Information Processing & Management 1988, https://doi.org/10.1016/0306-4573(88)90021-0

Shapes: I items in the vocabulary, W words of all columns together.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from taojin.core.units import Mask
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.seeds import Of, check_of, seeds
from taojin.features.words import words_of
from taojin.retrieval.serve.neighbours import Neighbours
from taojin.retrieval.similar import as_neighbours, best_of_rows, products


@dataclass(frozen=True, kw_only=True)
class Content:
    """Items by the sum of the cosines of their words with those of the items of the history.

    A word weighs (1 + log of how often the item has it) × log(1 + items ÷ items that have it): TF-IDF.

    columns     columns of the items: words, or lists of words; the same word in two columns is two words
    texts       columns of the items whose text is read word by word
    cold        propose items without a training event, too
    decay       weight of each place of the history against the next newer one
    """

    columns: tuple[str, ...] = ("genres",)
    texts: tuple[str, ...] = ()
    neighbours: int = 100
    cold: bool = True
    of: Of = "user"
    history: str = "history"
    decay: float = 1.0
    needs_clock: bool = False
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_of(self.of, "Content")
        if not (self.columns or self.texts):
            raise ValueError("Content: no column; name columns of the items in `columns` or `texts`")

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Neighbours:
        """The items of the largest cosine beside each item that has words."""
        words = self._words(view)
        proposed: Mask = np.full(view.n_items, True) if self.cold else view.counts(view.kinds.all) > 0
        found = best_of_rows(products(words, (sparse.diags(proposed.astype(np.float32)) @ words).T), self.neighbours)
        return as_neighbours(seeds(self.of, history=self.history, decay=self.decay), found)

    def _words(self, view: TrainView) -> sparse.csr_matrix:
        """Weighted words of each item, of length 1 where there are any, float32[I, W]."""
        parts = []
        for column, text in (*((name, False) for name in self.columns), *((name, True) for name in self.texts)):
            found = words_of(view, "item", column, "Content", text=text)
            weight = ((1 + np.log(found.times)) * found.rarity[found.word]).astype(np.float32)
            shape = (view.n_items, len(found.names))
            parts.append(sparse.csr_matrix((weight, found.word, found.offsets), shape=shape))
        words = sparse.hstack(parts, format="csr")
        length = np.sqrt(np.asarray(words.multiply(words).sum(axis=1)).ravel())
        return (sparse.diags(1 / np.where(length > 0, length, 1)) @ words).tocsr().astype(np.float32)
