"""How a request finds its lists: everybody the same, by time, by user, by the tags of what was liked. NumPy only.

Shapes: R requests, T ticks, U users and I items in the vocabulary, G tags or lists, M (item, tag) pairs, P (user, list)
pairs.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from taojin.core.batch import Requests, Rows
from taojin.core.events import look_up, spread
from taojin.core.units import FIRST, PAD, Floats, Ints, Mask
from taojin.embeddings.seeds import Seeds, Weighted
from taojin.features.encode import Words
from taojin.retrieval.serve.best import Ranked, best, blocks, join


@runtime_checkable
class Keys(Protocol):
    """Finds the lists of requests."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the request features it reads."""
        ...

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """Rows of lists; a request may have several, or none."""
        ...


@dataclass(frozen=True, kw_only=True)
class Everyone:
    """There is one list, and it is everybody's."""

    features: tuple[str, ...] = ()

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """List 0 for each request."""
        request = np.arange(len(requests))
        return Weighted(request, np.zeros_like(request), np.ones(len(request), np.float32))


@dataclass(frozen=True, kw_only=True)
class AsOf:
    """List t is the state from ticks[t] on, until the next tick.

    ticks   int64[T], ascending, milliseconds
    """

    ticks: Ints
    features: tuple[str, ...] = ()

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """The list of the last tick at or before each request; none before the first tick."""
        tick = np.searchsorted(self.ticks, requests.time, side="right") - 1
        request = np.flatnonzero(tick >= 0)
        return Weighted(request, tick[request], np.ones(len(request), np.float32))


@dataclass(frozen=True, kw_only=True)
class OfUser:
    """Each user has some lists, found by the user's row: friends, followed authors.

    offsets     int64[U+1]  user u asks for key[offsets[u]:offsets[u+1]]
    key         int64[P]
    weight      float32[P]
    """

    offsets: Ints
    key: Ints
    weight: Floats
    features: tuple[str, ...] = ()

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """The lists of each user; none for a stranger."""
        user = np.where(requests.user >= FIRST, requests.user, PAD)
        request, at = spread(self.offsets[user], self.offsets[user + 1])
        return Weighted(request, self.key[at], self.weight[at])


@dataclass(frozen=True, kw_only=True)
class SegmentOfUser:
    """The list of the group of people that a request's user belongs to, as far as attributes are known.

    columns     what tells groups apart, coarsest first; the names under which a request's context may say it
    words       codes the words of each column
    codes       int64[U, columns] of each user, UNKNOWN where nothing is known
    groups      int64[G, columns] codes of each list, PAD from the first column on that it does not look at; no two
                alike, ascending; the first is everybody's
    """

    columns: tuple[str, ...]
    words: tuple[Words, ...]
    codes: Ints
    groups: Ints
    features: tuple[str, ...] = ()

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """The narrowest group that has a list; what the request itself says goes before what is known of the user."""
        codes = self.codes[requests.user]  # [R, columns], a copy
        for column, (name, words) in enumerate(zip(self.columns, self.words, strict=True)):
            if name in requests.context:
                said = words.apply([str(word) for word in requests.context[name]])
                codes[:, column] = np.where(said >= FIRST, said, codes[:, column])
        request = np.arange(len(requests))
        return Weighted(request, self._narrowest(codes), np.ones(len(request), np.float32))

    def _narrowest(self, codes: Ints) -> Ints:
        group, told = np.zeros(len(codes), np.int64), np.ones(len(codes), np.bool_)
        lists, keys = np.arange(len(self.groups)), self._key(self.groups)
        for depth in range(len(self.columns)):
            told &= codes[:, depth] >= FIRST
            wanted = np.where(np.arange(len(self.columns)) <= depth, codes, PAD)
            found = look_up(keys, lists, self._key(wanted), absent=-1)
            group = np.where(told & (found >= 0), found, group)
        return group

    def _key(self, codes: Ints) -> Ints:
        """One number for a row of codes, in the order of the rows."""
        key = np.zeros(len(codes), np.int64)
        for column, words in enumerate(self.words):
            key = key * words.size + codes[:, column]
        return key


