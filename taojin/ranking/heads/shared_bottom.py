"""Shared bottom: one perceptron for all tasks, then one of each.

Caruana, "Multitask Learning", Machine Learning 1997, https://doi.org/10.1023/A:1007379606734

Shapes: N rows, W sum of the parts' widths, T tasks.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from taojin.core.bounds import Counts, Dropped, bounded
from taojin.nn.perceptron import layers
from taojin.ranking.heads.towers import Towers


@dataclass(frozen=True, kw_only=True)
class SharedBottom:
    """Units of the shared layers, and of each task's own."""

    bottom: Counts = (256, 128)
    tower: Counts = (64,)
    dropout: Dropped = 0.0

    def __post_init__(self) -> None:
        bounded(self)
        if not self.bottom:
            raise ValueError("ranking: SharedBottom needs at least one shared layer, got none")

    def build(self, widths: tuple[int, ...], tasks: int) -> nn.Module:
        """float32[N, W] -> float32[N, T]."""
        return Shared(self, sum(widths), tasks)


class Shared(nn.Module):
    def __init__(self, spec: SharedBottom, width: int, tasks: int) -> None:
        super().__init__()
        self.bottom = layers(width, spec.bottom, spec.dropout)
        self.towers = Towers(spec.bottom[-1], spec.tower, tasks, spec.dropout)
        self.tasks = tasks

    def forward(self, x: Tensor) -> Tensor:
        """Logits, float32[N, T]."""
        logits: Tensor = self.towers([self.bottom(x)] * self.tasks)
        return logits
