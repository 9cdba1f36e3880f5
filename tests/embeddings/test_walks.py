"""Random walks go where the weights say, and their vectors find what is near."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.core.events import Events
from taojin.core.progress import Silent
from taojin.core.units import DAY, HOUR, PAD
from taojin.data.dataset import Log
from taojin.embeddings.next_item import next_items
from taojin.embeddings.walks.deepwalk import DeepWalk
from taojin.embeddings.walks.graph import Graph
from taojin.embeddings.walks.node2vec import Node2Vec
from taojin.embeddings.walks.spec import random_walks
from taojin.embeddings.walks.transitions import transitions
from taojin.embeddings.walks.walk import first_order, second_order, walk
from taojin.nn.training import Training
from taojin.retrieval.vectors import Nearest

SHORT = Training(learning_rate=2e-2, batch=8, epochs=6, patience=3, device="cpu")
SPEC = DeepWalk(dim=8, walks=4, length=12, window=4, training=SHORT)


def graph(edges, nodes):
    source, target, weight = (np.array(column) for column in zip(*edges, strict=True))
    return Graph.of(source, target, weight.astype(float), nodes)


def view_of(parity, *histories, steps=None):
    """Likes of one user per history of (item, time)."""
    user = np.repeat(np.arange(2, 2 + len(histories)), [len(history) for history in histories])
    item, time = np.array([event for history in histories for event in history]).T
    kinds = np.full(len(item), parity.view.kinds.all, np.uint32)
    events = Events(item, kinds, np.full(len(item), 5, np.float32), time)
    return replace(parity.view, log=Log.of(user, events, parity.view.n_users))


def test_edges_of_the_same_nodes_add_up_and_none_leads_to_itself():
    found = graph([(2, 3, 1), (3, 2, 2), (2, 3, 4), (2, 2, 9), (4, 2, 0)], 6)
    assert found.offsets.tolist() == [0, 0, 0, 1, 2, 2, 2]
    assert (found.target.tolist(), found.weight.tolist()) == ([3, 2], [5, 2])
    assert found.ends(np.array([2, 3, 4, 5])).tolist() == [False, False, True, True]
    assert found.has(np.array([2, 3, 2, 5]), np.array([3, 2, 4, 2])).tolist() == [True, True, False, False]
    assert not Graph.of(*(np.empty(0, np.int64),) * 2, np.empty(0), 6).has(np.array([2]), np.array([3])).any()


def test_steps_are_drawn_by_weight():
    found = graph([(2, 3, 1), (2, 4, 3), (2, 5, 6), (3, 2, 1)], 6)
    step = found.step(np.full(40_000, 2), np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(step, minlength=6)[3:] / 40_000, [0.1, 0.3, 0.6], atol=0.01)


def test_steps_of_node2vec_equal_the_formula():
    # From 2 to 3: back to 2 counts 1/p, 4 is a neighbour of 2 and counts 1, 5 is none and counts 1/q.
    edges = [(2, 3, 1), (3, 2, 2), (3, 4, 3), (3, 5, 4), (2, 4, 1), (4, 2, 1)]
    p, q = 0.25, 4.0
    expected = np.array([2 / p, 3, 4 / q])
    n = 60_000
    step = second_order(graph(edges, 6), p, q)
    found = step(np.full(n, 2), np.full(n, 3), np.random.default_rng(0))
    shares = np.bincount(found, minlength=6)[[2, 4, 5]] / n
    np.testing.assert_allclose(shares, expected / expected.sum(), atol=0.01)
    # At the start of a walk there is no node before.
    first = step(np.full(n, PAD), np.full(n, 3), np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(first, minlength=6)[[2, 4, 5]] / n, np.array([2, 3, 4]) / 9, atol=0.01)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(2, 9), st.integers(2, 9), st.floats(0.01, 100)), min_size=1, max_size=30),
    st.integers(1, 8),
    st.sampled_from([(1.0, 1.0), (0.1, 5.0), (20.0, 0.05)]),
)
def test_walks_follow_edges_and_end_where_none_leads_on(edges, length, pq):
    found = graph(edges, 10)
    start = np.arange(2, 10)
    for step in (first_order(found), second_order(found, *pq)):
        places = walk(found, start, length, step, np.random.default_rng(0))
        assert places.shape == (8, length)
        np.testing.assert_array_equal(places[:, 0], start)
        for path in places:
            nodes = path[path != PAD]
            assert (path[: len(nodes)] == nodes).all()
            assert found.has(nodes[:-1], nodes[1:]).all()
            assert len(nodes) == length or found.ends(nodes[-1:]).all()


def test_an_isolated_item_is_a_walk_of_one_place(parity):
    view = view_of(parity, [(7, 0)], [(2, 0), (3, 1)])
    rows = next_items(view, "like")
    found = random_walks(replace(SPEC, walks=50, both_ways=False), rows, view.n_items, first_order, seed=0)
    length = np.bincount(found.sequence)
    alone = [found.item[found.sequence == walker].tolist() for walker in np.flatnonzero(length == 1)]
    assert [7] in alone  # without an edge
    assert [3] in alone  # with an edge that only leads there
    assert all(walk in ([7], [3]) for walk in alone)


def test_edges_stay_inside_a_session_and_older_ones_weigh_less(parity):
    view = view_of(parity, [(2, 0), (3, HOUR), (4, 3 * HOUR)], [(3, DAY), (2, DAY + HOUR)])
    rows = next_items(view, "like")
    cut = transitions(rows, view.n_items, gap=HOUR, half_life=12 * HOUR, both_ways=False)
    assert cut.graph.has(np.array([2, 3, 3]), np.array([3, 4, 2])).tolist() == [True, False, True]
    np.testing.assert_allclose(cut.graph.weight, [2**-2.0, 1.0])
    whole = transitions(rows, view.n_items, gap=DAY, half_life=float("inf"), both_ways=True)
    np.testing.assert_allclose(whole.graph.weight, [2, 2, 1, 1])
    assert (SPEC.needs_clock, replace(SPEC, gap=HOUR).needs_clock) == (False, True)
    assert replace(SPEC, half_life=DAY).needs_clock


def test_walks_start_in_proportion_to_events(parity):
    view = view_of(parity, [(2, 0), (3, 1), (2, 2), (4, 3)])
    found = transitions(next_items(view, "like"), view.n_items, gap=DAY, half_life=float("inf"), both_ways=False)
    starts = found.starts(40_000, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(starts, minlength=5)[2:] / 40_000, [0.5, 0.25, 0.25], atol=0.01)


@pytest.mark.parametrize("spec", [SPEC, Node2Vec(dim=8, walks=4, length=12, window=4, training=SHORT)])
def test_items_liked_after_one_another_lie_together_and_queries_among_them(parity, spec):
    embedding = spec.fit(parity.view, parity.columns, seed=0, progress=Silent())
    again = spec.fit(parity.view, parity.columns, seed=0, progress=Silent())
    np.testing.assert_array_equal(embedding.vectors, again.vectors)
    found = Nearest("e").fit(parity.view, {"e": embedding}, seed=0).retrieve(*parity.ask([2, 4], [3, 5]), 15)
    assert (found.item % 2 == found.request).mean() > 0.9


def test_p_and_q_change_which_nodes_are_met_together():
    # Two rings of twelve joined at one place: with a large q and a large p a walk stays, with a small q it goes round.
    ring = [(2 + n, 2 + (n + 1) % 12, 1) for n in range(12)] + [(2 + n, 2 + (n + 2) % 12, 1) for n in range(12)]
    both = [*ring, *[(b, a, w) for a, b, w in ring]]
    found, start = graph(both, 14), np.full(3000, 2)
    spread = []
    for p, q in ((0.2, 5.0), (5.0, 0.2)):
        places = walk(found, start, 8, second_order(found, p, q), np.random.default_rng(0))
        spread.append(np.mean([len(set(path.tolist())) for path in places]))
    assert spread[0] + 1 < spread[1]


def test_what_cannot_be_learned_from_is_refused(parity):
    with pytest.raises(ValueError, match="no item has 2 events of the kind 'like' that are learned from"):
        SPEC.fit(view_of(parity, [(2, 0)]), parity.columns, seed=0, progress=Silent())


def test_a_single_user_and_equal_counts_are_enough(parity):
    view = view_of(parity, [(item, item * HOUR) for item in (2, 3, 4, 2, 3, 4, 2, 3)])
    embedding = replace(SPEC, min_count=1).fit(view, parity.columns, seed=0, progress=Silent())
    assert np.flatnonzero(embedding.known).tolist() == [2, 3, 4]
    assert np.isfinite(embedding.vectors).all()