@dataclass(frozen=True, kw_only=True)
class SimilarUsers:
    """The users who like most like a request's history, by cosine; they weigh 1 together.

    offsets     int64[I+1]  users who like item i are user[offsets[i]:offsets[i+1]]
    user        int64[M]
    weight      float32[I]  squared weight of an item in the cosine
    length      float32[U]  length of each user's vector
    most        how many users of a request are asked
    """

    seeds: Seeds
    offsets: Ints
    user: Ints
    weight: Floats
    length: Floats
    most: int

    @property
    def features(self) -> tuple[str, ...]:
        return self.seeds.features

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """Lists are keyed by user; a request's own user is not among them."""
        seeds = self.seeds.find(requests, rows)
        liking = np.diff(self.offsets)[seeds.key]
        sizes = np.bincount(seeds.request, weights=liking, minlength=len(requests)).astype(np.int64)
        parts = [self._nearest(requests, seeds, block) for block in blocks(sizes)]
        found = join(parts)
        request = np.repeat(np.arange(len(requests)), np.diff(found.offsets))
        together = np.bincount(request, weights=found.score, minlength=len(requests))
        return Weighted(request, found.key, (found.score / together[request]).astype(np.float32))

    def _nearest(self, requests: Requests, seeds: Weighted, block: slice) -> Ranked:
        of_block = slice(*np.searchsorted(seeds.request, (block.start, block.stop)))
        item, weight = seeds.key[of_block], seeds.weight[of_block]
        seed, at = spread(self.offsets[item], self.offsets[item + 1])
        request, user = seeds.request[of_block][seed], self.user[at]
        # The length of the history's own vector is the same for all.
        score = (weight * self.weight[item])[seed] / self.length[user]
        other = user != requests.user[request]
        groups = block.stop - block.start
        return best(request[other] - block.start, user[other], score[other], groups=groups, k=self.most)


@dataclass(frozen=True, kw_only=True)
class TagsOfItems:
    """The tags that weigh most among the items a request starts from: summed weight times rarity (TF-IDF).

    An item counts for its tags of the finest level on which one of them has support, else for those of level 0.

    offsets     int64[I+1]  tags of item i are tag[offsets[i]:offsets[i+1]]
    tag         int64[M]
    rarity      float32[G]  inverse frequency among items
    level       int64[G]    0 for the coarsest tags
    support     so many items of a request must have a finer tag
    most        how many tags of a request are asked
    """

    seeds: Seeds
    offsets: Ints
    tag: Ints
    rarity: Floats
    level: Ints
    support: int
    most: int

    @property
    def features(self) -> tuple[str, ...]:
        return self.seeds.features

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        """Lists are keyed by tag."""
        seeds = self.seeds.find(requests, rows)
        seed, at = spread(self.offsets[seeds.key], self.offsets[seeds.key + 1])
        tag = self.tag[at]
        if self.level.any():
            matched = self._matched(seed, tag, seeds.request[seed])
            seed, tag = seed[matched], tag[matched]
        liked = best(seeds.request[seed], tag, seeds.weight[seed] * self.rarity[tag], groups=len(requests), k=self.most)
        return Weighted(np.repeat(np.arange(len(requests)), np.diff(liked.offsets)), liked.key, liked.score)

    def _matched(self, seed: Ints, tag: Ints, request: Ints) -> Mask:
        """Which (seed, tag) pairs stand on the best level of their seed."""
        _, which, holders = np.unique(request * len(self.level) + tag, return_inverse=True, return_counts=True)
        level = self.level[tag]
        holds = np.where((level == 0) | (holders[which] >= self.support), level, -1)
        finest = np.full(int(seed.max(initial=-1)) + 1, -1)
        np.maximum.at(finest, seed, holds)
        return (holds >= 0) & (holds == finest[seed])
