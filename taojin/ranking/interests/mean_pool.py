"""Mean pooling: the history's vectors averaged, whatever the candidate.

Covington, Adams and Sargin, RecSys 2016, https://doi.org/10.1145/2959100.2959190

Shapes: N rows, R = 1 or N requests, L history length, H history columns, D vector size, E = H * D.
"""

from dataclasses import dataclass

from torch import Tensor

from taojin.ranking.parts import Fields, History, InterestModule


@dataclass(frozen=True)
class MeanPool:
    """One vector per history column: the mean of the known places, zero for an empty history."""

    def build(self, fields: Fields) -> InterestModule:
        """A module without weights."""
        return Mean(fields.history_columns("MeanPool"))


class Mean(InterestModule):
    of_request = True

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.count = columns

    def forward(self, history: History, candidate: Tensor) -> tuple[Tensor, float]:
        """float32[R, H, D]; the candidate is not read."""
        known = history.known.sum(1, keepdim=True).clamp(min=1)  # [R, 1]
        return (history.vectors.sum(1) / known).unflatten(1, (self.count, -1)), 0.0
