"""What is learned about owners from facts and purchases: whose rival a thing is, and when it is bought again.

Shapes: I items in the vocabulary, E events, G pauses.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.bounds import Count, bounded
from taojin.core.stages import Retriever
from taojin.core.units import Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.knowledge.triples import Triples
from taojin.retrieval.serve.for_owners import NONE, ForOwners


@dataclass(frozen=True, kw_only=True)
class Owners:
    """Which relations of the facts tell brand and category, and which event makes an owner.

    rivals      to who owns of a category, another brand's item of it is not proposed
    cycle       an item is not proposed again to its owner before the usual pause of its category is over: the median
                between two purchases of one item by one user. Only pauses that ended within the training data are
                seen, so that long ones come out short
    least       a category with fewer such pauses has no cycle, and holds nothing back
    """

    brand: str = "brand"
    category: str = "category"
    event: str = "buy"
    rivals: bool = True
    cycle: bool = True
    least: Count = 20

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def needs_clock(self) -> bool:
        """True if pauses count."""
        return self.cycle

    def fit(self, view: TrainView, facts: Triples, channel: Retriever) -> ForOwners:
        """What a channel may propose to owners."""
        category = _one_of(facts, self.category)
        kinds = view.kinds.bits(self.event)
        nothing = np.zeros_like(category)
        return ForOwners(
            of=channel,
            kinds=kinds,
            category=category,
            brand=_one_of(facts, self.brand) if self.rivals else nothing,
            cycle=pauses(view, kinds, category, self.least)[category] if self.cycle else nothing,
        )


def _one_of(facts: Triples, relation: str) -> Ints:
    """The node that a relation joins each item with, the first of several, NONE without one, int64[I]."""
    if relation not in facts.relations:
        raise ValueError(f"Owners: the facts have no relation {relation!r}; they have {', '.join(facts.relations)}")
    of = np.flatnonzero((facts.relation == facts.relations.index(relation)) & (facts.head < facts.items))
    item, first = np.unique(facts.head[of], return_index=True)
    nodes = np.full(facts.items, NONE)
    nodes[item] = facts.tail[of][first]
    return nodes


def pauses(view: TrainView, kinds: int, category: Ints, least: int) -> Ints:
    """The median pause of each category, in milliseconds, int64 by node; 0 with fewer than `least`."""
    at = view.log.events.matching(kinds).position
    user, item, time = view.log.user[at], view.log.events.item[at], view.log.events.time[at]
    order = np.lexsort((time, item, user))
    again = (np.diff(user[order]) == 0) & (np.diff(item[order]) == 0)
    pause, of = np.diff(time[order])[again], category[item[order][1:][again]]
    pause, of = pause[of != NONE], of[of != NONE]
    order = np.lexsort((pause, of))
    count = np.bincount(of, minlength=int(category.max(initial=0)) + 1)
    median = np.zeros(len(count), np.int64)
    often = np.flatnonzero(count >= max(least, 1))
    start = np.cumsum(count) - count
    median[often] = pause[order][start[often] + count[often] // 2]
    return median
