"""Channel: items that say the same of themselves: category, tags, words of a text.

Salton and Buckley, Information Processing & Management 1988, https://doi.org/10.1016/0306-4573(88)90021-0

Shapes: I items in the vocabulary, W words of all columns together.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from taojin.core.bounds import Count
from taojin.core.units import Mask
from taojin.data.dataset import TrainView
from taojin.embeddings.content import tf_idf, unit_rows
from taojin.embeddings.embedding import Embedding
from taojin.retrieval.seeded import Seeded
from taojin.retrieval.serve.neighbours import Neighbours
from taojin.retrieval.similar import as_neighbours, best_of_rows, products


@dataclass(frozen=True, kw_only=True)
class Content(Seeded):
    """Items by the sum of the cosines of their words with those of the items of the history.

    A word weighs (1 + log of how often the item has it) × log(1 + items ÷ items that have it): TF-IDF. Each column
    counts as much as another.

    columns     columns of the items: words, or lists of words; the same word in two columns is two words
    texts       columns of the items whose text is read word by word
    cold        propose items without a training event, too
    """

    columns: tuple[str, ...] = ("genres",)
    texts: tuple[str, ...] = ()
    neighbours: Count = 100
    cold: bool = True
    needs_clock: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.columns or self.texts):
            raise ValueError("Content: no column; name columns of the items in `columns` or `texts`")

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Neighbours:
        """The items of the largest cosine beside each item that has words."""
        words = unit_rows(tf_idf(view, self.columns, self.texts, "Content"))  # [I, W]
        proposed: Mask = np.full(view.n_items, True) if self.cold else view.counts(view.kinds.all) > 0
        found = best_of_rows(products(words, (sparse.diags(proposed.astype(np.float32)) @ words).T), self.neighbours)
        return as_neighbours(self.seeds, found)
