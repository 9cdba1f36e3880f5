"""The sampled softmax stands for the whole one."""

import torch
from torch.nn import functional

from taojin.embeddings.towers.sampled_softmax import sampled_softmax

torch.manual_seed(0)
QUERIES, ITEMS = torch.randn(5, 4), torch.randn(30, 4)
WANTED = torch.tensor([3, 7, 7, 0, 29])


def test_a_sample_of_everything_is_the_full_softmax():
    loss = sampled_softmax(
        QUERIES,
        ITEMS[WANTED],
        ITEMS,
        same=WANTED[:, None] == torch.arange(30),
        drawn=torch.ones(30),
        temperature=0.5,
    )
    torch.testing.assert_close(loss, functional.cross_entropy(QUERIES @ ITEMS.T / 0.5, WANTED))


def test_the_correction_makes_uneven_samples_stand_for_the_whole():
    share = torch.rand(30, generator=torch.Generator().manual_seed(1)) + 0.05
    share /= share.sum()
    sampled = torch.multinomial(share, 200_000, replacement=True)
    loss = sampled_softmax(
        QUERIES,
        ITEMS[WANTED],
        ITEMS[sampled],
        same=WANTED[:, None] == sampled,
        drawn=share[sampled] * len(sampled),
        temperature=1.0,
    )
    torch.testing.assert_close(loss, functional.cross_entropy(QUERIES @ ITEMS.T, WANTED), atol=0.02, rtol=0)


def test_a_row_is_not_told_from_its_own_item():
    alone = torch.tensor([[3], [7], [7], [0], [29]])
    loss = sampled_softmax(
        QUERIES,
        ITEMS[WANTED],
        torch.cat([ITEMS[WANTED], ITEMS[:1]]),
        same=torch.cat([alone == WANTED, alone == 0], 1),
        drawn=torch.ones(6),
        temperature=1.0,
    )
    assert torch.isfinite(loss)
    others = torch.cat([QUERIES @ ITEMS[WANTED].T, QUERIES @ ITEMS[:1].T], 1)
    by_hand = []
    for row, item in enumerate(WANTED.tolist()):
        own = QUERIES[row] @ ITEMS[item]
        rest = [others[row, s] for s, other in enumerate([*WANTED.tolist(), 0]) if other != item]
        by_hand.append(torch.stack([own, *rest]).logsumexp(0) - own)
    torch.testing.assert_close(loss, torch.stack(by_hand).mean())
