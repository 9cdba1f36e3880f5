"""A directed graph with weights, and steps of many walkers at once. NumPy only.

Shapes: V nodes, E edges, W walkers.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import Ints, Mask

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Graph:
    """Edges by the node they leave, and by the node they reach.

    offsets     int64[V+1]      edges offsets[v]:offsets[v+1] leave node v
    target      int64[E]        each once per node, ascending
    weight      float64[E]      > 0
    """

    offsets: Ints
    target: Ints
    weight: Weights

    @classmethod
    def of(cls, source: Ints, target: Ints, weight: Weights, nodes: int) -> "Graph":
        """Edges in any order; the weights of those between the same two nodes add up, and nothing leads to itself."""
        edge, which = np.unique(source * nodes + target, return_inverse=True)
        total = np.bincount(which, weights=weight, minlength=len(edge))
        kept = (edge // nodes != edge % nodes) & (total > 0)
        edge, total = edge[kept], total[kept]
        return cls(np.searchsorted(edge, np.arange(nodes + 1) * nodes), edge % nodes, total)

    @property
    def nodes(self) -> int:
        """How many nodes there are, those without an edge included."""
        return len(self.offsets) - 1

    def ends(self, node: Ints) -> Mask:
        """Nodes that no edge leaves, bool[W]."""
        return self.offsets[node] == self.offsets[node + 1]

    def step(self, node: Ints, random: np.random.Generator) -> Ints:
        """The next node of each walker, drawn by the weights of the edges; no walker may stand where a walk ends."""
        low, high = self._before[self.offsets[node]], self._before[self.offsets[node + 1]]
        drawn = low + random.random(len(node)) * (high - low)
        edge = np.searchsorted(self._before, drawn, side="right") - 1
        # Rounding may carry a draw to the end of the node's edges.
        return self.target[np.clip(edge, self.offsets[node], self.offsets[node + 1] - 1)]

    def has(self, source: Ints, target: Ints) -> Mask:
        """Which edges there are, bool[W]."""
        wanted = source * self.nodes + target
        at = np.minimum(np.searchsorted(self._edge, wanted), len(self._edge) - 1)
        return self._edge[at] == wanted if len(self._edge) else np.zeros(len(wanted), np.bool_)

    @cached_property
    def _before(self) -> Weights:
        """Weight of all edges before each edge, float64[E+1]."""
        return np.concatenate(([0.0], np.cumsum(self.weight)))

    @cached_property
    def _edge(self) -> Ints:
        """Edges as ascending numbers, int64[E]."""
        source = np.repeat(np.arange(self.nodes), np.diff(self.offsets))
        return source * self.nodes + self.target
