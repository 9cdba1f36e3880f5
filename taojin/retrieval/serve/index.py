"""How vectors are searched: exactly, or in parts of the catalogue, along a graph, over short codes. NumPy and faiss.

Every way but the exact one spends an *effort* that trades recall for time. How much a search for k items needs is
measured once, when the index is built, with queries of held-out users, or where an embedding kept none with vectors of
the catalogue itself; a filter that leaves one item in ten is searched as if for ten times as many.

Shapes: V vectors searched, D embedding size, Q queries, K items found.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import faiss
import numpy as np
from numpy.typing import NDArray

from taojin.core.bounds import Bound, Count, Portion, Whole, bounded
from taojin.core.units import Floats, Ints, Mask

Bits = NDArray[np.uint8]
"""A mask over item rows, eight to a byte, the first in the lowest bit."""

SEED = 1
"""Of k-means: the same vectors, the same index."""


class Found(NamedTuple):
    """The nearest items of each query, best first: float32[Q, K], int64[Q, K], -1 where there is none."""

    score: Floats
    item: Ints


@runtime_checkable
class Index(Protocol):
    """A spec of how vectors are searched by inner product."""

    @property
    def recall(self) -> float:
        """Share of the true nearest that a search is to find, in (0, 1]; 1 is exact."""
        ...

    @property
    def rough(self) -> bool:
        """The index knows vectors roughly; what it finds is to be scored again by the vectors themselves."""
        ...

    def make(self, item: Ints, vectors: Floats) -> faiss.Index:
        """A faiss index over float32[V, D] whose ids are item rows, int64[V]."""
        ...

    def least(self, k: int) -> int:
        """The effort that a search for k items takes at least."""
        ...

    def most(self, vectors: int) -> int:
        """The effort that looks at everything."""
        ...

    def search(self, made: faiss.Index, query: Floats, k: int, *, effort: int, only: Bits | None) -> Found:
        """The nearest of each query among the items of a mask, as far as this effort finds them.

        made    what `make` gave, or the same read from bytes
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Exact:
    """Compare with every vector. Johnson et al., 2017, https://arxiv.org/abs/1702.08734"""

    recall: Portion = 1.0
    rough: ClassVar[bool] = False

    def __post_init__(self) -> None:
        bounded(self)

    def make(self, item: Ints, vectors: Floats) -> faiss.Index:
        """The vectors in a row."""
        return _with_ids(faiss.IndexFlatIP(vectors.shape[1]), item, vectors)

    def least(self, k: int) -> int:
        """There is one effort."""
        return 1

    def most(self, vectors: int) -> int:
        """There is one effort."""
        return 1

    def search(self, made: faiss.Index, query: Floats, k: int, *, effort: int, only: Bits | None) -> Found:
        """Every vector of the mask is compared."""
        return Found(*made.search(query, k, params=_parameters(faiss.SearchParameters, only)))


@dataclass(frozen=True, kw_only=True)
class IVF:
    """Compare with the vectors of the nearest lists only; lists are the cells of k-means.

    Jégou et al., TPAMI 2011, https://doi.org/10.1109/TPAMI.2010.57, without compression. The effort counts lists.

    lists   how many; 0: 4 sqrt(V)
    """

    lists: Whole = 0
    recall: Portion = 0.99
    rough: ClassVar[bool] = False

    def __post_init__(self) -> None:
        bounded(self)

    def make(self, item: Ints, vectors: Floats) -> faiss.Index:
        """Cells of at most 64 sampled vectors for each centre, ten rounds of k-means."""
        width = vectors.shape[1]
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, self.most(len(vectors)), faiss.METRIC_INNER_PRODUCT)
        index.cp.niter, index.cp.seed = 10, SEED
        index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, 64
        index.train(vectors)
        index.add_with_ids(vectors, item)
        return index

    def least(self, k: int) -> int:
        """One list."""
        return 1

    def most(self, vectors: int) -> int:
        """The number of lists."""
        return min(self.lists or int(4 * vectors**0.5), vectors)

    def search(self, made: faiss.Index, query: Floats, k: int, *, effort: int, only: Bits | None) -> Found:
        """The effort is the number of lists that are read."""
        return Found(*made.search(query, k, params=_parameters(faiss.SearchParametersIVF, only, nprobe=effort)))


