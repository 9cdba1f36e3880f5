"""The graph of what follows what: an edge from each liked item to the next one of the same user and session.

Shapes: N liked events, V nodes (item rows).
"""

from typing import NamedTuple

import numpy as np

from taojin.core.units import Ints
from taojin.embeddings.next_item import NextItems
from taojin.embeddings.walks.graph import Graph


class Transitions(NamedTuple):
    """What walks need.

    graph       edges weigh as often as they were taken
    visits      int64[V]    events of each item; walks start in proportion to them
    """

    graph: Graph
    visits: Ints

    def starts(self, walks: int, random: np.random.Generator) -> Ints:
        """Items to start from, int64[walks]."""
        before = np.cumsum(self.visits)
        return np.searchsorted(before, random.integers(before[-1], size=walks), side="right")


def transitions(rows: NextItems, items: int, *, gap: int, half_life: float, both_ways: bool) -> Transitions:
    """Consecutive events of a user.

    gap         a longer pause, in milliseconds, begins a session, and no edge leads from one session to another
    half_life   an edge taken so many milliseconds before the last event counts half
    both_ways   each edge leads back, too
    """
    time, user = rows.requests.time, rows.requests.user
    joined = np.flatnonzero((np.diff(user) == 0) & (np.diff(time) <= gap))
    source, target = rows.item[joined], rows.item[joined + 1]
    weight = np.exp2((time[joined + 1] - time.max()) / half_life)
    if both_ways:
        source, target, weight = np.append(source, target), np.append(target, source), np.append(weight, weight)
    return Transitions(Graph.of(source, target, weight, items), np.bincount(rows.item, minlength=items))
