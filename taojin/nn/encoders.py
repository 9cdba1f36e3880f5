"""What sums up a history: the parts that the towers of retrieval and the interests of ranking share.

Each is a spec whose `build` gives a torch module for vectors of some width. Shapes: R requests, L places, E width,
K vectors of a history.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.bounds import Count, Dropped, bounded

MASKED = -1e9
"""Added to the score of what must not be attended to: minus infinity would turn an empty history into NaN."""


class EncoderModule(nn.Module):
    """Turns (vectors float32[R, L, E], known bool[R, L]), PAD on the left, into float32[R, K, E].

    active  bool[R, K]: which of the vectors a history is long enough for
    """

    def active(self, known: Tensor) -> Tensor:
        """All of one vector."""
        # Shaped by what is read: a count of rows would become a constant of the exported graph.
        return torch.ones_like(known[:, :1])


class SequenceModule(EncoderModule):
    """An encoder that has a state at each place; of a whole history the state at its last place is taken."""

    def states(self, vectors: Tensor, known: Tensor) -> Tensor:
        """States float32[R, L, E] of sequences with PAD on the *right*, so that time starts at place 0."""
        raise AssertionError("abstract")

    def forward(self, vectors: Tensor, known: Tensor) -> Tensor:
        """The last state, float32[R, 1, E], of histories with PAD on the left."""
        states = self.states(*turned(vectors, known))
        last = (known.sum(1, keepdim=True) - 1).clamp(min=0).unsqueeze(2)
        return states.gather(1, last.expand(-1, -1, states.shape[2]))


def turned(vectors: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Histories float32[R, L, E] and their known places with the PAD of the left brought to the right."""
    order = turn(known.shape[1], known.shape[1] - known.sum(1, keepdim=True))  # [R, L]
    return vectors.gather(1, order.unsqueeze(2).expand(-1, -1, vectors.shape[2])), known.gather(1, order)


def turn(length: int, pads: Tensor) -> Tensor:
    """Places that bring so many pads from the left to the right, int64[R, L]; pads int64[R, 1].

    >>> turn(4, torch.tensor([[1]]))
    tensor([[1, 2, 3, 0]])
    """
    return (torch.arange(length, device=pads.device) + pads) % length


@runtime_checkable
class Encoder(Protocol):
    """A spec of what sums up a history."""

    def build(self, width: int, length: int) -> EncoderModule: ...


@runtime_checkable
class SequenceEncoder(Protocol):
    """A spec of what has a state at each place."""

    @property
    def causal(self) -> bool:
        """Whether a state sees nothing that comes after it."""
        ...

    def build(self, width: int, length: int) -> SequenceModule: ...


@dataclass(frozen=True, kw_only=True)
class MeanPool:
    """The mean of the history, in which the weight of each place is learned."""

    def build(self, width: int, length: int) -> EncoderModule:
        """Newer places start heavier."""
        return WeightedMean(length)


class WeightedMean(EncoderModule):
    """See `MeanPool`."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.linspace(-1, 0, length))

    def forward(self, vectors: Tensor, known: Tensor) -> Tensor:
        """One vector of each history."""
        weight = self.place[-known.shape[1] :].exp() * known  # [R, L]
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-9)
        return (vectors * weight.unsqueeze(2)).sum(1, keepdim=True)


@dataclass(frozen=True, kw_only=True)
class Capsules:
    """Several interests by dynamic routing; a history of n items has max(1, min(interests, floor(log2 n))) of them.

    Li et al., CIKM 2019, https://arxiv.org/abs/1904.08030 (MIND). Deviations: the random routing logits that tell the
    capsules apart at the start are drawn once for each place, so that the same history has the same interests;
    behaviours are read by their direction, since vectors start too short for routing to tell them apart.
    """

    interests: Count = 4
    iterations: Count = 3

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, width: int, length: int) -> EncoderModule:
        """One bilinear map for all capsules."""
        return Routing(self, width, length)


class Routing(EncoderModule):
    """Behaviour-to-interest routing."""

    start: Tensor

    def __init__(self, spec: Capsules, width: int, length: int) -> None:
        super().__init__()
        self.iterations = spec.iterations
        self.bilinear = nn.Linear(width, width, bias=False)
        self.start = nn.Buffer(torch.randn(spec.interests, length))
        self.least = nn.Buffer(2 ** torch.arange(1, spec.interests + 1), persistent=False)

    def active(self, known: Tensor) -> Tensor:
        """The first for everybody, the k-th from 2 ** k items on."""
        enough = known.sum(1, keepdim=True) >= self.least  # [R, K]
        return torch.cat([super().active(known), enough[:, 1:]], 1)

    def forward(self, vectors: Tensor, known: Tensor) -> Tensor:
        """The capsules' vectors; those of an inactive one mean nothing."""
        behaviours = self.bilinear(functional.normalize(vectors, dim=2) * vectors.shape[2] ** 0.5)  # [R, L, E]
        logits = self.start[:, -known.shape[1] :] + MASKED * ~self.active(known).unsqueeze(2)  # [R, K, L]
        # Routing finds where the behaviours belong; what is learned is only where they lie (as in the paper's code).
        fixed = behaviours.detach()
        for _ in range(self.iterations - 1):
            capsules = squash(self._share(logits, known) @ fixed)
            logits = logits + capsules @ fixed.transpose(1, 2)
        return squash(self._share(logits, known) @ behaviours)

    @staticmethod
    def _share(logits: Tensor, known: Tensor) -> Tensor:
        """How each behaviour divides among the capsules, [R, K, L]."""
        return logits.softmax(1) * known.unsqueeze(1)


def squash(vectors: Tensor) -> Tensor:
    """Vectors of the same direction and a length below 1."""
    square = vectors.square().sum(-1, keepdim=True)
    return vectors * (square / (1 + square) / (square + 1e-9).sqrt())


@dataclass(frozen=True, kw_only=True)
class Recurrent:
    """Gated recurrent units (Cho et al., EMNLP 2014, https://arxiv.org/abs/1406.1078)."""

    layers: Count = 1
    dropout: Dropped = 0.0
    causal: bool = True

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, width: int, length: int) -> SequenceModule:
        """States as wide as what is read."""
        return RecurrentStates(self, width)


class RecurrentStates(SequenceModule):
    """GRU layers; PAD on the right comes after all that counts, so nothing needs a mask."""

    def __init__(self, spec: Recurrent, width: int) -> None:
        super().__init__()
        dropout = spec.dropout if spec.layers > 1 else 0.0
        self.layers = nn.GRU(width, width, spec.layers, batch_first=True, dropout=dropout)
        self.out = nn.Linear(width, width)

    def states(self, vectors: Tensor, known: Tensor) -> Tensor:
        """A linear map of the hidden states, which lie in (-1, 1)."""
        # Vectors start small, see `Table`; the gates would not move.
        hidden: Tensor = self.layers(vectors * vectors.shape[2] ** 0.5)[0]
        return self.out(hidden)
