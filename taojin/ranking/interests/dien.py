"""Interest evolution: a GRU reads what was done, a second one follows only what bears on the candidate.

Zhou et al., "Deep Interest Evolution Network", AAAI 2019, https://arxiv.org/abs/1809.03672. Deviation: in the
auxiliary loss, what is told from the next event is an event of another row at the same place.

Shapes: N rows, R = 1 or N requests, L history length, H history columns, D vector size, E = H * D.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.bounds import NotNegative, bounded
from taojin.nn.encoders import MASKED, turned
from taojin.ranking.parts import Fields, History, InterestModule


@dataclass(frozen=True, kw_only=True)
class Evolution:
    """One vector per history column: the last state of the second GRU, zero for an empty history.

    auxiliary   weight of the loss by which each state of the first GRU tells the next event from another one
    """

    auxiliary: NotNegative = 1.0

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> InterestModule:
        """A module that reads every history column."""
        columns = fields.history_columns("Evolution")
        assert fields.inputs.history is not None
        return Evolving(self, columns, columns * fields.dim, fields.inputs.history.length)


class Evolving(InterestModule):
    def __init__(self, spec: Evolution, columns: int, size: int, length: int) -> None:
        super().__init__()
        self.count, self.length, self.auxiliary = columns, length, spec.auxiliary
        self.extraction = nn.GRU(size, size, batch_first=True)
        self.query = nn.Linear(size, size, bias=False)
        self.evolution = AttentionalUpdate(size)

    def forward(self, history: History, candidate: Tensor) -> tuple[Tensor, Tensor | float]:
        """float32[N, H, D]."""
        vectors, known = self._turned(history)
        states = self.extraction(vectors)[0]  # [R, L, E]
        query = self.query(candidate).view(states.shape[0], -1, states.shape[2])  # [R, N / R, E]
        scores = query @ states.transpose(1, 2) + (MASKED * ~known).unsqueeze(1)
        attention = (scores.softmax(2) * known.unsqueeze(1)).flatten(0, 1)  # [N, L]
        evolved = self.evolution(states, attention)
        extra = self.auxiliary * next_event_loss(states, vectors, known) if self.training and self.auxiliary else 0.0
        return evolved.view(-1, self.count, states.shape[2] // self.count), extra

    def _turned(self, history: History) -> tuple[Tensor, Tensor]:
        """Vectors and known places with PAD on the right, so that a GRU reads it last; in serving of all places."""
        known, vectors = history.known, history.vectors
        if not self.training:  # the graph that is exported has as many steps as the history can have
            short = self.length - known.shape[1]
            known, vectors = functional.pad(known, (short, 0)), functional.pad(vectors, (0, 0, short, 0))
        return turned(vectors, known)


class AttentionalUpdate(nn.Module):
    """AUGRU: a GRU whose update gate is multiplied by the attention of its place."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.read = nn.Linear(size, 3 * size)
        self.keep = nn.Linear(size, 3 * size, bias=False)

    def forward(self, states: Tensor, attention: Tensor) -> Tensor:
        """The last state, float32[N, E], of places [R, L, E] under attention [N, L], of which 0 changes nothing."""
        rows = attention.shape[0]
        read = self.read(states)  # of all places at once, and once per request
        h = torch.zeros_like(states[:, 0]).expand(rows, -1)
        for place in range(states.shape[1]):
            update, reset, new = read[:, place].chunk(3, 1)
            kept_update, kept_reset, kept_new = self.keep(h).chunk(3, 1)
            share = attention[:, place : place + 1] * (update + kept_update).sigmoid()
            found = (new + (reset + kept_reset).sigmoid() * kept_new).tanh()
            h = torch.lerp(h, found, share)
        return h


def next_event_loss(states: Tensor, vectors: Tensor, known: Tensor) -> Tensor:
    """Mean over places of -log s(state · next event) - log s(-state · another row's event there), a scalar.

    states, vectors     float32[R, L, E]    PAD on the right
    known               bool[R, L]
    """
    state, following, here = states[:, :-1], vectors[:, 1:], known[:, 1:]
    other, there = following.roll(1, 0), here & here.roll(1, 0)
    right = functional.softplus(-(state * following).sum(2)) * here
    wrong = functional.softplus((state * other).sum(2)) * there
    return (right.sum() + wrong.sum()) / here.sum().clamp(min=1)
