"""Target attention: the history's vectors weighted by a small network that looks at (candidate, place).

Deep Interest Network, Zhou et al., KDD 2018, https://arxiv.org/abs/1706.06978
Deviation: ReLU between the layers of the small network unless told otherwise; the paper has PReLU or Dice.

Shapes: N rows, R = 1 or N requests, L history length, H history columns, D vector size, E = H * D, U units.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from taojin.core.bounds import Counts, bounded
from taojin.nn.activation import Activation, activation
from taojin.nn.encoders import MASKED
from taojin.ranking.parts import Fields, History, InterestModule


@dataclass(frozen=True)
class TargetAttention:
    """One vector per history column: the weighted sum of the known places, zero for an empty history.

    hidden      units of the small network
    softmax     weights that sum to 1; the paper does without, so that many matches count more than few
    """

    hidden: Counts = (80, 40)
    softmax: bool = False
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        bounded(self)
        if not self.hidden:
            raise ValueError("ranking: TargetAttention needs at least one hidden layer, got none")

    def build(self, fields: Fields) -> InterestModule:
        """A module that reads every history column."""
        columns = fields.history_columns("TargetAttention")
        return Attention(self, columns, columns * fields.dim)


class Attention(InterestModule):
    def __init__(self, spec: TargetAttention, columns: int, size: int) -> None:
        super().__init__()
        self.count = columns
        self.softmax = spec.softmax
        self.score = PairScore(size, spec)

    def forward(self, history: History, candidate: Tensor) -> tuple[Tensor, float]:
        """float32[N, H, D]."""
        weights = self.score(candidate, history.vectors)  # [N, L]
        if self.softmax:
            weights = (weights + (~history.known) * MASKED).softmax(1)
        weights = weights * history.known
        # [R, N / R, L] @ [R, L, E]: one product for a request's rows in serving, a product per row in training.
        grouped = weights.view(history.vectors.shape[0], -1, weights.shape[1])
        return (grouped @ history.vectors).view(-1, self.count, history.vectors.shape[2] // self.count), 0.0


class PairScore(nn.Module):
    """A perceptron over [q, k, q - k, q * k] of every candidate q and place k."""

    def __init__(self, size: int, spec: TargetAttention) -> None:
        super().__init__()
        hidden = spec.hidden
        # W1 q + W2 k + W3 (q - k) + W4 (q * k) = A q + B k + C (q * k) with the same functions and fewer products:
        # A q is computed once per candidate and B k once per request.
        self.query = nn.Linear(size, hidden[0])
        self.key = nn.Linear(size, hidden[0], bias=False)
        self.both = nn.Linear(size, hidden[0], bias=False)
        self.rest = nn.ModuleList(nn.Linear(before, units) for before, units in pairwise((*hidden, 1)))
        self.bends = nn.ModuleList(activation(spec.activation, units) for units in hidden)

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        """Scores float32[N, L] of candidates [N, E] and places [R, L, E]."""
        return self._own_places(q, k) if k.shape[0] == q.shape[0] else self._shared_places(q, k)

    # No sum of large tensors, and one product instead of two: B k + C (q * k) = (B + C diag(q)) k.

    def _own_places(self, q: Tensor, k: Tensor) -> Tensor:
        of_query = self.query(q)
        # In the precision of the products, which autocast chooses.
        q, key, both = (x.to(of_query.dtype) for x in (q, self.key.weight.t(), self.both.weight.t()))
        of_row = torch.addcmul(key, both, q.unsqueeze(2))  # [N, E, U]
        h = torch.baddbmm(of_query.unsqueeze(1), k, of_row)  # [N, L, U]
        return self._deeper(h.flatten(0, 1)).view(h.shape[:2])

    def _shared_places(self, q: Tensor, k: Tensor) -> Tensor:
        # The G candidates of a request side by side, so that one product with its places does it; A q stands below
        # the weights as what a place's additional 1 is multiplied with. B + C diag(q) = [q, 1] [C, B] for each
        # element of q is a product as well, which takes one pass where a multiplication and an addition take two.
        # The next layers see two dimensions, because one of more is a product and two passes over its result in
        # ONNX Runtime.
        q = q.view(k.shape[0], -1, q.shape[1])  # [R, G, E]
        element = torch.stack([q, torch.ones_like(q)], 3).transpose(1, 2)  # [R, E, G, 2]
        of_place = element @ torch.stack([self.both.weight, self.key.weight]).permute(2, 0, 1)  # [R, E, G, U]
        weights = torch.cat([of_place, self.query(q).unsqueeze(1)], 1).flatten(2)  # [R, E + 1, G * U]
        places = torch.cat([k, torch.ones_like(k[:, :, :1])], 2)  # [R, L, E + 1]
        h = self._deeper((places @ weights).view(-1, of_place.shape[3]))  # [R * L * G, 1]
        return h.view(*k.shape[:2], -1).transpose(1, 2).reshape(-1, k.shape[1])

    def _deeper(self, h: Tensor) -> Tensor:
        """Scores, float32[M, 1], of what the first layer says, float32[M, U]."""
        for bend, layer in zip(self.bends, self.rest, strict=True):
            h = layer(bend(h))
        return h
