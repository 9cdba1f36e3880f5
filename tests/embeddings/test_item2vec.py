"""Item2vec finds what is liked together."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from taojin.core.progress import Silent
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.next_item import next_items
from taojin.embeddings.skip_gram import PLACES, Sequences, SkipGram, Surroundings, Windows, negative_sampling
from taojin.nn.training import Training
from taojin.retrieval.vectors import Nearest

SPEC = Item2Vec(dim=8, training=Training(learning_rate=2e-2, batch=2, epochs=15, patience=5, device="cpu"))


def fit(parity, spec=SPEC, seed=0):
    return spec.fit(parity.view, parity.columns, seed=seed, progress=Silent())


def test_items_liked_together_lie_together_and_queries_among_them(parity):
    embedding = fit(parity, replace(SPEC, cosine=True))
    warm = np.arange(2, 58)
    product = embedding.vectors[warm] @ embedding.vectors[warm].T
    np.fill_diagonal(product, -np.inf)
    assert (np.argmax(product, axis=1) % 2 == warm % 2).mean() > 0.95
    found = Nearest("e").fit(parity.view, {"e": embedding}, seed=0).retrieve(*parity.ask([2, 4], [3, 5]), 15)
    assert (found.item % 2 == found.request).mean() > 0.9


def test_items_with_few_events_have_no_vector(parity):
    count = parity.view.counts(parity.view.kinds.bits("like"))
    least = int(np.median(count[count > 0]))
    embedding = fit(parity, replace(SPEC, min_count=least, training=replace(SPEC.training, epochs=1)))
    np.testing.assert_array_equal(embedding.known, count >= least)
    np.testing.assert_array_equal(embedding.vectors.any(axis=1), embedding.known)
    assert not embedding.cold.any()


def test_the_same_seed_gives_the_same_vectors_and_another_one_others(parity):
    short = replace(SPEC, training=replace(SPEC.training, epochs=2))
    first, again, other = (fit(parity, short, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert not np.array_equal(first.vectors, other.vectors)


def test_surroundings_stay_within_the_window_and_the_user(parity):
    rows = next_items(parity.view, "like")
    spec = replace(SPEC, window=3)
    source = Windows.of(Sequences(rows.item, rows.requests.user), spec)
    torch.manual_seed(0)
    seen = set()
    for _ in range(20):
        batch = source.gather(torch.arange(len(source)))
        assert batch.item[: len(rows)].tolist() == rows.item.tolist()
        assert not batch.item[len(rows) :].any()
        for run, place, side in batch.near.nonzero().tolist():
            at, step = run * PLACES + place, side - place - 3
            assert rows.requests.user[at] == rows.requests.user[at + step]
            assert batch.context[run, side] == rows.item[at + step]
            seen.add(step)
    assert seen == {-3, -2, -1, 1, 2, 3}


def test_frequent_items_are_read_less_with_subsampling(parity):
    rows = next_items(parity.view, "like")
    source = Windows.of(Sequences(rows.item, rows.requests.user), replace(SPEC, subsample=1e-3))
    share = np.bincount(rows.item, minlength=parity.view.n_items) / len(rows)
    for item in np.flatnonzero(share):
        assert float(source.read[item]) == pytest.approx(min(1.0, np.sqrt(1e-3 / share[item])), rel=1e-5)


def test_noise_is_drawn_by_smoothed_counts_of_known_items(parity):
    rows = next_items(parity.view, "like")
    source = Windows.of(Sequences(rows.item, rows.requests.user), replace(SPEC, shared=200_000))
    torch.manual_seed(0)
    drawn = source.gather(torch.arange(1)).noise.numpy()
    count = np.bincount(rows.item, minlength=parity.view.n_items)
    expected = count**0.75 / (count**0.75).sum()
    np.testing.assert_allclose(np.bincount(drawn, minlength=len(count)) / len(drawn), expected, atol=2e-3)


def test_the_loss_equals_a_loop_and_every_vector_met_has_a_gradient():
    torch.manual_seed(0)
    module = SkipGram(9, 4)
    context = torch.tensor([[0, 2, 4], [5, 3, 6]])
    near = torch.tensor([[[False, False, True]], [[True, False, True]]])  # a place a run
    batch = Surroundings(torch.tensor([2, 3]), context, near, torch.tensor([7, 8, 7]))
    loss = negative_sampling(module(batch), near, 2.5)
    inner, outer = module.inner.weight, module.outer.weight
    total = 0.0
    for item, context in ((2, 4), (3, 5), (3, 6)):
        total -= functional.logsigmoid(inner[item] @ outer[context])
        total -= 2.5 * torch.stack([functional.logsigmoid(-inner[item] @ outer[noise]) for noise in (7, 8, 7)]).mean()
    torch.testing.assert_close(loss, total / 3)
    loss.backward()
    assert inner.grad.any(dim=1).nonzero().flatten().tolist() == [2, 3]
    assert outer.grad.any(dim=1).nonzero().flatten().tolist() == [4, 5, 6, 7, 8]
