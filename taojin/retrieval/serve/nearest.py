"""Items by the inner product of their vectors with a request's: item2vec, two towers, ...

Shapes: R requests, Q query vectors of a request, I items in the vocabulary, V of them searched, A added since,
D embedding size, N queries asked, K items found.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.units import Floats, Ints, Mask
from taojin.embeddings.embedding import Query
from taojin.retrieval.serve.best import Combine, propose
from taojin.retrieval.serve.index import Auto, Bits, Exact, Found, Index, bits_of, member
from taojin.retrieval.serve.structure import Structure


@dataclass(frozen=True, kw_only=True)
class Added:
    """Vectors that came after the index was built; they are compared one by one.

    item        int64[A]    item rows, each once
    vectors     float32[A, D]
    """

    item: Ints
    vectors: Floats


@dataclass(frozen=True, kw_only=True)
class NearestItems:
    """Proposes the items whose vectors have the largest inner product with any of the request's.

    Items come and go without building the index again: `add` and `remove` give a changed copy that shares it, so that
    requests in other threads go on with the one they have.

    vectors     float32[I, D]
    searched    bool[I]         items that may be proposed; the others' vectors are not read
    query       how a request becomes vectors; a zero vector proposes nothing
    index       how vectors are searched
    structure   the built index, where building it takes longer than reading it
    added       what came after it was built
    removed     int64[X]        item rows that went
    """

    vectors: Floats
    searched: Mask
    query: Query
    index: Index | Auto = Auto()
    structure: Structure | None = None
    added: Added | None = None
    removed: Ints | None = None

    @property
    def features(self) -> tuple[str, ...]:
        return self.query.features

    def built(self, asked: Floats | None = None) -> Self:
        """The same with its index built, for the bundle; the exact one is built again wherever it is loaded.

        asked   float32[N, D]   queries that the effort of searches is measured with; None: vectors of items
        """
        return self if isinstance(self._index, Exact) else replace(self, structure=self._build(asked))

    def add(self, item: Ints, vectors: Floats) -> Self:
        """The same with vectors of new items, or with new vectors of items that it has.

        item        int64[A]        item rows, each once; they may lie beyond the vocabulary that was fitted
        vectors     float32[A, D]
        """
        if vectors.shape != (len(item), self.vectors.shape[1]) or not np.isfinite(vectors).all():
            expected = f"finite vectors of shape ({len(item)}, {self.vectors.shape[1]})"
            raise ValueError(
                f"add: expected {expected}, got shape {vectors.shape}; encode the items with this embedding"
            )
        kept = self._without(item)
        if kept.added is not None:
            item, vectors = np.concatenate([kept.added.item, item]), np.concatenate([kept.added.vectors, vectors])
        return self._sharing(replace(kept, added=Added(item=item, vectors=vectors.astype(np.float32))))

    def remove(self, item: Ints) -> Self:
        """The same without some items; those that it does not have are passed over."""
        return self._sharing(self._without(item))

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        """The k nearest items per request; of several query vectors the best counts."""
        if not len(requests):
            return propose(requests, requests.item, requests.item, np.empty(0, np.float32), k=k)
        query = self.query.vectors(requests, rows)  # [R, Q, D]
        asks = query.any(axis=2)
        request, _ = np.nonzero(asks)
        # One more, since the item that the request starts from may be among them.
        found = self.search(query[asks], k + 1, requests.allowed)
        known = found.item >= 0
        searched, _ = np.nonzero(known)
        several = query.shape[1] > 1
        return propose(
            requests,
            request[searched],
            found.item[known],
            found.score[known],
            k=k,
            combine=Combine.MAX if several else Combine.NOTHING,
        )

    def search(self, query: Floats, k: int, allowed: Mask | None = None) -> Found:
        """The k nearest of each query vector, float32[N, D], among what is there and allowed, best first."""
        only = self._live if allowed is None else self._live & bits_of(allowed[: len(self.searched)])
        there = int(np.bitwise_count(only).sum(dtype=np.int64))
        count = min(k, there)
        if len(query) and count:
            # A mask that leaves everything would only cost time.
            masked = None if there == self._structure.size else only
            found = self._complete(query, self._structure.search(query, count, only=masked), count, only)
        else:
            found = Found(np.empty((len(query), 0), np.float32), np.empty((len(query), 0), np.int64))
        return found if self.added is None else _best_of(found, _among(query, self.added, allowed), k)

    def _complete(self, query: Floats, found: Found, k: int, only: Bits) -> Found:
        """Score again what the index knows roughly, and compare with everything where it found too few."""
        if self._index.rough:
            found = _top(_products(query, self.vectors, found.item), found.item, k)
        short = (found.item < 0).any(axis=1)
        if short.any():
            item = self._items[member(only, self._items)]
            product = query[short] @ self.vectors[item].T
            every = _top(product, np.broadcast_to(item, product.shape), k)
            found.score[short], found.item[short] = every
        return found

    @cached_property
    def _index(self) -> Index:
        return self.index.for_size(len(self._items)) if isinstance(self.index, Auto) else self.index

    @cached_property
    def _items(self) -> Ints:
        """Item rows that the index holds, int64[V]."""
        return np.flatnonzero(self.searched)

    @cached_property
    def _structure(self) -> Structure:
        return self._build(None) if self.structure is None else self.structure

    def _build(self, asked: Floats | None) -> Structure:
        vectors = self.vectors[self._items]
        if not np.isfinite(vectors).all():
            bad = int((~np.isfinite(vectors).all(axis=1)).sum())
            raise ValueError(
                f"nearest: expected finite vectors, {bad} of {len(vectors)} are not; the embedding did not converge, "
                "take a smaller learning rate"
            )
        return Structure.of(self._index, self._items, vectors, asked)

    @cached_property
    def _live(self) -> Bits:
        """Which items of the index are still there."""
        there = self.searched.copy()
        if self.removed is not None:
            there[self.removed] = False
        return bits_of(there)

    def _without(self, item: Ints) -> Self:
        fitted = item[(item >= 0) & (item < len(self.searched))]
        removed = fitted if self.removed is None else np.union1d(self.removed, fitted)
        added = self.added
        if added is not None:
            stays = ~np.isin(added.item, item)
            added = Added(item=added.item[stays], vectors=added.vectors[stays])
        return replace(self, removed=removed, added=added)

    def _sharing(self, changed: Self) -> Self:
        # What a cached property has computed lies in the instance's dict: the copy need not build it again.
        vars(changed).update(_index=self._index, _items=self._items, _structure=self._structure)
        return changed


def _among(query: Floats, added: Added, allowed: Mask | None) -> Found:
    """Every added vector that is allowed with its product; rows beyond the mask are not allowed."""
    may = np.ones(len(added.item), np.bool_) if allowed is None else member(bits_of(allowed), added.item)
    score = query @ added.vectors[may].T
    return Found(score, np.broadcast_to(added.item[may], score.shape))


def _best_of(some: Found, others: Found, k: int) -> Found:
    return _top(np.hstack([some.score, others.score]), np.hstack([some.item, others.item]), k)


def _products(query: Floats, vectors: Floats, item: Ints) -> Floats:
    """Inner products of each query with its items, float32[N, K]."""
    product: Floats = np.einsum("nd,nkd->nk", query, vectors[item])
    return product


def _top(score: Floats, item: Ints, k: int) -> Found:
    """The k best of each row, best first; what is no item comes last."""
    score = np.where(item >= 0, score, -np.inf)
    k = min(k, score.shape[1])
    part = np.argpartition(-score, k - 1, axis=1)[:, :k] if k else np.empty((len(score), 0), np.int64)
    order = np.take_along_axis(
        part, np.argsort(-np.take_along_axis(score, part, axis=1), axis=1, kind="stable"), axis=1
    )
    return Found(np.take_along_axis(score, order, axis=1), np.take_along_axis(item, order, axis=1))
