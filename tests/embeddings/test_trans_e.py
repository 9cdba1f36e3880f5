"""Facts become rows, and TransE places items by them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from taojin.core.progress import Silent
from taojin.embeddings.knowledge.trans_e import Corrupted, Facts, TransE, Translation
from taojin.embeddings.knowledge.triples import read_triples
from taojin.nn.training import Training
from taojin.retrieval.vectors import Nearest

SPEC = TransE(dim=8, training=Training(learning_rate=3e-2, batch=64, epochs=20, patience=20, device="cpu"))


def with_facts(parity, *facts):
    head, relation, tail = ([fact[place] for fact in facts] for place in range(3))
    return replace(parity.view, context={"triples": pa.table({"head": head, "relation": relation, "tail": tail})})


def test_items_keep_their_rows_and_other_things_come_behind(parity):
    view = with_facts(
        parity,
        ("i2", "by", "ann"),
        ("bo", "made", "i3"),
        ("i2", "by", "ann"),
        ("i2", "like", "i3"),
        ("gone", "by", "ann"),
    )
    facts = read_triples(view, "triples", "TransE")
    assert (facts.relations, facts.entities) == (("by", "made", "like"), ("bo", "gone", "ann"))
    items = parity.view.n_items
    rows = sorted(zip(facts.head.tolist(), facts.relation.tolist(), facts.tail.tolist(), strict=True))
    assert rows == [(2, 0, items + 2), (2, 2, 3), (items, 1, 3), (items + 1, 0, items + 2)]
    assert facts.nodes == items + 3


def test_facts_that_cannot_be_read_are_refused(parity):
    with pytest.raises(ValueError, match="none of its 1 rows names an item; heads or tails must be ids"):
        read_triples(with_facts(parity, ("x", "by", "y")), "triples", "TransE")
    with pytest.raises(ValueError, match="TransE: table 'triples', row 2: no tail"):
        read_triples(with_facts(parity, ("i2", "by", "ann"), ("i3", "by", None)), "triples", "TransE")
    with pytest.raises(ValueError, match="the data brings no table 'triples'"):
        read_triples(replace(parity.view, context={}), "triples", "TransE")
    whole = replace(parity.view, context={"triples": pa.table({"head": ["i2"], "tail": ["ann"]})})
    with pytest.raises(ValueError, match="has no column 'relation'"):
        read_triples(whole, "triples", "TransE")


def test_items_of_one_entity_lie_together_new_ones_too_and_isolated_ones_nowhere(parity):
    studio = [(f"i{row}", "by", "odd" if row % 2 else "even") for row in range(2, 62) if row not in (6, 7)]
    view = with_facts(parity, *studio)
    embedding = SPEC.fit(view, parity.columns, seed=0, progress=Silent())
    assert np.flatnonzero(embedding.cold).tolist() == [58, 59, 60, 61]
    assert not embedding.known[[0, 1, 6, 7]].any()
    assert not embedding.vectors[~embedding.known].any()
    np.testing.assert_allclose(np.linalg.norm(embedding.vectors[embedding.known], axis=1), 1, rtol=1e-5)
    found = Nearest("e", cold=True).fit(view, {"e": embedding}, seed=0).retrieve(*parity.ask([2, 4], [3, 5]), 20)
    assert (found.item % 2 == found.request).all()
    assert (found.item >= 58).any()
    # Item + relation lies nearest to its own entity.
    (relation,) = embedding.relation_vectors
    rows = np.flatnonzero(embedding.known)
    there = embedding.vectors[rows, None] + relation - embedding.entity_vectors  # [items, entities, D]
    nearest = np.linalg.norm(there, axis=2).argmin(axis=1)
    right = np.array(embedding.entities)[nearest] == np.where(rows % 2, "odd", "even")
    assert right.mean() > 0.9
    again = SPEC.fit(view, parity.columns, seed=0, progress=Silent())
    np.testing.assert_array_equal(embedding.vectors, again.vectors)


def test_distances_equal_a_loop():
    torch.manual_seed(0)
    module = Translation(9, 2, 4)
    batch = Corrupted(
        torch.tensor([2, 3]),
        torch.tensor([0, 1]),
        torch.tensor([4, 5]),
        torch.tensor([[2, 6], [3, 3]]),
        torch.tensor([[7, 4], [8, 2]]),
    )
    near, far = module(batch)
    nodes = module.nodes.weight / module.nodes.weight.norm(dim=1, keepdim=True)
    for row in range(2):
        relation = module.relations.weight[batch.relation[row]]
        torch.testing.assert_close(near[row], (nodes[batch.head[row]] + relation - nodes[batch.tail[row]]).norm())
        for other in range(2):
            head, tail = nodes[batch.other_head[row, other]], nodes[batch.other_tail[row, other]]
            torch.testing.assert_close(far[row, other], (head + relation - tail).norm())


def test_a_corrupted_fact_differs_in_one_end(parity):
    facts = read_triples(with_facts(parity, ("i2", "by", "ann"), ("i3", "by", "bo")), "triples", "TransE")
    torch.manual_seed(0)
    batch = Facts.of(facts, 50, torch.device("cpu")).gather(torch.arange(2))
    same_head, same_tail = batch.other_head == batch.head[:, None], batch.other_tail == batch.tail[:, None]
    assert (same_head | same_tail).all()
    assert not same_head.all()
    assert not same_tail.all()
