"""BPR puts what a user likes before the rest, and says what vector a stranger's history makes probable."""

from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from taojin.core.progress import Silent
from taojin.embeddings.factors.bpr import BPR, Factors, regression
from taojin.embeddings.factors.pairs import LikedPairs, bpr_loss
from taojin.embeddings.likes import likes
from taojin.nn.trainer import Training
from taojin.retrieval.popular import Popular
from taojin.retrieval.vectors import Nearest

SPEC = BPR(dim=8, training=Training(learning_rate=2e-2, batch=64, epochs=25, patience=5, device="cpu"))


def fit(given, spec=SPEC, seed=0):
    return spec.fit(given.view, given.columns, seed=seed, progress=Silent())


def test_the_loss_equals_a_loop_over_pairs_and_leaves_out_liked_ones():
    torch.manual_seed(0)
    user, item, other = torch.randn(3, 4, 5)
    unliked = torch.tensor([True, False, True, True])
    total = [functional.logsigmoid(user[n] @ item[n] - user[n] @ other[n]) for n in (0, 2, 3)]
    torch.testing.assert_close(bpr_loss(user, item, other, unliked), -torch.stack(total).mean())
    assert bpr_loss(user, item, other, torch.zeros(4, dtype=torch.bool)) == 0


def test_pairs_are_likes_and_know_which_others_are_liked(parity):
    liked = likes(parity.view, "like")
    source = LikedPairs.of(liked, torch.device("cpu"))
    assert len(source) == liked.nnz
    torch.manual_seed(0)
    batch = source.gather(torch.arange(len(source)))
    cells = liked.toarray()
    assert cells[batch.user, batch.item].all()
    np.testing.assert_array_equal(batch.unliked, cells[batch.user, batch.other] == 0)
    assert set(batch.other.tolist()) <= set(range(2, 58))
    assert len(set(batch.other.tolist())) == 56


def test_every_vector_that_a_batch_meets_has_a_gradient(parity):
    torch.manual_seed(0)
    module = Factors(parity.view.n_users, parity.view.n_items, 4)
    batch = LikedPairs.of(likes(parity.view, "like"), torch.device("cpu")).gather(torch.arange(3))
    bpr_loss(*module(batch), torch.ones(3, dtype=torch.bool)).backward()
    met = module.items.weight.grad.any(dim=1).nonzero().flatten().tolist()
    assert met == sorted({*batch.item.tolist(), *batch.other.tolist()})


def test_it_finds_the_planted_taste_of_users_and_strangers(parity):
    embedding = fit(parity)
    channel = Nearest("e").fit(parity.view, {"e": embedding}, seed=0)
    own = likes(parity.view, "like")[[2, 3]].indices.reshape(2, 12).tolist()
    requests, rows = parity.ask(*own, [2, 4], [3, 5])
    found = channel.retrieve(replace(requests, user=np.array([2, 3, 1, 1])), rows, 15)
    assert (found.item % 2 == found.request % 2).mean() > 0.9
    popular = Popular().fit(parity.view, {}, seed=0).retrieve(requests, rows, 15)
    assert (popular.item % 2 == popular.request % 2).mean() < 0.7


def test_a_user_with_the_history_of_training_has_the_trained_vector(parity):
    liked = likes(parity.view, "like")
    torch.manual_seed(0)
    module = Factors(parity.view.n_users, parity.view.n_items, 8)
    query = SPEC._embedding(module, liked).query
    users = np.arange(2, 42)
    requests, rows = parity.ask(*(liked[user].indices.tolist() for user in users))
    found = query.vectors(replace(requests, user=users), rows)[:, 0]
    np.testing.assert_allclose(found, module.users.weight.detach()[2:42], rtol=1e-4, atol=1e-6)


def test_the_regression_finds_a_linear_map():
    random = np.random.default_rng(0)
    read, weights = random.normal(size=(5000, 3)).astype(np.float32), random.normal(size=(3, 3)).astype(np.float32)
    np.testing.assert_allclose(regression(read, read @ weights), weights, rtol=1e-2, atol=1e-2)


def test_the_same_seed_gives_the_same_vectors_and_another_one_others(parity):
    short = replace(SPEC, training=replace(SPEC.training, epochs=2))
    first, again, other = (fit(parity, short, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert not np.array_equal(first.vectors, other.vectors)
