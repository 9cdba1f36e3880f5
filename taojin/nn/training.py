"""How a network is trained: the settings of `trainer.py`."""

import math
import re
from dataclasses import dataclass

import torch

from taojin.core.bounds import Count, NotNegative, Portion, Positive, Span, Whole, bounded

FEWEST = 16
"""Rows of a step, however few there are."""
SPARSE_FROM = 100_000
"""Rows of a table from which sparse gradients and row-wise Adagrad are faster than dense ones and Adam."""
DEVICE = re.compile(r"auto|cpu|cuda(?::(?:0|[1-9][0-9]*))?")


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a network is trained.

    learning_rate   of Adam, for everything but sparse tables
    sparse_rate     learning rate of row-wise Adagrad, for sparse tables
    batch           rows of a step
    steps           of an epoch, at least: where there are few rows, a step has fewer than `batch`, down to FEWEST;
                    0: it always has `batch`
    accumulate      a step's rows go through the network in so many parts, whose gradients add up: for batches that are
                    larger than memory
    epochs          at most this many passes over the rows
    patience        stop after this many epochs in a row without a better validation value
    minutes         stop after the epoch in which so much time has passed, validation included
    drop            all learning rates are multiplied by it after an epoch without a better value
    embedding_l2    each step adds it times the row to the gradient of the table's rows that the batch met
    weight_decay    decoupled (AdamW), for everything but tables
    bf16            autocast to bfloat16: look whether the hardware has it, and whether the metric stays
    device          "auto" (a GPU if there is one), "cpu", "cuda", "cuda:1", ...
    sparse          sparse gradients for tables; None: for those with at least SPARSE_FROM rows

    >>> Training(batch=512, device="cpu").place()
    device(type='cpu')
    """

    learning_rate: Positive = 1e-3
    sparse_rate: Positive = 0.05
    batch: Count = 2048
    steps: Whole = 0
    accumulate: Count = 1
    epochs: Count = 20
    patience: Count = 2
    minutes: Span = math.inf
    drop: Portion = 0.5
    embedding_l2: NotNegative = 1e-5
    weight_decay: NotNegative = 0.0
    bf16: bool = False
    device: str = "auto"
    sparse: bool | None = None

    def __post_init__(self) -> None:
        bounded(self)
        if not DEVICE.fullmatch(self.device):
            raise ValueError(f"Training.device: expected auto, cpu, cuda or cuda:1; got {self.device!r}")

    def place(self) -> torch.device:
        """The device that the module and its rows go to. Raises ValueError if this machine does not have it."""
        there = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if self.device == "auto":
            return torch.device("cuda" if there else "cpu")
        kind, _, index = self.device.partition(":")
        if kind == "cuda" and int(index or 0) >= there:
            raise ValueError(
                f"Training.device: {self.device!r}, but this machine has no such GPU, {there} in all; take auto or cpu"
            )
        return torch.device(self.device)

    def rows(self, of: int) -> int:
        """Rows of a step, of so many in all.

        >>> Training(batch=2048, steps=100).rows(50_000), Training(batch=2048).rows(50_000)
        (500, 2048)
        """
        return min(self.batch, max(FEWEST, of // self.steps)) if self.steps else self.batch

    def rowwise(self, rows: int) -> bool:
        """Whether a table of so many rows gets sparse gradients and row-wise Adagrad."""
        return rows >= SPARSE_FROM if self.sparse is None else self.sparse

    def precision(self) -> torch.autocast:
        """The context in which a network runs forward."""
        return torch.autocast(self.place().type, torch.bfloat16, enabled=self.bf16)
