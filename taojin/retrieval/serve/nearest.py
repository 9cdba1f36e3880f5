"""Items by the inner product of their vectors with a request's: item2vec, two towers, ...

Shapes: R requests, Q query vectors of a request, I items in the vocabulary, V of them searched, D embedding size.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import faiss
import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.units import Floats, Ints, Mask
from taojin.embeddings.embedding import Query
from taojin.retrieval.serve.best import Combine, propose


@runtime_checkable
class Index(Protocol):
    """How vectors are searched."""

    def build(self, vectors: Floats) -> faiss.Index:
        """An index over float32[V, D] by inner product."""
        ...


@dataclass(frozen=True, kw_only=True)
class Exact:
    """Compare with every vector. Johnson et al., 2017, https://arxiv.org/abs/1702.08734"""

    def build(self, vectors: Floats) -> faiss.Index:
        """A flat index."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors))
        return index


@dataclass(frozen=True, kw_only=True)
class NearestItems:
    """Proposes the items whose vectors have the largest inner product with any of the request's.

    vectors     float32[I, D]
    searched    bool[I]         items that may be proposed; the others' vectors are not read
    query       how a request becomes vectors; a zero vector proposes nothing
    """

    vectors: Floats
    searched: Mask
    query: Query
    index: Index = Exact()

    @property
    def features(self) -> tuple[str, ...]:
        return self.query.features

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        """The k nearest items per request; of several query vectors the best counts."""
        query = self.query.vectors(requests, rows)  # [R, Q, D]
        asks = query.any(axis=2)
        request, _ = np.nonzero(asks)
        # One more, since the item that the request starts from may be among them.
        count = min(k + 1, len(self._items))
        if not (len(request) and count):
            return propose(requests, request[:0], request[:0], np.empty(0, np.float32), k=k)
        score, place = self._index.search(query[asks], count, params=self._only(requests.allowed))
        found = place >= 0  # -1 where a selection holds fewer than asked
        searched, _ = np.nonzero(found)
        several = query.shape[1] > 1
        return propose(
            requests,
            request[searched],
            self._items[place[found]],
            score[found],
            k=k,
            combine=Combine.MAX if several else Combine.NOTHING,
        )

    @cached_property
    def _items(self) -> Ints:
        """Item row of each place of the index, int64[V]."""
        return np.flatnonzero(self.searched)

    @cached_property
    def _index(self) -> faiss.Index:
        return self.index.build(self.vectors[self._items])

    def _only(self, allowed: Mask | None) -> faiss.SearchParameters | None:
        if allowed is None:
            return None
        bits = np.packbits(allowed[self._items], bitorder="little")
        # The package's own wrapper takes the array; its type stubs tell of the C++ arguments.
        return faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))  # type: ignore[call-arg, arg-type]
