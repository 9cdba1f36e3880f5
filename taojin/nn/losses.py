"""Losses that several networks share.

Shapes: N rows, T tasks.
"""

from torch import Tensor
from torch.nn import functional


def cross_entropies(logits: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    """Mean over the rows of the weighted loss of each task, float32[T]; a row's missing labels count nothing.

    logits  [N, T]
    labels  float32[N, T] in [0, 1], NaN where one is missing
    weight  float32[N], or [N, T]
    """
    weights = ~labels.isnan() * weight.reshape(len(labels), -1)  # [N, T]
    losses = functional.binary_cross_entropy_with_logits(
        logits.float(), labels.nan_to_num(), weight=weights, reduction="none"
    )
    return losses.sum(0) / len(labels)


def binary_cross_entropy(logits: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    """The sum of the tasks' losses, a scalar; see `cross_entropies`.

    >>> import torch
    >>> labels = torch.tensor([[1.0, 0.0], [1.0, torch.nan]])
    >>> loss = binary_cross_entropy(torch.zeros(2, 2), labels, torch.ones(2))  # three times log(2), over two rows
    >>> round(float(loss), 4)
    1.0397
    """
    return cross_entropies(logits, labels, weight).sum()
