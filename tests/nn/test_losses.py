import math

import torch

from taojin.nn.losses import binary_cross_entropy


def test_loss_is_what_a_plain_loop_gives() -> None:
    logits, weight = torch.tensor([[0.3, -2.0], [1.5, 0.0], [-0.7, 4.0]]), torch.tensor([1.0, 0.5, 2.0])
    labels = torch.tensor([[1.0, 0.0], [0.0, math.nan], [math.nan, 0.25]])
    total = 0.0
    for n in range(3):
        for task in range(2):
            p, y = 1 / (1 + math.exp(-float(logits[n, task]))), float(labels[n, task])
            if not math.isnan(y):
                total -= float(weight[n]) * (y * math.log(p) + (1 - y) * math.log(1 - p))
    torch.testing.assert_close(binary_cross_entropy(logits, labels, weight), torch.tensor(total / 3))


def test_missing_labels_and_rows_of_no_weight_have_no_gradient() -> None:
    logits = torch.randn(4, 2, requires_grad=True)
    labels = torch.tensor([[1.0, math.nan], [math.nan, math.nan], [0.0, 1.0], [0.0, math.nan]])
    binary_cross_entropy(logits, labels, torch.tensor([1.0, 1.0, 1.0, 0.0])).backward()
    assert logits.grad.ne(0).tolist() == [[True, False], [False, False], [True, True], [False, False]]


def test_only_missing_labels_are_a_loss_of_zero() -> None:
    assert binary_cross_entropy(torch.ones(2, 1), torch.full((2, 1), math.nan), torch.ones(2)) == 0
