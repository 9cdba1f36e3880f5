"""Channel: the items whose learned vectors are nearest to those of the user or of an item."""

import difflib
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

from taojin.core.bounds import bounded
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding, unit_length
from taojin.embeddings.query import MeanOfItems
from taojin.embeddings.seeds import ItemSeed, Of
from taojin.retrieval.serve.index import Auto, Index
from taojin.retrieval.serve.nearest import NearestItems


@dataclass(frozen=True)
class Nearest:
    """Items by the inner product of their vectors with the query of an embedding.

    embedding   its name in the experiment
    of          "user": the embedding's own query; "item": the item that the request starts from, by cosine
    cold        propose items that had no training event, too
    index       how vectors are searched
    """

    embedding: str
    _: KW_ONLY
    of: Of = "user"
    cold: bool = False
    index: Index | Auto = Auto()
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def embeddings(self) -> tuple[str, ...]:
        return (self.embedding,)

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> NearestItems:
        """Take vectors and query; nothing is learned here."""
        if self.embedding not in embeddings:
            close = difflib.get_close_matches(self.embedding, embeddings, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"Nearest: no embedding {self.embedding!r}; there are {', '.join(embeddings)}{hint}")
        found = embeddings[self.embedding]
        searched = found.known if self.cold else found.known & ~found.cold
        vectors, query, asked = found.vectors, found.query, found.asked
        if self.of == "item":
            # Popularity lies in the length of a vector, and says nothing about what two items have in common.
            vectors = unit_length(vectors)
            query, asked = MeanOfItems(seeds=ItemSeed(), items=vectors), None
        return NearestItems(vectors=vectors, searched=searched, query=query, index=self.index).built(asked)
