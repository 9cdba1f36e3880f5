"""Two towers over one table of vectors.

Shapes: R requests, N items, F fields of a side, L history length, H history columns, D embedding size, K interests.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.units import PAD, UNKNOWN
from taojin.features.feature import Level
from taojin.features.inputs import Inputs
from taojin.nn.encoders import MASKED, Encoder
from taojin.nn.export import to_onnx
from taojin.nn.perceptron import perceptron
from taojin.nn.table import Table

AGES = 3
"""Forms in which the age of an example is read, see `TwoTowers.users`."""


class TwoTowers(nn.Module):
    """Vectors of requests and of items; the history's places read the same rows of the table as the items.

    inputs          fields of both sides, and the history
    encoder         what sums up the history for the user tower
    hidden          widths of the user tower's hidden layers
    item_hidden     those of the item tower
    cosine          vectors are scaled to length 1
    forget          see `Forget`
    aged            the user tower reads the age of an example
    """

    def __init__(
        self,
        inputs: Inputs,
        dim: int,
        encoder: Encoder,
        *,
        hidden: Sequence[int] = (),
        item_hidden: Sequence[int] = (),
        dropout: float = 0.0,
        cosine: bool = True,
        forget: float = 0.0,
        aged: bool = False,
    ) -> None:
        super().__init__()
        assert inputs.history is not None, "two towers read a history"
        columns = len(inputs.history.columns)
        self.table = Table(inputs, dim)
        self.cosine = cosine
        self.forget_request = Forget(forget, _singles(inputs, Level.REQUEST))
        self.forget_item = Forget(forget, _singles(inputs, Level.CANDIDATE))
        self.forget_history = Forget(forget, columns)
        self.encoder = encoder.build(columns * dim, inputs.history.length)
        self.ages = AGES if aged else 0
        width = (_fields(inputs, Level.REQUEST) + columns) * dim + self.ages
        self.user_tower = perceptron(width, hidden, dim, dropout)
        self.item_tower = perceptron(_fields(inputs, Level.CANDIDATE) * dim, item_hidden, dim, dropout)

    def users(self, request: Tensor, numbers: Tensor, history: Tensor, age: Tensor | None = None) -> Tensor:
        """Vectors of requests, float32[R, K, D], from their codes, numbers and histories (see `Packed`).

        age     float32[R], share of the log that lies between the example and the log's end; None: 0, it is now
        Zero is the vector of an interest that the history is too short for.
        """
        fields = self.table.requests(self.forget_request(request), numbers).flatten(1)
        known = history[:, :, 0] != PAD  # [R, L]
        interests = self.encoder(self.table.past(self.forget_history(history)).flatten(2), known)  # [R, K, H * D]
        shared = fields.unsqueeze(1).expand(-1, interests.shape[1], -1)
        read = torch.cat([shared, interests, *self._aged(interests, age)], 2)
        found = self._scaled(self.user_tower(read))
        return found * self.encoder.active(known).unsqueeze(2)

    def items(self, item: Tensor, numbers: Tensor) -> Tensor:
        """Vectors of items, float32[N, D]."""
        return self._scaled(self.item_tower(self.table.items(self.forget_item(item), numbers).flatten(1)))

    def _aged(self, like: Tensor, age: Tensor | None) -> tuple[Tensor, ...]:
        """The age in several forms, as many numbers for each vector of [R, K, .]."""
        if not self.ages:
            return ()
        now = torch.zeros_like(like[:, :, :1])
        same = now if age is None else now + age[:, None, None]
        # Powers let a linear layer bend (Covington et al., section 4.1).
        return same, same.square(), same.sqrt()

    def _scaled(self, vectors: Tensor) -> Tensor:
        return functional.normalize(vectors, dim=-1) if self.cosine else vectors


def label_aware(interests: Tensor, wanted: Tensor, sharpness: float) -> Tensor:
    """The interest that a wanted item belongs to: a mean of them that attends to it, float32[R, D].

    interests   float32[R, K, D], zero where there is none
    wanted      float32[R, D]
    sharpness   of the attention; the larger, the more the best interest alone

    Li et al., CIKM 2019, https://arxiv.org/abs/1904.08030, section 3.5, where scores are raised to a power.
    """
    if interests.shape[1] == 1:
        return interests.squeeze(1)
    scores = (interests @ wanted.unsqueeze(2)).squeeze(2) * sharpness
    weight = (scores + MASKED * ~interests.any(2)).softmax(1)  # [R, K]
    return (weight.unsqueeze(2) * interests).sum(1)


class Forget(nn.Module):
    """Makes single categories UNKNOWN with a probability, in training only: so UNKNOWN is learned, too.

    singles     so many slots, the first ones, hold single categories; the others belong to sets
    """

    def __init__(self, probability: float, singles: int) -> None:
        super().__init__()
        self.probability = probability
        self.singles = singles

    def forward(self, codes: Tensor) -> Tensor:
        """Codes of the same shape; those below UNKNOWN stay."""
        if not (self.training and self.probability):
            return codes
        forgotten = (torch.rand(codes.shape, device=codes.device) < self.probability) & (codes > PAD)
        forgotten[..., self.singles :] = False
        return codes.masked_fill(forgotten, UNKNOWN)


class UserTower(nn.Module):
    """The part of two towers that runs at request time."""

    def __init__(self, towers: TwoTowers) -> None:
        super().__init__()
        self.towers = towers

    def forward(self, request: Tensor, request_numbers: Tensor, history: Tensor) -> Tensor:
        """Vectors of requests, float32[R, K, D]."""
        return self.towers.users(request, request_numbers, history)


ASKED = ("request", "request_numbers", "history")
"""What the user tower of two towers reads."""


def export_tower(tower: nn.Module, example: Sequence[Tensor], names: Sequence[str] = ASKED) -> bytes:
    """A user tower as an ONNX graph for any number of requests; example: its inputs for two or more."""
    any_number = {name: {0: "requests"} for name in (*names, "vectors")}
    return to_onnx(tower, [one.cpu() for one in example], inputs=names, outputs=("vectors",), dynamic=any_number)


def _fields(inputs: Inputs, level: Level) -> int:
    levels = [field.level for field in inputs.categories] + [field.level for field in inputs.numbers]
    return levels.count(level)


def _singles(inputs: Inputs, level: Level) -> int:
    return sum(field.level == level and field.values == 1 for field in inputs.categories)
