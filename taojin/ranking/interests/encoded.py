"""A history read by an encoder of the towers, once per request; the candidate may then look at its places.

With `Transformer` attention among the places (Vaswani et al., NeurIPS 2017, https://arxiv.org/abs/1706.03762) as in
SASRec, with `Recurrent` GRU4Rec, with `Capsules` MIND, and with `ask="mask"` BERT4Rec (see `embeddings/towers/zoo.py`).

Shapes: N rows, R = 1 or N requests, L history length, H history columns, D vector size, E = H * D, K vectors.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from taojin.core.bounds import bounded
from taojin.nn.encoders import MASKED, Encoder, EncoderModule, SequenceModule, turned
from taojin.nn.transformer import Transformer
from taojin.ranking.parts import Fields, History, InterestModule

Ask = Literal["candidate", "end", "mask"]


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """H vectors of a history, or K * H where the encoder gives K; zero for an empty history.

    ask     "candidate": the weighted mean of the states at all places, weighed by their products with the candidate;
            "end": what the encoder says of the whole, such as its state at the last place, whatever the candidate;
            "mask": its state at one more place, which stands for what comes next
    """

    encoder: Encoder = Transformer(causal=False, heads=2)
    ask: Ask = "candidate"

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> InterestModule:
        """A module that reads every history column."""
        columns = fields.history_columns("Encoded")
        assert fields.inputs.history is not None
        length, size = fields.inputs.history.length, columns * fields.dim
        encoder = self.encoder.build(size, length + (self.ask == "mask"))
        if self.ask == "end":
            return AtEnd(encoder, columns, _count(encoder, size, length))
        if not isinstance(encoder, SequenceModule):
            name = type(self.encoder).__name__
            raise ValueError(f'Encoded: {name} has no state at each place, for ask={self.ask!r}; take ask="end"')
        return AtMask(encoder, columns, size) if self.ask == "mask" else Looked(encoder, columns, size)


class AtEnd(InterestModule):
    of_request = True

    def __init__(self, encoder: EncoderModule, columns: int, vectors: int) -> None:
        super().__init__()
        self.encoder, self.columns = encoder, columns
        self.count = columns * vectors

    def forward(self, history: History, candidate: Tensor) -> tuple[Tensor, float]:
        """float32[R, K * H, D]; the candidate is not read."""
        known = history.known
        found = self.encoder(history.vectors, known)  # [R, K, E]
        active = self.encoder.active(known) & known.any(1, keepdim=True)
        return _fields(found * active.unsqueeze(2), self.columns), 0.0


class AtMask(InterestModule):
    of_request = True

    def __init__(self, encoder: SequenceModule, columns: int, size: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.count = columns
        self.mask = nn.Parameter(torch.randn(1, 1, size) * size**-0.5)

    def forward(self, history: History, candidate: Tensor) -> tuple[Tensor, float]:
        """float32[R, H, D]; the candidate is not read."""
        mask = self.mask.expand(history.known.shape[0], -1, -1)
        known = torch.cat([history.known, torch.ones_like(history.known[:, :1])], 1)
        found = self.encoder(torch.cat([history.vectors, mask], 1), known)  # [R, 1, E]
        return _fields(found * history.known.any(1)[:, None, None], self.count), 0.0


class Looked(InterestModule):
    def __init__(self, encoder: SequenceModule, columns: int, size: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.count = columns
        self.query = nn.Linear(size, size, bias=False)

    def forward(self, history: History, candidate: Tensor) -> tuple[Tensor, float]:
        """float32[N, H, D]."""
        states, known = turned_states(self.encoder, history)
        # [R, N / R, E] @ [R, E, L]: one product for a request's rows in serving, a product per row in training.
        query = self.query(candidate).view(states.shape[0], -1, states.shape[2])
        scores = query @ states.transpose(1, 2) * states.shape[2] ** -0.5 + (MASKED * ~known).unsqueeze(1)
        found = (scores.softmax(2) * known.unsqueeze(1)) @ states
        return found.reshape(-1, self.count, states.shape[2] // self.count), 0.0


def turned_states(encoder: SequenceModule, history: History) -> tuple[Tensor, Tensor]:
    """States float32[R, L, E] and which are known, bool[R, L], of histories brought to PAD on the right."""
    vectors, known = turned(history.vectors, history.known)
    return encoder.states(vectors, known), known


def _count(encoder: EncoderModule, size: int, length: int) -> int:
    """K."""
    with torch.no_grad():
        found = encoder.eval()(torch.zeros(1, length, size), torch.ones(1, length, dtype=torch.bool))
    encoder.train()
    return found.shape[1]


def _fields(vectors: Tensor, columns: int) -> Tensor:
    """Vectors float32[R, K, E] as fields, float32[R, K * H, D]."""
    return vectors.unflatten(2, (columns, -1)).flatten(1, 2)
