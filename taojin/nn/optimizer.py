"""Optimisers: Adam for networks and small tables, row-wise Adagrad for tables of many rows.

AdamW: Loshchilov and Hutter, ICLR 2019, https://arxiv.org/abs/1711.05101

Shapes: V rows of a table, U distinct rows of a batch, D vector size.
"""

from typing import Any

import torch
from torch import Tensor, nn

from taojin.nn.table import Table


class RowwiseAdagrad(torch.optim.Optimizer):
    """Adagrad with one number of state per row and work for met rows only; parameters float32[V, D], sparse gradients.

    l2  each step adds it times the row to the gradient of the rows that the batch met

    Adagrad: Duchi, Hazan and Singer, JMLR 2011, https://jmlr.org/papers/v12/duchi11a.html; the row-wise form as in
    Naumov et al., "Deep Learning Recommendation Model", 2019, https://arxiv.org/abs/1906.00091
    """

    def __init__(self, tables: list[nn.Parameter], learning_rate: float, l2: float) -> None:
        super().__init__(tables, {"lr": learning_rate, "l2": l2})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update the rows that the batch met."""
        for group in self.param_groups:
            for table in group["params"]:
                if table.grad is not None:
                    self._step(table, table.grad, group["lr"], group["l2"])

    def _step(self, table: nn.Parameter, gradient: Tensor, learning_rate: float, l2: float) -> None:
        state = self.state[table]
        if not state:
            state["sum"] = torch.zeros(len(table), device=table.device)
        if gradient.is_sparse:
            # Uncoalesced: one entry per gathered row; `unique` is faster than the sort of `coalesce`.
            rows, inverse = torch.unique(gradient._indices()[0], return_inverse=True)  # [U]
            values = gradient._values()
            total = values.new_zeros(len(rows), values.shape[1]).index_add_(0, inverse, values)  # [U, D]
        else:  # a penalty (`Decay`) has met every row
            rows, total = torch.arange(len(table), device=table.device), gradient.clone()
        total.add_(table[rows], alpha=l2)
        state["sum"][rows] += total.square().mean(1)
        table[rows] -= learning_rate * total / (state["sum"][rows].sqrt() + 1e-10).unsqueeze(1)


class Optimizers:
    """The optimisers of a module's parameters, stepped together. Tables get `embedding_l2` on the rows of the batch.

    Zhou et al., KDD 2018, https://arxiv.org/abs/1706.06978, section 5.1; deviation: a row counts once per batch.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        learning_rate: float,
        sparse_rate: float,
        embedding_l2: float,
        weight_decay: float,
    ) -> None:
        tables = [part for part in module.modules() if isinstance(part, Table)]
        sparse = [table.weight for table in tables if table.sparse]
        self.dense = [table.weight for table in tables if not table.sparse]
        self.l2 = embedding_l2
        of_tables = {id(weight) for weight in (*sparse, *self.dense)}
        groups = [
            {"params": [w for w in module.parameters() if id(w) not in of_tables], "weight_decay": weight_decay},
            {"params": self.dense, "weight_decay": 0.0},
        ]
        self.all: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=learning_rate, fused=True)]
        if sparse:
            self.all.append(RowwiseAdagrad(sparse, sparse_rate, embedding_l2))

    def zero(self) -> None:
        """Forget the gradients."""
        for optimizer in self.all:
            optimizer.zero_grad()

    @torch.no_grad()
    def step(self) -> None:
        """Update all parameters by their gradients."""
        for weight in self.dense:
            if self.l2 and weight.grad is not None:
                met = weight.grad.ne(0).any(1, keepdim=True)
                weight.grad.add_(weight * met, alpha=self.l2)
        for optimizer in self.all:
            optimizer.step()

    def slow_down(self, factor: float) -> None:
        """Multiply all learning rates."""
        for optimizer in self.all:
            for group in optimizer.param_groups:
                group["lr"] *= factor

    def state(self) -> list[dict[str, Any]]:
        """What `load` takes."""
        return [optimizer.state_dict() for optimizer in self.all]

    def load(self, state: list[dict[str, Any]]) -> None:
        """Go on from a `state`."""
        for optimizer, its_state in zip(self.all, state, strict=True):
            optimizer.load_state_dict(its_state)
