"""Transformer over a history: what was done attends to what was done before it, or to everything.

Vaswani et al., NeurIPS 2017, https://arxiv.org/abs/1706.03762, with the normalisation before each part (Xiong et al.,
ICML 2020, https://arxiv.org/abs/2002.04745). SASRec's is causal, BERT4Rec's is not; deviation from SASRec: its own
blocks bend by ReLU and normalise queries alone, these bend by GELU and normalise keys and values as well.

Shapes: R requests, L places, E width, A heads.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.bounds import Count, Dropped, bounded
from taojin.nn.encoders import MASKED, SequenceModule


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """Blocks of attention and a feed-forward layer, with learned positions counted from the oldest item.

    widen   width of the feed-forward layer against the vectors'
    dropout after the positions, attention and the feed-forward layer
    """

    causal: bool = True
    blocks: Count = 2
    heads: Count = 1
    widen: Count = 1
    dropout: Dropped = 0.1

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, width: int, length: int) -> SequenceModule:
        """For sequences of at most `length` places."""
        if width % self.heads:
            raise ValueError(f"Transformer: expected a width that {self.heads} heads divide, got {width}")
        return Blocks(self, width, length)


class Blocks(SequenceModule):
    """The stack, and a last normalisation."""

    def __init__(self, spec: Transformer, width: int, length: int) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.randn(length, width) * 0.02)
        self.dropout = nn.Dropout(spec.dropout)
        self.blocks = nn.ModuleList(Block(spec, width) for _ in range(spec.blocks))
        self.norm = nn.LayerNorm(width)
        self.causal, self.heads = spec.causal, spec.heads

    def states(self, vectors: Tensor, known: Tensor) -> Tensor:
        """States at all places; those at PAD mean nothing."""
        mask = self._mask(known)
        # Vectors start small; the positions would drown them.
        x = self.dropout(vectors * vectors.shape[2] ** 0.5 + self.position[: vectors.shape[1]])
        for block in self.blocks:
            x = block(x, mask)
        return self.norm(x)

    def _mask(self, known: Tensor) -> Tensor:
        """What is added to the scores of attention, float32[L, L], or [R * A, 1, L] where it looks both ways."""
        if not self.causal:
            return (MASKED * ~known).unsqueeze(1).repeat_interleave(self.heads, 0)
        # Before any known place there is no PAD, so a causal state sees none.
        length = known.shape[1]
        return torch.full((length, length), MASKED, device=known.device).triu(1)


class Block(nn.Module):
    """Attention and a feed-forward layer, each added to what it reads."""

    def __init__(self, spec: Transformer, width: int) -> None:
        super().__init__()
        self.heads = spec.heads
        self.first_norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.joined = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.wide = nn.Linear(width, spec.widen * width)
        self.narrow = nn.Linear(spec.widen * width, width)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """float32[R, L, E] of the same shape; the mask is added to the scores of attention."""
        x = x + self.dropout(self._attend(self.first_norm(x), mask))
        hidden = functional.gelu(self.wide(self.second_norm(x)))
        return x + self.dropout(self.narrow(hidden))

    def _attend(self, x: Tensor, mask: Tensor) -> Tensor:
        query, key, value = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2).flatten(0, 1) for part in self.joined(x).chunk(3, 2)
        )  # [R * A, L, E / A]
        # The fused kernel takes 2.5 to 5 times as long in bf16 on a CPU, all of it backwards.
        scale = query.shape[2] ** -0.5
        scores = torch.baddbmm(mask.to(query.dtype), query, key.transpose(1, 2), alpha=scale)  # [R * A, L, L]
        found = torch.bmm(scores.softmax(2), value)
        return self.out(found.unflatten(0, (-1, self.heads)).transpose(1, 2).flatten(2))
