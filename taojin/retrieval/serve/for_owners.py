"""A channel that respects what a user owns: no rival of a brand, nothing again before its time.

Shapes: R requests, N candidates, I items in the vocabulary.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.stages import Retriever
from taojin.core.units import NEVER, Ints, Mask

NONE = 0
"""No brand, no category."""


@dataclass(frozen=True, kw_only=True)
class ForOwners:
    """What a channel proposes, less what its users' past speaks against.

    kinds       bits of the kinds of event that make an owner
    category    int64[I]    NONE without one
    brand       int64[I]    NONE without one
    cycle       int64[I]    an item is not proposed again to its owner for so many milliseconds
    """

    of: Retriever
    kinds: int
    category: Ints
    brand: Ints
    cycle: Ints

    @property
    def features(self) -> tuple[str, ...]:
        return self.of.features

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        """The k best that stay, per request."""
        found = self.of.retrieve(requests, rows, len(self.brand))
        found = found.where(~(self._rival(requests, found) | self._too_early(requests, found)))
        found = found.where(found.position < k)
        return Candidates.proposed("", found.offsets, found.item, found.found[:, 0])

    def _rival(self, requests: Requests, found: Candidates) -> Mask:
        """Of a category of which the user owns something, but nothing of this brand, bool[N]."""
        request, at = requests.past.pairs(self.kinds)
        owned = requests.past.events.item[at]
        owned, request = owned[self._branded[owned]], request[self._branded[owned]]
        ours = np.isin(self._key(found.request, found.item), self._key(request, owned))
        size = len(requests)
        there = np.isin(self.category[found.item] * size + found.request, self.category[owned] * size + request)
        return self._branded[found.item] & there & ~ours

    def _too_early(self, requests: Requests, found: Candidates) -> Mask:
        last = requests.past.consumed(self.kinds, len(self.brand)).last_time(found.request, found.item)
        return (last != NEVER) & (last > requests.time[found.request] - self.cycle[found.item])

    @property
    def _branded(self) -> Mask:
        return (self.brand != NONE) & (self.category != NONE)

    def _key(self, request: Ints, item: Ints) -> Ints:
        """Equal for equal request, category and brand."""
        brands = int(self.brand.max(initial=0)) + 1
        categories = int(self.category.max(initial=0)) + 1
        return (request * categories + self.category[item]) * brands + self.brand[item]
