"""Behaviour sequence transformer: the candidate is the last place of the history, and all attend to all.

Chen et al., DLP-KDD 2019, https://arxiv.org/abs/1905.06874. Deviations: places are counted from the newest on, not
measured in time; blocks normalise what they read, not what they say, and bend by GELU. What a place says depends on
the candidate, so that everything is computed for each of them; the `Transformer` of `Encoded` reads the history once.

Shapes: N rows, R = 1 or N requests, L history length, H history columns, D vector size, E = H * D.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.bounds import Count, Dropped, bounded
from taojin.nn.encoders import MASKED
from taojin.nn.transformer import Block, Transformer
from taojin.ranking.parts import Fields, History, InterestModule


@dataclass(frozen=True, kw_only=True)
class BST:
    """The states of all places, (L + 1) * H vectors; zero at PAD."""

    blocks: Count = 1
    heads: Count = 2
    widen: Count = 4
    dropout: Dropped = 0.0

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> InterestModule:
        """A module that reads every history column."""
        columns = fields.history_columns("BST")
        assert fields.inputs.history is not None
        size = columns * fields.dim
        if size % self.heads:
            raise ValueError(f"BST: expected a width that {self.heads} heads divide, got {size}")
        return Joined(self, columns, size, fields.inputs.history.length)


class Joined(InterestModule):
    def __init__(self, spec: BST, columns: int, size: int, length: int) -> None:
        super().__init__()
        self.columns, self.length, self.heads = columns, length, spec.heads
        self.count = (length + 1) * columns
        self.position = nn.Parameter(torch.randn(length + 1, size) * 0.02)
        block = Transformer(heads=spec.heads, widen=spec.widen, dropout=spec.dropout)
        self.blocks = nn.ModuleList(Block(block, size) for _ in range(spec.blocks))

    def forward(self, history: History, candidate: Tensor) -> tuple[Tensor, float]:
        """float32[N, (L + 1) * H, D]."""
        rows = candidate.shape[0]
        short = self.length - history.known.shape[1]
        vectors = functional.pad(history.vectors, (0, 0, short, 0)).expand(rows, -1, -1)
        known = functional.pad(history.known, (short, 1), value=False).expand(rows, -1)
        known = known | (torch.arange(self.length + 1, device=known.device) == self.length)
        x = torch.cat([vectors, candidate.unsqueeze(1)], 1) + self.position
        mask = (MASKED * ~known).unsqueeze(1).repeat_interleave(self.heads, 0)
        for block in self.blocks:
            x = block(x, mask)
        return (x * known.unsqueeze(2)).unflatten(2, (self.columns, -1)).flatten(1, 2), 0.0
