"""What embeddings by random walks have in common.

Shapes: W walks, L places of a walk, M places of all walks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from taojin.core.bounds import Bound, Count, Span
from taojin.core.units import FOREVER, PAD
from taojin.embeddings.next_item import NextItems
from taojin.embeddings.skip_gram import Sequences, SkipGramSpec
from taojin.embeddings.walks.graph import Graph
from taojin.embeddings.walks.transitions import transitions
from taojin.embeddings.walks.walk import Step, walk
from taojin.nn.training import Training


@dataclass(frozen=True, kw_only=True)
class WalkSpec(SkipGramSpec):
    """Fields of every embedding by walks, beside those of `SkipGramSpec`.

    walks       so many for each item with an event; they start in proportion to the items' events
    length      places of a walk, at most; it ends early at an item that nothing follows
    gap         a longer pause, in milliseconds, begins a session; edges stay inside one
    half_life   an edge taken so many milliseconds before the last event counts half
    both_ways   edges lead back, too: what is liked together counts, not in which order
    """

    window: Count = 10
    training: Training = Training(learning_rate=1e-2, batch=512, epochs=10, drop=0.3)
    walks: Count = 2
    length: Annotated[int, Bound(low=2, whole=True)] = 40
    gap: Count = FOREVER
    half_life: Span = float("inf")
    both_ways: bool = True

    @property
    def needs_clock(self) -> bool:
        """True if pauses or ages count."""
        return self.gap < FOREVER or self.half_life < float("inf")


def random_walks(spec: WalkSpec, rows: NextItems, items: int, step: Callable[[Graph], Step], *, seed: int) -> Sequences:
    """Walks over what follows what, as sequences to learn from.

    items   size of the item vocabulary
    """
    random = np.random.default_rng(seed)
    found = transitions(rows, items, gap=spec.gap, half_life=spec.half_life, both_ways=spec.both_ways)
    start = found.starts(spec.walks * int(np.count_nonzero(found.visits)), random)
    places = walk(found.graph, start, spec.length, step(found.graph), random)  # [W, L]
    sequence, place = np.nonzero(places != PAD)
    return Sequences(places[sequence, place], sequence)
