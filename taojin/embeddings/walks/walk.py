"""Walks of many walkers at once, step by step. NumPy only.

Shapes: V nodes, W walkers, L places of a walk.
"""

from collections.abc import Callable

import numpy as np

from taojin.core.units import PAD, Ints
from taojin.embeddings.walks.graph import Graph

Step = Callable[[Ints, Ints, np.random.Generator], Ints]
"""The next node of each walker, int64[W], from where it came (PAD at the start) and where it stands."""


def walk(graph: Graph, start: Ints, length: int, step: Step, random: np.random.Generator) -> Ints:
    """Where the walkers come by, int64[W, L]; PAD behind the end of a walk, at a node that no edge leaves."""
    places = np.full((len(start), length), PAD, np.int64)
    places[:, 0] = start
    on = np.arange(len(start))  # who still walks
    for place in range(1, length):
        on = on[~graph.ends(places[on, place - 1])]
        before = places[on, place - 2] if place > 1 else np.full(len(on), PAD)
        places[on, place] = step(before, places[on, place - 1], random)
    return places


def first_order(graph: Graph) -> Step:
    """Each edge in proportion to its weight."""
    return lambda before, node, random: graph.step(node, random)


def second_order(graph: Graph, p: float, q: float) -> Step:
    """Steps of Node2Vec: an edge's weight counts 1/p if it leads back, 1 if the node before leads there too, else 1/q.

    By rejection sampling, so that no table of pairs of edges is needed: Yang et al., SOSP 2019 (KnightKing),
    https://doi.org/10.1145/3341301.3359634

    Grover and Leskovec, KDD 2016, https://arxiv.org/abs/1607.00653
    """
    most = max(1 / p, 1.0, 1 / q)

    def step(before: Ints, node: Ints, random: np.random.Generator) -> Ints:
        chosen = np.full(len(node), PAD, np.int64)
        undecided = np.arange(len(node))
        while len(undecided):
            last, tried = before[undecided], graph.step(node[undecided], random)
            bias = np.where(tried == last, 1 / p, np.where(graph.has(last, tried), 1.0, 1 / q))
            accepted = (last == PAD) | (random.random(len(tried)) * most < bias)
            chosen[undecided[accepted]] = tried[accepted]
            undecided = undecided[~accepted]
        return chosen

    return step
