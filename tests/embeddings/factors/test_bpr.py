"""BPR puts what a user likes before the rest, and says what vector a stranger's history makes probable."""

from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from taojin.core.progress import Silent
from taojin.embeddings.factors.bpr import BPR, Factors, bpr_loss, regression
from taojin.embeddings.factors.pairs import LikedPairs
from taojin.embeddings.likes import likes
from taojin.embeddings.towers.negatives import Negatives
from taojin.nn.training import Training
from taojin.retrieval.popular import Popular
from taojin.retrieval.vectors import Nearest

SPEC = BPR(
    dim=8, training=Training(learning_rate=1e-2, batch=64, epochs=60, patience=5, embedding_l2=0.0, device="cpu")
)


def fit(given, spec=SPEC, seed=0):
    return spec.fit(given.view, given.columns, seed=seed, progress=Silent())


def test_pairs_are_likes_and_know_which_users_like_which_items(parity):
    liked = likes(parity.view, "like")
    source = LikedPairs.of(liked, torch.device("cpu"))
    assert len(source) == liked.nnz
    torch.manual_seed(0)
    rows = torch.randperm(len(source))[:50]
    batch = source.gather(rows)
    cells, items = liked.toarray(), torch.tensor([1, 2, 7, 30, 57])
    assert cells[batch.user, batch.item].all()
    row, column = source.cells(batch.user, items)
    found = np.zeros((50, 5), bool)
    found[row, column] = True
    np.testing.assert_array_equal(found, cells[batch.user][:, items] > 0)
    assert (row.diff() >= 0).all()


def test_a_like_is_told_from_what_its_user_does_not_like_alone(parity):
    """The gradient of a vector of an item is zero where all users of the batch like the item."""
    torch.manual_seed(0)
    source = LikedPairs.of(likes(parity.view, "like"), torch.device("cpu"))
    batch = source.gather(torch.arange(3))
    assert len(set(batch.user.tolist())) == 1
    module = Factors(parity.view.n_users, parity.view.n_items, 4)
    sample = Negatives().sampler(torch.bincount(source.item)).draw(batch.item)
    bpr_loss(module, source, batch, sample).backward()
    met = set(module.items.weight.grad.any(dim=1).nonzero().flatten().tolist())
    own = set(source.item[source.user == batch.user[0]].tolist())
    assert met == set(sample.item.tolist()) - own | set(batch.item.tolist())


def test_the_loss_equals_a_loop_over_pairs(parity):
    torch.manual_seed(0)
    liked = likes(parity.view, "like")
    source = LikedPairs.of(liked, torch.device("cpu"))
    batch = source.gather(torch.randperm(len(source))[:20])
    module = Factors(parity.view.n_users, parity.view.n_items, 4)
    sample = Negatives(uniform=9).sampler(torch.bincount(source.item)).draw(batch.item)
    users, items, cells = module.users.weight, module.items.weight, liked.toarray()
    total = 0.0
    for user, item in zip(*batch, strict=True):
        others = [other for other in sample.item if not cells[user, other]]
        for other in others:
            total -= functional.logsigmoid(users[user] @ items[item] - users[user] @ items[other]) / len(sample.item)
    torch.testing.assert_close(bpr_loss(module, source, batch, sample), total / 20)


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
    query = SPEC._embedding(module, liked, asked=np.array([2])).query
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
