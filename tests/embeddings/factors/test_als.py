"""ALS minimises what it says, over every cell, and folds histories in."""

from dataclasses import replace

import numpy as np
import pytest

from taojin.core.progress import Silent
from taojin.embeddings.factors.als import ALS
from taojin.embeddings.likes import likes
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.vectors import Nearest

SPEC = ALS(dim=4, unobserved=0.1, regularization=0.02, frequency=0.5, iterations=40, steps=6)


def fit(given, spec=SPEC, seed=0):
    return spec.fit(given.view, given.columns, seed=seed, progress=Silent())


def cost(spec, liked, users, items):
    """The function to be minimised, cell by cell."""
    active, known = liked.any(axis=1), liked.any(axis=0)
    total = 0.0
    for u in np.flatnonzero(active):
        for i in np.flatnonzero(known):
            product = users[u] @ items[i]
            total += spec.unobserved * product**2 + liked[u, i] * (1 - product) ** 2
        n = liked[u].sum() + spec.unobserved * known.sum()
        total += spec.regularization * n**spec.frequency * users[u] @ users[u]
    for i in np.flatnonzero(known):
        n = liked[:, i].sum() + spec.unobserved * active.sum()
        total += spec.regularization * n**spec.frequency * items[i] @ items[i]
    return total


def users_of(embedding, liked):
    """Every user folded in with their own likes, float64[U, D]."""
    query = embedding.query
    found = np.zeros((len(liked), embedding.vectors.shape[1]))
    for user in np.flatnonzero(liked.any(axis=1)):
        own = embedding.vectors[liked[user] > 0].astype(np.float64)
        penalty = query.strength * (len(own) + query.offset) ** query.power
        left = own.T @ own + query.gram + penalty * np.eye(own.shape[1])
        found[user] = np.linalg.solve(left, own.sum(axis=0))
    return found


def test_nothing_near_it_costs_less(bridged):
    liked = likes(bridged.view, "like").toarray()
    embedding = fit(bridged)
    users, items = users_of(embedding, liked), embedding.vectors.astype(np.float64)
    least = cost(SPEC, liked, users, items)
    random = np.random.default_rng(0)
    for _ in range(10):
        near = items + 0.03 * random.normal(size=items.shape) * embedding.known[:, None]
        assert cost(SPEC, liked, users, near) > least
        assert cost(SPEC, liked, users + 0.03 * random.normal(size=users.shape), items) > least


def test_a_history_is_folded_in_as_a_user_of_training_is(parity):
    liked = likes(parity.view, "like").toarray()
    embedding = fit(parity)
    histories = [np.flatnonzero(liked[user]).tolist() for user in range(2, 8)]
    found = embedding.query.vectors(*parity.ask(*histories))[:, 0]
    np.testing.assert_allclose(found, users_of(embedding, liked)[2:8], rtol=1e-4, atol=1e-5)


def test_it_sees_what_two_items_have_in_common_beyond_their_users(bridged):
    # Nobody likes both 2 and 3, so that item CF cannot get from one to the other.
    asked = bridged.ask([2], [5])
    found = Nearest("e").fit(bridged.view, {"e": fit(bridged, replace(SPEC, dim=2))}, seed=0).retrieve(*asked, 3)
    assert [sorted(found.item[found.request == r].tolist()) for r in (0, 1)] == [[2, 3, 4], [5, 6, 7]]
    beside = ItemCF(shrinkage=0).fit(bridged.view, {}, seed=0).retrieve(*asked, 10)
    assert beside.item.tolist() == [4, 7]


def test_it_finds_the_planted_taste(parity):
    embedding = fit(parity)
    found = Nearest("e").fit(parity.view, {"e": embedding}, seed=0).retrieve(*parity.ask([2, 4], [3, 5]), 15)
    assert (found.item % 2 == found.request).mean() > 0.9


def test_items_without_likes_have_no_vector(bridged):
    embedding = fit(bridged)
    assert np.flatnonzero(embedding.known).tolist() == [2, 3, 4, 5, 6, 7]
    np.testing.assert_array_equal(embedding.vectors.any(axis=1), embedding.known)


def test_the_same_seed_gives_the_same_vectors_and_another_one_others(parity):
    short = replace(SPEC, iterations=2)
    first, again, other = (fit(parity, short, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert not np.array_equal(first.vectors, other.vectors)


def test_what_cannot_be_fitted_is_said(bridged):
    nothing = replace(bridged.view, log=bridged.view.log.where(np.zeros(len(bridged.view.log), bool)))
    with pytest.raises(ValueError, match=r"no event 'like' to learn from"):
        SPEC.fit(nothing, {}, seed=0, progress=Silent())