@dataclass(frozen=True, kw_only=True)
class HNSW:
    """Walk along a graph of near vectors, from coarse layers to fine ones. The effort counts nodes kept in view.

    Malkov and Yashunin, TPAMI 2020, https://doi.org/10.1109/TPAMI.2018.2889473

    links       of each node
    building    nodes kept in view while the graph is built
    """

    links: Annotated[int, Bound(low=2, whole=True)] = 16
    building: Count = 80
    recall: Portion = 0.99
    rough: ClassVar[bool] = False

    def __post_init__(self) -> None:
        bounded(self)

    def make(self, item: Ints, vectors: Floats) -> faiss.Index:
        """One node after another; slow to build."""
        graph = faiss.IndexHNSWFlat(vectors.shape[1], self.links, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = self.building
        return _with_ids(graph, item, vectors)

    def least(self, k: int) -> int:
        """As many nodes as are wanted."""
        return k

    def most(self, vectors: int) -> int:
        """Every node."""
        return vectors

    def search(self, made: faiss.Index, query: Floats, k: int, *, effort: int, only: Bits | None) -> Found:
        """The effort is the number of nodes kept in view, k at least."""
        # The package's type stubs lack this class.
        kind = faiss.SearchParametersHNSW  # type: ignore[attr-defined]
        ask = _parameters(kind, only, efSearch=max(effort, k))
        return Found(*made.search(query, k, params=ask))


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """Compare with every vector in eight bits a number, a quarter of the memory; the best are scored again.

    The effort counts items that are scored again.
    """

    recall: Portion = 0.99
    rough: ClassVar[bool] = True

    def __post_init__(self) -> None:
        bounded(self)

    def make(self, item: Ints, vectors: Floats) -> faiss.Index:
        """Each dimension is cut into 255 steps between its least and its largest value."""
        eight = faiss.ScalarQuantizer.QT_8bit
        return _with_ids(faiss.IndexScalarQuantizer(vectors.shape[1], eight, faiss.METRIC_INNER_PRODUCT), item, vectors)

    def least(self, k: int) -> int:
        """As many as are wanted."""
        return k

    def most(self, vectors: int) -> int:
        """Every item."""
        return vectors

    def search(self, made: faiss.Index, query: Floats, k: int, *, effort: int, only: Bits | None) -> Found:
        """The best by rough scores, as many as the effort."""
        return Found(*made.search(query, max(effort, k), params=_parameters(faiss.SearchParameters, only)))


@dataclass(frozen=True, kw_only=True)
class LSH:
    """Compare the sides of random planes on which vectors lie, one bit each; the best are scored again.

    Charikar, STOC 2002, https://doi.org/10.1145/509907.509965. Sides tell of angles, so a vector's length counts only
    when it is scored again. The effort counts items that are scored again. Here for comparison.

    bits    planes, a multiple of 8
    """

    bits: Count = 256
    recall: Portion = 0.99
    rough: ClassVar[bool] = True

    def __post_init__(self) -> None:
        bounded(self)
        if self.bits % 8:
            raise ValueError(f"LSH.bits: expected a multiple of 8; got {self.bits}")

    def make(self, item: Ints, vectors: Floats) -> faiss.Index:
        """Nothing is learned; the planes have a fixed seed."""
        return _with_ids(faiss.IndexLSH(vectors.shape[1], self.bits), item, vectors)

    def least(self, k: int) -> int:
        """As many as are wanted."""
        return k

    def most(self, vectors: int) -> int:
        """Every item."""
        return vectors

    def search(self, made: faiss.Index, query: Floats, k: int, *, effort: int, only: Bits | None) -> Found:
        """The items on most common sides, as many as the effort; those outside the mask are dropped behind."""
        distance, item = made.search(query, min(max(effort, k), made.ntotal))
        return Found(-distance, item if only is None else np.where(member(only, item), item, -1))


@dataclass(frozen=True, kw_only=True)
class Auto:
    """Exact for catalogues up to `exact` vectors, lists above.

    Measured on one core, vectors of a DSSM with 64 dimensions: comparing with all finds 200 items in 0.09 ms among
    10,000 vectors and in 0.7 ms among 100,000, lists with recall@200 of 0.999 take 0.05 and 0.15 ms. What there is to
    gain below the threshold is less than the lists cost to build; `python -m benchmarks neighbours` shows the crossing.
    """

    exact: Whole = 20_000
    recall: Portion = 0.99

    def __post_init__(self) -> None:
        bounded(self)

    def for_size(self, vectors: int) -> Index:
        """The choice for so many vectors."""
        return Exact() if vectors <= self.exact else IVF(recall=self.recall)


def bits_of(mask: Mask) -> Bits:
    """A mask over item rows, eight to a byte."""
    return np.packbits(mask, bitorder="little")


def member(bits: Bits, item: Ints) -> Mask:
    """Which items are in a mask of bits; rows beyond its end, and negative ones, are not.

    >>> member(bits_of(np.array([False, True, False])), np.array([1, 2, 99, -1]))
    array([ True, False, False, False])
    """
    inside = (item >= 0) & (item < 8 * len(bits))
    row = np.where(inside, item, 0)
    return inside & ((bits[row >> 3] >> (row & 7).astype(np.uint8)) & 1).astype(np.bool_)


def _with_ids(index: faiss.Index, item: Ints, vectors: Floats) -> faiss.Index:
    named = faiss.IndexIDMap(index)
    named.train(vectors)
    named.add_with_ids(vectors, item)
    return named


def _parameters(kind: Any, only: Bits | None, **how: int) -> faiss.SearchParameters:
    if only is None:
        return kind(**how)
    # The package's own wrapper takes the array; its type stubs tell of the C++ arguments.
    return kind(sel=faiss.IDSelectorBitmap(only), **how)  # type: ignore[call-arg, arg-type]
