"""Two towers over one table of vectors.

Shapes: R requests, N items, F fields of a side, L history length, H history columns, D embedding size.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.units import PAD, UNKNOWN
from taojin.features.feature import Level
from taojin.features.inputs import Inputs
from taojin.nn.export import to_onnx
from taojin.nn.table import Table


class TwoTowers(nn.Module):
    """Vectors of requests and of items; the history's places read the same rows of the table as the items.

    The user tower reads the mean of the history, in which the weight of each place is learned.

    inputs      fields of both sides, and the history
    hidden      widths of each tower's hidden layers
    cosine      vectors are scaled to length 1
    forget      see `Forget`
    """

    def __init__(
        self, inputs: Inputs, dim: int, hidden: Sequence[int], *, dropout: float, cosine: bool, forget: float
    ) -> None:
        super().__init__()
        assert inputs.history is not None, "two towers read a history"
        self.table = Table(inputs, dim)
        self.cosine = cosine
        self.forget_request = Forget(forget, _singles(inputs, Level.REQUEST))
        self.forget_item = Forget(forget, _singles(inputs, Level.CANDIDATE))
        self.forget_history = Forget(forget, len(inputs.history.columns))
        self.place = nn.Parameter(torch.linspace(-1, 0, inputs.history.length))
        width = _fields(inputs, Level.REQUEST) + len(inputs.history.columns)
        self.user_tower = perceptron(width * dim, hidden, dim, dropout)
        self.item_tower = perceptron(_fields(inputs, Level.CANDIDATE) * dim, hidden, dim, dropout)

    def users(self, request: Tensor, numbers: Tensor, history: Tensor) -> Tensor:
        """Vectors of requests, float32[R, D], from their codes, numbers and histories (see `Packed`)."""
        fields = self.table.requests(self.forget_request(request), numbers).flatten(1)
        weight = self.place.exp() * (history[:, :, 0] != PAD)  # [R, L]
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-9)
        liked = (self.table.past(self.forget_history(history)) * weight[:, :, None, None]).sum(1)  # [R, H, D]
        return self._scaled(self.user_tower(torch.cat([fields, liked.flatten(1)], 1)))

    def items(self, item: Tensor, numbers: Tensor) -> Tensor:
        """Vectors of items, float32[N, D]."""
        return self._scaled(self.item_tower(self.table.items(self.forget_item(item), numbers).flatten(1)))

    def _scaled(self, vectors: Tensor) -> Tensor:
        return functional.normalize(vectors, dim=1) if self.cosine else vectors


class Forget(nn.Module):
    """Makes single categories UNKNOWN with a probability, in training only: so UNKNOWN is learned, too.

    singles     so many slots, the first ones, hold single categories; the others belong to sets
    """

    def __init__(self, probability: float, singles: int) -> None:
        super().__init__()
        self.probability = probability
        self.singles = singles

    def forward(self, codes: Tensor) -> Tensor:
        """Codes of the same shape; PAD stays."""
        if not self.training:
            return codes
        forgotten = (torch.rand(codes.shape, device=codes.device) < self.probability) & (codes != PAD)
        forgotten[..., self.singles :] = False
        return codes.masked_fill(forgotten, UNKNOWN)


def perceptron(width: int, hidden: Sequence[int], dim: int, dropout: float) -> nn.Sequential:
    """From `width` to `dim`."""
    layers: list[nn.Module] = []
    for size in hidden:
        layers += [nn.Linear(width, size), nn.ReLU(), nn.Dropout(dropout)]
        width = size
    return nn.Sequential(*layers, nn.Linear(width, dim))


class UserTower(nn.Module):
    """The part of two towers that runs at request time."""

    def __init__(self, towers: TwoTowers) -> None:
        super().__init__()
        self.towers = towers

    def forward(self, request: Tensor, request_numbers: Tensor, history: Tensor) -> Tensor:
        """Vectors of requests, float32[R, D]."""
        return self.towers.users(request, request_numbers, history)


def export_user_tower(towers: TwoTowers, example: Sequence[Tensor]) -> bytes:
    """The user tower as an ONNX graph for any number of requests; example: its three inputs for two or more."""
    names = ("request", "request_numbers", "history")
    any_number = {name: {0: "requests"} for name in (*names, "vectors")}
    return to_onnx(UserTower(towers), example, inputs=names, outputs=("vectors",), dynamic=any_number)


def _fields(inputs: Inputs, level: Level) -> int:
    levels = [field.level for field in inputs.categories] + [field.level for field in inputs.numbers]
    return levels.count(level)


def _singles(inputs: Inputs, level: Level) -> int:
    return sum(field.level == level and field.values == 1 for field in inputs.categories)
