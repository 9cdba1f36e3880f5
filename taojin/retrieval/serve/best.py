"""The k best keys of each group: what every way to serve ends with.

Shapes: G groups (requests, tags, items), P scored pairs in any order, M pairs grouped (CSR).
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Candidates, Requests
from taojin.core.units import Floats, Ints, Mask

DENSE = 8
"""Up to so many possible pairs for each that occurs, a place for every one is faster than sorting those that do."""

CELLS = 1 << 20
"""Pairs that are held at once, at most: they stay in the cache."""

Numbers = NDArray[np.floating] | NDArray[np.integer]


class Combine(StrEnum):
    """What becomes of the scores of a key that a group has several times.

    NOTHING     no group has a key twice, and the pairs come by group
    """

    SUM = "sum"
    MAX = "max"
    NOTHING = "nothing"


class Ranked(NamedTuple):
    """The best keys of each group, best first, ties by key.

    offsets     int64[G+1]  pairs offsets[g]:offsets[g+1] belong to group g
    key         int64[M]
    score       float32[M]
    """

    offsets: Ints
    key: Ints
    score: Floats


def best(group: Ints, key: Ints, score: Numbers, *, groups: int, k: int, combine: Combine = Combine.SUM) -> Ranked:
    """The k best distinct keys of each group out of scored pairs in any order; scores must be finite.

    >>> best(np.array([0, 0, 0]), np.array([7, 5, 7]), np.array([1.0, 1.5, 1.0]), groups=1, k=1)
    Ranked(offsets=array([0, 1]), key=array([7]), score=array([2.], dtype=float32))
    """
    if combine is Combine.NOTHING:
        return top(np.searchsorted(group, np.arange(groups + 1)), key, score, k)
    group, key, total = combined(group, key, score, groups=groups, combine=combine)
    return top(np.searchsorted(group, np.arange(groups + 1)), key, total, k)


def combined(
    group: Ints, key: Ints, score: Numbers, *, groups: int, combine: Combine
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """The distinct (group, key) out of pairs in any order, by group and key, and what becomes of their scores."""
    width = int(key.max(initial=0)) + 1
    pair, size = group * width + key, groups * width
    dense = size <= DENSE * len(pair)
    distinct, which = (np.arange(size), pair) if dense else np.unique(pair, return_inverse=True)
    total = np.full(len(distinct), -np.inf)
    if combine is Combine.SUM:
        total[:] = np.bincount(which, weights=score, minlength=len(distinct))
    else:
        np.maximum.at(total, which, score)
    if dense:
        there = np.zeros(size, np.bool_)
        there[pair] = True
        distinct = np.flatnonzero(there)
        total = total[distinct]
    return distinct // width, distinct % width, total


def top(offsets: Ints, key: Ints, score: Numbers, k: int) -> Ranked:
    """The k best of each group, whose keys are distinct already."""
    length = np.diff(offsets)
    longest = int(length.max(initial=0))
    packed = _pack(score.astype(np.float32), key)
    if len(length) * longest > max(CELLS, DENSE * len(packed)):
        return _top_of_few(offsets, packed, k)
    if len(packed) == len(length) * longest:
        pairs = packed.reshape(len(length), longest)
    else:
        pairs = np.full((len(length), longest), EMPTY)
        pairs[np.arange(longest) < length[:, None]] = packed
    if k < longest:
        pairs = np.partition(pairs, k, axis=1)[:, :k]
    pairs.sort(axis=1)
    found = pairs != EMPTY
    return Ranked(np.concatenate(([0], np.cumsum(found.sum(axis=1)))), *_unpack(pairs[found]))


def _top_of_few(offsets: Ints, packed: NDArray[np.uint64], k: int) -> Ranked:
    """The same in no more memory than the pairs take: most groups have far fewer than the longest one."""
    group = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    order = np.lexsort((packed, group))
    order = order[np.arange(len(packed)) - offsets[group] < k]
    return Ranked(np.searchsorted(group[order], np.arange(len(offsets))), *_unpack(packed[order]))


def join(parts: list[Ranked]) -> Ranked:
    """Groups of several parts behind one another."""
    length = np.concatenate([np.zeros(1, np.int64), *(np.diff(part.offsets) for part in parts)])
    key = np.concatenate([np.empty(0, np.int64), *(part.key for part in parts)])
    return Ranked(np.cumsum(length), key, np.concatenate([np.empty(0, np.float32), *(part.score for part in parts)]))


def blocks(sizes: Ints) -> Iterator[slice]:
    """Cut rows that hold so many pairs each into runs of at most CELLS pairs, one row at least."""
    before = np.concatenate(([0], np.cumsum(sizes)))
    start = 0
    while start < len(sizes):
        stop = max(int(np.searchsorted(before, before[start] + CELLS, side="right")) - 1, start + 1)
        yield slice(start, stop)
        start = stop


def may_propose(requests: Requests, request: Ints, item: Ints) -> Mask:
    """Which pairs a channel may propose: permitted, and not the item that the request starts from, bool[P]."""
    other = item != requests.item[request]
    return other if requests.allowed is None else other & requests.allowed[item]


def propose(
    requests: Requests, request: Ints, item: Ints, score: Floats, *, k: int, combine: Combine = Combine.SUM
) -> Candidates:
    """The k best permitted items of each request out of scored pairs in any order."""
    value: Numbers = score
    if combine is not Combine.NOTHING:
        request, item, value = combined(request, item, score, groups=len(requests), combine=combine)
    may = may_propose(requests, request, item)
    found = best(request[may], item[may], value[may], groups=len(requests), k=k, combine=Combine.NOTHING)
    return Candidates.proposed("", found.offsets, found.key, found.score)


# A pair is one number: the score in the upper half, turned so that better is smaller, the key in the lower half. So
# one partition gives the best pairs with their ties broken by key, the same however many requests share the batch.
EMPTY = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
SIGN = np.uint32(0x8000_0000)


def _pack(score: Floats, key: Ints) -> NDArray[np.uint64]:
    # Adding 0 turns -0 into 0. Positive floats sort like their bits, negative ones the other way round.
    bits = (score + np.float32(0)).view(np.uint32)
    falling = np.where(bits < SIGN, ~(bits | SIGN), bits)
    return (falling.astype(np.uint64) << np.uint64(32)) | key.astype(np.uint64)


def _unpack(pairs: NDArray[np.uint64]) -> tuple[Ints, Floats]:
    falling = (pairs >> np.uint64(32)).astype(np.uint32)
    bits = np.where(falling < SIGN, ~falling & ~SIGN, falling)
    return (pairs & np.uint64(0xFFFF_FFFF)).astype(np.int64), bits.view(np.float32)
