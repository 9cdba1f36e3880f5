"""LightGCN's smoothing against powers of the whole matrix, and what it finds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from taojin.core.progress import Silent
from taojin.embeddings.factors.graph import Graph
from taojin.embeddings.factors.lightgcn import Ego, LightGCN
from taojin.embeddings.likes import likes
from taojin.embeddings.towers.losses import BPR
from taojin.nn.training import Training
from taojin.retrieval.vectors import Nearest

SPEC = LightGCN(dim=8, training=Training(learning_rate=2e-2, batch=64, epochs=20, patience=5, device="cpu"))


def fit(given, spec=SPEC, seed=0):
    return spec.fit(given.view, given.columns, seed=seed, progress=Silent())


def adjacency(liked):
    """The symmetric normalised matrix of users and items, float64[U + I, U + I]."""
    users, items = liked.shape
    whole = np.zeros((users + items, users + items))
    whole[:users, users:], whole[users:, :users] = liked, liked.T
    degree = whole.sum(axis=0)
    root = np.where(degree > 0, np.maximum(degree, 1) ** -0.5, 0)
    return root[:, None] * whole * root


def smoothed(liked, vectors, layers):
    step, layer, total = adjacency(liked), vectors, vectors.copy()
    for _ in range(layers):
        layer = step @ layer
        total += layer
    return total / (layers + 1)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_smoothing_is_the_mean_of_powers_of_the_matrix(parity, layers):
    liked = likes(parity.view, "like")
    users, items = parity.view.n_users, parity.view.n_items
    vectors = np.random.default_rng(0).normal(size=(users + items, 3)).astype(np.float32)
    graph = Graph.of(liked, torch.device("cpu"))
    found = torch.cat(graph.smooth(*torch.from_numpy(vectors).split([users, items]), layers))
    np.testing.assert_allclose(found.numpy(), smoothed(liked.toarray(), vectors, layers), rtol=1e-4, atol=1e-6)


def test_its_gradient_is_that_of_the_powers(bridged):
    liked = likes(bridged.view, "like")
    graph = Graph.of(liked, torch.device("cpu"))
    users, items = torch.randn(34, 2, requires_grad=True), torch.randn(9, 2, requires_grad=True)
    weight = torch.randn(43, 2)
    (torch.cat(graph.smooth(users, items, 3)) * weight).sum().backward()
    whole = torch.cat([users, items]).detach().requires_grad_()
    step = torch.from_numpy(adjacency(liked.toarray())).float()
    layers = [whole, step @ whole, step @ (step @ whole), step @ (step @ (step @ whole))]
    (sum(layers) / 4 * weight).sum().backward()
    torch.testing.assert_close(torch.cat([users.grad, items.grad]), whole.grad)


def test_items_without_a_common_user_meet_from_two_layers_on(bridged):
    # 2 and 3 are four steps apart, so that the mean of two layers of each overlaps, and that of one layer does not.
    graph = Graph.of(likes(bridged.view, "like"), torch.device("cpu"))
    for layers, meet in ((1, False), (2, True)):
        _, items = graph.smooth(torch.zeros(34, 9), torch.eye(9), layers)
        assert bool(items[2] @ items[3]) == meet
        assert not items[2] @ items[5]


OF_THE_PAPER = {"loss": BPR(), "cosine": False, "temperature": 1.0}


@pytest.mark.parametrize("how", [{}, OF_THE_PAPER])
def test_a_history_gives_a_user_of_training_the_very_vector_of_the_graph(parity, how):
    spec = replace(SPEC, **how)
    liked = likes(parity.view, "like")
    torch.manual_seed(0)
    module = Ego(parity.view.n_users, parity.view.n_items, 8, 0.1)
    embedding = spec._embedding(module, liked)
    vectors = torch.cat([module.users, module.items]).detach().numpy()
    expected = smoothed(liked.toarray(), vectors, spec.layers)
    users = np.arange(2, 42)
    requests, rows = parity.ask(*(liked[user].indices.tolist() for user in users))
    found = embedding.query.vectors(replace(requests, user=users), rows)[:, 0]
    np.testing.assert_allclose(found, expected[users], rtol=1e-4, atol=1e-6)
    items = expected[parity.view.n_users :] * embedding.known[:, None]
    if spec.cosine:
        items /= np.maximum(np.linalg.norm(items, axis=1, keepdims=True), 1e-12)
    np.testing.assert_allclose(embedding.vectors, items, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("how", [{}, OF_THE_PAPER])
def test_it_finds_the_planted_taste_of_strangers(parity, how):
    embedding = fit(parity, replace(SPEC, **how))
    found = Nearest("e").fit(parity.view, {"e": embedding}, seed=0).retrieve(*parity.ask([2, 4], [3, 5]), 15)
    assert (found.item % 2 == found.request).mean() > 0.9


def test_the_same_seed_gives_the_same_vectors_and_another_one_others(parity):
    short = replace(SPEC, training=replace(SPEC.training, epochs=2))
    first, again, other = (fit(parity, short, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert not np.array_equal(first.vectors, other.vectors)
