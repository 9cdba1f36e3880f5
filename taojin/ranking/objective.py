"""How the losses of several tasks become the one number that a network minimises.

Shapes: N rows, T tasks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from taojin.core.bounds import POSITIVE, bounded
from taojin.core.hint import did_you_mean
from taojin.nn.losses import cross_entropies


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The sum of the tasks' cross-entropies, each with its weights.

    weights         task -> factor of its loss, 1 where not named
    positives       task -> how often a positive row counts, 1 where not named: class weights for rare reactions; they
                    make probabilities too large, which `CalibratedModel` mends
    uncertainty     learn how noisy each task is, and let noisy ones count less: exp(-s) * loss + s / 2 of each label,
                    with a learned s per task (Kendall, Gal and Cipolla, CVPR 2018, https://arxiv.org/abs/1705.07115);
                    it says nothing in validation, whose values must compare between epochs

    >>> loss = Objective(weights={"like": 2.0}).build(("click", "like"))
    >>> labels = torch.tensor([[1.0, 0.0]])
    >>> round(float(loss(torch.zeros(1, 2), labels, torch.ones(1, 2))), 4)  # three times log(2)
    2.0794
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    positives: Mapping[str, float] = field(default_factory=dict)
    uncertainty: bool = False

    def __post_init__(self) -> None:
        bounded(self)
        for name in ("weights", "positives"):
            for task, value in getattr(self, name).items():
                if not POSITIVE.allows(value):
                    raise ValueError(f"Objective.{name}[{task!r}]: expected {POSITIVE}; got {value!r}")

    def build(self, tasks: tuple[str, ...]) -> "Loss":
        """The loss of these tasks; refuses weights for others."""
        for name in ("weights", "positives"):
            for task in getattr(self, name):
                if task not in tasks:
                    raise ValueError(f"Objective.{name}: no task {task!r}; {did_you_mean(task, tasks)}")
        weights, positives = ([named.get(task, 1.0) for task in tasks] for named in (self.weights, self.positives))
        return Loss(weights, positives, uncertainty=self.uncertainty)


class Loss(nn.Module):
    """The loss of some tasks, a scalar: mean over rows, sum over tasks; missing labels count nothing."""

    def __init__(self, weights: list[float], positives: list[float], *, uncertainty: bool) -> None:
        super().__init__()
        self.weights = nn.Buffer(torch.tensor(weights), persistent=False)
        self.positives = nn.Buffer(torch.tensor(positives), persistent=False)
        self.noise = nn.Parameter(torch.zeros(len(weights))) if uncertainty else None

    def forward(self, logits: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
        """From logits [N, T], labels in [0, 1] (NaN: missing) and weights of rows, [N] or [N, T]."""
        share = weight.reshape(len(labels), -1) * (1 + (self.positives - 1) * labels.nan_to_num())
        tasks = self.weights * cross_entropies(logits, labels, share)  # [T]
        if self.noise is None or not self.training:
            return tasks.sum()
        labelled = (~labels.isnan()).float().mean(0)  # what is not labelled says nothing of the noise either
        return (tasks * (-self.noise).exp() + labelled * self.noise / 2).sum()
