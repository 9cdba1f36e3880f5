"""Mixture of experts, one mixture per task: tasks share perceptrons as much as their gates say.

MMoE: Ma et al., KDD 2018, https://doi.org/10.1145/3219819.3220007
PLE: Tang et al., RecSys 2020, https://doi.org/10.1145/3383313.3412236

Shapes: N rows, W sum of the parts' widths, T tasks, E experts that a gate weighs, U units of an expert.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from taojin.core.bounds import Count, Counts, Dropped, bounded
from taojin.nn.perceptron import layers
from taojin.ranking.heads.towers import Towers


@dataclass(frozen=True, kw_only=True)
class MMoE:
    """`experts` perceptrons for all tasks, a gate per task, then a tower per task."""

    experts: Count = 4
    expert: Counts = (128,)
    tower: Counts = (64,)
    dropout: Dropped = 0.0

    def __post_init__(self) -> None:
        bounded(self)
        if not self.expert:
            raise ValueError("ranking: MMoE needs experts of at least one layer, got none")

    def build(self, widths: tuple[int, ...], tasks: int) -> nn.Module:
        """float32[N, W] -> float32[N, T]."""
        return Mixtures(self, sum(widths), tasks)


@dataclass(frozen=True, kw_only=True)
class PLE:
    """Progressive layered extraction: experts that all tasks share, and experts that are a task's own, in `levels`.

    shared, own     experts of a level
    """

    levels: Count = 1
    shared: Count = 2
    own: Count = 2
    expert: Counts = (128,)
    tower: Counts = (64,)
    dropout: Dropped = 0.0

    def __post_init__(self) -> None:
        bounded(self)
        if not self.expert:
            raise ValueError("ranking: PLE needs experts of at least one layer, got none")

    def build(self, widths: tuple[int, ...], tasks: int) -> nn.Module:
        """float32[N, W] -> float32[N, T]."""
        return Extraction(self, sum(widths), tasks)


class Experts(nn.Module):
    """Perceptrons of the same size over the same input."""

    def __init__(self, width: int, count: int, hidden: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.experts = nn.ModuleList(layers(width, hidden, dropout) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        """float32[N, E, U]."""
        return torch.stack([expert(x) for expert in self.experts], 1)


class Gate(nn.Module):
    """A weight per expert, from what the gate reads."""

    def __init__(self, width: int, experts: int) -> None:
        super().__init__()
        self.weights = nn.Linear(width, experts, bias=False)

    def forward(self, x: Tensor, experts: Tensor) -> Tensor:
        """The weighted sum of float32[N, E, U], float32[N, U]."""
        share = self.weights(x).softmax(1)
        return (share.unsqueeze(1) @ experts)[:, 0]


class Mixtures(nn.Module):
    def __init__(self, spec: MMoE, width: int, tasks: int) -> None:
        super().__init__()
        self.experts = Experts(width, spec.experts, spec.expert, spec.dropout)
        self.gates = nn.ModuleList(Gate(width, spec.experts) for _ in range(tasks))
        self.towers = Towers(spec.expert[-1], spec.tower, tasks, spec.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, float32[N, T]."""
        experts = self.experts(x)
        logits: Tensor = self.towers([gate(x, experts) for gate in self.gates])
        return logits


class Extraction(nn.Module):
    def __init__(self, spec: PLE, width: int, tasks: int) -> None:
        super().__init__()
        widths = (width, *[spec.expert[-1]] * (spec.levels - 1))
        self.levels = nn.ModuleList(
            Level(spec, before, tasks, last=place == spec.levels - 1) for place, before in enumerate(widths)
        )
        self.towers = Towers(spec.expert[-1], spec.tower, tasks, spec.dropout)
        self.tasks = tasks

    def forward(self, x: Tensor) -> Tensor:
        """Logits, float32[N, T]."""
        states = [x] * (self.tasks + 1)
        for level in self.levels:
            states = level(states)
        logits: Tensor = self.towers(states[: self.tasks])
        return logits


class Level(nn.Module):
    """A level of PLE: what each task, and what all of them share, say for the next one; the last has no shared."""

    def __init__(self, spec: PLE, width: int, tasks: int, *, last: bool) -> None:
        super().__init__()
        self.own = nn.ModuleList(Experts(width, spec.own, spec.expert, spec.dropout) for _ in range(tasks))
        self.shared = Experts(width, spec.shared, spec.expert, spec.dropout)
        self.gates = nn.ModuleList(Gate(width, spec.own + spec.shared) for _ in range(tasks))
        self.of_all = None if last else Gate(width, tasks * spec.own + spec.shared)

    def forward(self, states: Sequence[Tensor]) -> list[Tensor]:
        """From float32[N, W] of each task and of all to float32[N, U] of them."""
        *tasks, common = states
        shared = self.shared(common)
        own = [experts(state) for experts, state in zip(self.own, tasks, strict=True)]
        found = [
            gate(state, torch.cat([its, shared], 1)) for gate, state, its in zip(self.gates, tasks, own, strict=True)
        ]
        return found if self.of_all is None else [*found, self.of_all(common, torch.cat([*own, shared], 1))]
