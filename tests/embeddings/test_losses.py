"""Losses against their formulas and their gradients; samples stand for the whole catalogue."""

import pytest
import torch
from torch.nn import functional

from taojin.embeddings.towers import losses
from taojin.embeddings.towers.losses import BPR, GBCE, BinaryCrossEntropy, Softmax, total_loss
from taojin.embeddings.towers.negatives import Negatives, Sample

RANDOM = torch.Generator().manual_seed(0)
QUERIES, ITEMS = torch.randn(5, 4, generator=RANDOM), torch.randn(30, 4, generator=RANDOM)
WANTED = torch.tensor([3, 7, 7, 0, 29])
SOME = torch.tensor([0, 2, 7, 11])


def softmax(own, others, weight, catalogue):
    return torch.cat([own[None], others + weight]).logsumexp(0) - own


def bce(own, others, weight, catalogue):
    return -own.sigmoid().log() - (1 - others.sigmoid()).log().sum()


def mean_bce(own, others, weight, catalogue):
    return -own.sigmoid().log() - (1 - others.sigmoid()).log().sum() / SIZE


def gbce(own, others, weight, catalogue):
    t, a = 0.75, SIZE / (catalogue - 1)
    beta = a * (t * (1 - 1 / a) + 1 / a)
    return -((own.sigmoid() ** beta).log() + (1 - others.sigmoid()).log().sum()) / (SIZE + 1)


def bpr(own, others, weight, catalogue):
    return -(own - others).sigmoid().log().sum() / SIZE


SIZE = len(SOME)
FORMULAS = [
    (Softmax(), softmax),
    (BinaryCrossEntropy(weight=None), bce),
    (BinaryCrossEntropy(), mean_bce),
    (GBCE(), gbce),
    (BPR(), bpr),
]


@pytest.mark.parametrize(("loss", "formula"), FORMULAS, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("block", [2, 256])
def test_value_and_gradients_are_those_of_the_formula(loss, formula, block, monkeypatch):
    monkeypatch.setattr(losses, "BLOCK", block)
    sample = Sample(SOME, torch.tensor([0.3, -1.0, 0.0, 2.0]), 30)
    by_blocks, plain = ([QUERIES.clone().requires_grad_(), ITEMS.clone().requires_grad_()] for _ in range(2))
    found = total_loss(loss, by_blocks[0], by_blocks[1][WANTED], by_blocks[1][SOME], own=WANTED, sample=sample)
    rows = []
    for query, own in zip(plain[0], WANTED, strict=True):
        keep = own != SOME
        rows.append(
            formula(query @ plain[1][own], (plain[1][SOME] @ query)[keep], sample.weight[keep], sample.catalogue)
        )
    expected = torch.stack(rows).sum()
    torch.testing.assert_close(found, expected)
    found.backward()
    expected.backward()
    for ours, theirs in zip(by_blocks, plain, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


def test_the_whole_catalogue_gives_the_full_softmax():
    sample = Negatives().sampler(torch.ones(30, dtype=torch.int64)).draw(WANTED)
    loss = total_loss(Softmax(), QUERIES, ITEMS[WANTED], ITEMS, own=WANTED, sample=sample)
    torch.testing.assert_close(loss / 5, functional.cross_entropy(QUERIES @ ITEMS.T, WANTED))


@pytest.mark.parametrize(
    "negatives",
    [
        Negatives(uniform=200_000),
        Negatives(popular=200_000),
        Negatives(popular=100_000, uniform=100_000, in_batch=True),
    ],
)
def test_the_correction_makes_any_sample_stand_for_the_whole(negatives):
    count = torch.randint(1, 20, (30,), generator=torch.Generator().manual_seed(1))
    torch.manual_seed(0)
    wanted = torch.multinomial(count.float(), 50_000, replacement=True) if negatives.in_batch else WANTED
    sample = negatives.sampler(count).draw(wanted)
    assert (sample.item.diff() > 0).all()
    loss = total_loss(Softmax(), QUERIES, ITEMS[WANTED], ITEMS[sample.item], own=WANTED, sample=sample)
    torch.testing.assert_close(loss / 5, functional.cross_entropy(QUERIES @ ITEMS.T, WANTED), atol=0.02, rtol=0)


def test_items_without_events_are_never_drawn():
    count = torch.tensor([0, 0, 5, 0, 1, 1])
    for negatives in (Negatives(), Negatives(uniform=500), Negatives(popular=500)):
        assert negatives.sampler(count).draw(torch.tensor([2])).item.tolist() == [2, 4, 5]
    with pytest.raises(ValueError, match="no item has an event"):
        Negatives().sampler(torch.zeros(4, dtype=torch.int64))


def test_equal_popularity_is_uniform():
    sampler = Negatives(popular=10, power=0.75).sampler(torch.tensor([0, 4, 4, 4, 4]))
    assert sampler.popular.tolist() == [0, 0.25, 0.25, 0.25, 0.25]


def test_in_a_low_precision_the_loss_stays_close():
    sample = Negatives().sampler(torch.ones(30, dtype=torch.int64)).draw(WANTED)
    exact = total_loss(Softmax(), QUERIES, ITEMS[WANTED], ITEMS, own=WANTED, sample=sample)
    with torch.autocast("cpu", torch.bfloat16):
        rough = total_loss(Softmax(), QUERIES, ITEMS[WANTED], ITEMS, own=WANTED, sample=sample)
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, rtol=0.02, atol=0)


def test_a_row_that_is_alone_with_its_item_has_no_loss():
    sample = Sample(torch.tensor([3]), torch.zeros(1), 30)
    for loss in (Softmax(),):
        value = total_loss(loss, QUERIES[:1], ITEMS[3:4], ITEMS[3:4], own=WANTED[:1], sample=sample)
        assert value.item() == 0


def test_no_power_overflows():
    count = torch.tensor([0, 0, 5, 300, 20, 40])
    sampler = Negatives(popular=20, power=1000.0).sampler(count)
    sample = sampler.draw(torch.tensor([2]))
    assert sample.item.tolist() == [3] and torch.isfinite(sample.weight).all()
