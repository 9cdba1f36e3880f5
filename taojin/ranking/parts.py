"""The kinds of part of a ranking model, and what they pass on: fields -> interests -> crosses -> head.

Each part is a spec, a frozen dataclass whose `build` gives a torch module for some fields. What all rows of a request
share has a leading 1 in serving and N in training, so that the same code computes it once per request.

Shapes: N rows, R = 1 or N requests, F fields, D vector size, L history length, H history columns, E = H * D,
K vectors of an interest, W width of a cross, T tasks.
"""

from dataclasses import dataclass
from functools import cached_property
from inspect import Signature, signature
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from taojin.features.inputs import Inputs
from taojin.nn.batch import Batch


@dataclass(frozen=True)
class Fields:
    """What a part is built for: the inputs, the names of the vectors it will see in their order, and their size.

    of_request  names of the vectors that are the same for all candidates of a request
    within      the part that chose or made these vectors; "" where they are those of the model
    """

    inputs: Inputs
    names: tuple[str, ...]
    dim: int
    of_request: tuple[str, ...] = ()
    within: str = ""

    def all_inputs(self, part: str) -> Inputs:
        """What a part reads that has a table of its own; refuses one that would pass by the vectors it is given."""
        if self.within:
            raise ValueError(
                f"ranking: {part} reads fields by itself, whatever {self.within} hands it; put it beside {self.within}"
            )
        return self.inputs

    def width(self, part: str) -> int:
        """Size of all vectors one behind the other; refuses a model without shared vectors, for `part`."""
        if not self.dim or not self.names:
            raise ValueError(
                f"ranking: {part} crosses vectors of fields; expected fields and dim >= 1, "
                f"got {len(self.names)} fields and dim {self.dim}"
            )
        return len(self.names) * self.dim

    def pairs(self, part: str) -> int:
        """How many pairs of vectors there are; refuses a model without any, for `part`."""
        self.width(part)
        if len(self.names) < 2:
            raise ValueError(f"ranking: {part} crosses pairs of fields; expected two fields or more, got {self.names}")
        return len(self.names) * (len(self.names) - 1) // 2

    def history_columns(self, part: str) -> int:
        """How many columns the history has; refuses a model without a history, for `part`."""
        if len(self.inputs.histories) > 1:
            names = ", ".join(history.name for history in self.inputs.histories)
            raise ValueError(
                f"ranking: {part} reads one history of {names}; say which: Over({self.inputs.histories[0].name!r}, "
                f"{part}(...))"
            )
        if self.inputs.history is None or not self.dim:
            raise ValueError(
                f"ranking: {part} reads a history; expected a history among the features and dim >= 1, got "
                f"{', '.join(self.inputs.names)} and dim {self.dim}"
            )
        return len(self.inputs.history.columns)


@dataclass(frozen=True)
class Embedded:
    """What a cross reads.

    blocks  each float32[R, F, D]: the request's fields, the item's, then a block per interest; none if dim is 0
    batch   for parts with a table of their own
    """

    blocks: tuple[Tensor, ...]
    batch: Batch

    @property
    def rows(self) -> int:
        """N."""
        return self.batch.item.shape[0]

    @property
    def shared(self) -> bool:
        """Whether some block stands for all rows of a request (serving); else each row has its own (training)."""
        return any(block.shape[0] != self.rows for block in self.blocks)

    @cached_property
    def flat(self) -> Tensor:
        """All vectors of each row one behind the other, float32[N, F * D]."""
        return torch.cat([block.flatten(1).expand(self.rows, -1) for block in self.blocks], 1)

    @property
    def vectors(self) -> Tensor:
        """The same by field, float32[N, F, D]."""
        return self.flat.unflatten(1, (-1, self.blocks[0].shape[2]))


class History(NamedTuple):
    """What an interest reads: vectors float32[R, L, E], zeros at PAD; known bool[R, L]."""

    vectors: Tensor
    known: Tensor


class InterestModule(nn.Module):
    """Turns (history, candidate float32[N, E]) into vectors float32[R, K, D] that join the fields, and a scalar.

    The scalar is added to the loss; in eval mode it is 0 and nothing is computed for it.
    """

    count: int
    """K."""
    of_request: bool = False
    """Whether the candidate is not read, so that the vectors belong to the request."""


class CrossModule(nn.Module):
    """Turns Embedded into float32[N, W]; W = 1 is a logit."""

    width: int
    """W."""


@runtime_checkable
class Interest(Protocol):
    """A spec of a part that sums up a history."""

    def build(self, fields: Fields) -> InterestModule: ...


@runtime_checkable
class Cross(Protocol):
    """A spec of a part that crosses fields."""

    def build(self, fields: Fields) -> CrossModule: ...


@runtime_checkable
class Head(Protocol):
    """A spec of the part that gives a logit per task: float32[N, sum of widths] -> float32[N, T]."""

    def build(self, widths: tuple[int, ...], tasks: int) -> nn.Module: ...


def build_interest(part: Interest, fields: Fields) -> InterestModule:
    """The module of an interest; ValueError for a part of another kind."""
    module = part.build(fields) if _asks_for(part, "fields") and _gives(part, InterestModule) else None
    if isinstance(module, InterestModule):
        return module
    raise ValueError(f"ranking: {part!r} is no interest; `taojin.ranking.interests` has them")


def build_cross(part: Cross, fields: Fields) -> CrossModule:
    """The module of a cross; ValueError for a part of another kind."""
    module = part.build(fields) if _asks_for(part, "fields") and _gives(part, CrossModule) else None
    if isinstance(module, CrossModule):
        return module
    raise ValueError(f"ranking: {part!r} is no cross; `taojin.ranking.crosses` has them")


def build_head(part: Head, widths: tuple[int, ...], tasks: int) -> nn.Module:
    """The module of a head; ValueError for a part of another kind."""
    if not _asks_for(part, "widths", "tasks"):
        raise ValueError(f"ranking: {part!r} is no head; `taojin.ranking.heads` has them")
    return part.build(widths, tasks)


def _asks_for(part: Interest | Cross | Head, *names: str) -> bool:
    """Whether it is built from these; interests and crosses are built alike, and heads and encoders otherwise."""
    return tuple(signature(part.build).parameters) == names


def _gives(part: Interest | Cross, kind: type[nn.Module]) -> bool:
    """Whether what it builds is of a kind, as far as its annotation says."""
    built = signature(part.build).return_annotation
    return not isinstance(built, type) or built is Signature.empty or issubclass(built, kind)
