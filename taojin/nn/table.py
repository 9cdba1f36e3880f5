"""One table of vectors for all fields of a network: one gather, one gradient.

Shapes: R requests, N rows, F fields of a side, L history length, H history columns, D vector size.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.units import PAD
from taojin.features.feature import Level
from taojin.features.inputs import CategoryField, Inputs
from taojin.nn.batch import Batch
from taojin.nn.memory import check_fits

START_DEVIATION = 0.01
"""Standard deviation of the vectors before training: small, so that products of them start near zero."""


class Vectors(NamedTuple):
    """What a table knows of a batch.

    request     float32[R, F, D]    a vector per field of the request: categories, then numbers
    item        float32[N, F, D]
    history     float32[R, L, H, D] zeros at PAD
    """

    request: Tensor
    item: Tensor
    history: Tensor


class Table(nn.Module):
    """Vectors of the fields of `inputs`, each of size `dim`.

    A category is its row, a set the mean of its rows, a number its value times its vector, a vector feature its
    projection. PAD is the zero vector, always. History codes read the rows of the candidate's column of that name.
    Before training they are normal with the standard deviation `deviation`.

    weight      float32[rows, D]    the rows of all categories, one category behind the other; row 0 is PAD
    sparse      bool                whether `weight` gets a sparse gradient; the trainer decides

    >>> item = CategoryField("item", Level.CANDIDATE, size=5)
    >>> table = Table(Inputs((item, CategoryField("tags", Level.CANDIDATE, size=4, values=2))), dim=8)
    >>> codes = torch.tensor([[2, 3, 0], [4, 0, 0]])  # the second item has no tags
    >>> vectors = table.items(codes, torch.empty(2, 0))
    >>> vectors.shape, bool(vectors[1, 1].any())
    (torch.Size([2, 2, 8]), False)
    """

    def __init__(self, inputs: Inputs, dim: int, deviation: float = START_DEVIATION) -> None:
        super().__init__()
        self.starts = starts = _starts(inputs.categories)
        rows = sum(field.size for field in inputs.categories)
        self.dim = dim
        self.sparse = False
        _check_fits(inputs.categories, dim)
        self.weight = nn.Parameter(torch.randn(max(rows, 1), dim) * deviation)
        with torch.no_grad():
            self.weight[PAD].zero_()
        self.request = Side(inputs, Level.REQUEST, starts, dim, deviation)
        self.item = Side(inputs, Level.CANDIDATE, starts, dim, deviation)
        self.history_start = _buffer([starts[name] for name in inputs.history_columns])

    def forward(self, batch: Batch) -> Vectors:
        """All vectors of a batch; a table of inputs without a history has H = 0."""
        past = _rows(batch.history[:, :, : len(self.history_start)], self.history_start)
        rows = (self.request.rows(batch.request), self.item.rows(batch.item), past)
        request, item, history = self._gather_all(rows) if torch.is_grad_enabled() else map(self.of, rows)
        return Vectors(
            self.request(request, batch.request, batch.request_numbers),
            self.item(item, batch.item, batch.item_numbers),
            history,
        )

    def requests(self, codes: Tensor, numbers: Tensor) -> Tensor:
        """Vectors of the request's fields alone, float32[R, F, D]."""
        return self.request(self.of(self.request.rows(codes)), codes, numbers)

    def items(self, codes: Tensor, numbers: Tensor) -> Tensor:
        """Vectors of the item's fields alone, float32[N, F, D]."""
        return self.item(self.of(self.item.rows(codes)), codes, numbers)

    def past(self, history: Tensor) -> Tensor:
        """Vectors of a history alone, float32[R, L, H, D]."""
        return self.of(_rows(history, self.history_start))

    @torch.no_grad()
    def fill(self, name: str, vectors: Tensor) -> None:
        """Set the vectors of a category's codes, float32[size, D]; those that are zero stay as they are."""
        rows = self.weight[self.starts[name] : self.starts[name] + len(vectors)]
        rows.copy_(torch.where(vectors.any(1, keepdim=True), vectors, rows))

    def _gather_all(self, rows: Sequence[Tensor]) -> list[Tensor]:
        # Each further gather from the same table would make a gradient of the whole table.
        found = self.of(torch.cat([part.flatten() for part in rows])).split([part.numel() for part in rows])
        return [vectors.view(*part.shape, self.dim) for vectors, part in zip(found, rows, strict=True)]

    def of(self, rows: Tensor) -> Tensor:
        """The rows themselves, float32[..., D]; zeros at PAD."""
        if torch.is_grad_enabled() and not self.sparse:
            found: Tensor = _Gather.apply(self.weight, rows)
            return found
        return functional.embedding(rows, self.weight, padding_idx=PAD, sparse=self.sparse)


class _Gather(torch.autograd.Function):
    """Rows of a table, as `functional.embedding` with a gradient that is computed two to four times as fast."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.size = len(weight)
        return weight.index_select(0, rows.flatten()).view(*rows.shape, weight.shape[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        gradient = gradient.reshape(-1, gradient.shape[-1])
        total = gradient.new_zeros(ctx.size, gradient.shape[1]).index_add_(0, rows.flatten(), gradient)
        total[PAD] = 0
        return total, None


class Side(nn.Module):
    """The fields of one level: where their codes lie in the table, and the vectors of their numbers."""

    def __init__(self, inputs: Inputs, level: Level, starts: dict[str, int], dim: int, deviation: float) -> None:
        super().__init__()
        categories = [field for field in inputs.categories if field.level == level]
        numbers = [field for field in inputs.numbers if field.level == level]
        self.singles = sum(field.values == 1 for field in categories)
        self.sets = [field.values for field in categories if field.values > 1]
        assert all(field.values == 1 for field in categories[: self.singles]), "sets come behind single values"
        self.start = _buffer([starts[field.name] for field in categories for _ in range(field.values)])
        self.widths = [field.width for field in numbers]
        self.vectors = nn.Parameter(torch.randn(sum(self.widths), dim) * deviation)

    def rows(self, codes: Tensor) -> Tensor:
        """Rows of the table, int64[N, S]."""
        return _rows(codes, self.start)

    def forward(self, found: Tensor, codes: Tensor, numbers: Tensor) -> Tensor:
        """A vector per field, float32[N, F, D], from what the table holds at each slot."""
        # Split once: the gradient of a slice is a tensor of zeros as large as the whole.
        singles, *sets = found.split([self.singles, *self.sets], 1)
        _, *codes_of_sets = codes.split([self.singles, *self.sets], 1)
        vectors = [singles]
        for values, its_codes in zip(sets, codes_of_sets, strict=True):
            known = (its_codes != PAD).sum(1, keepdim=True).clamp(min=1)  # [N, 1]
            vectors.append((values.sum(1) / known).unsqueeze(1))
        if self.widths:
            vectors.append(self._numbers(numbers))
        return torch.cat(vectors, 1) if len(vectors) > 1 else vectors[0]

    def _numbers(self, numbers: Tensor) -> Tensor:
        if max(self.widths) == 1:
            return numbers.unsqueeze(2) * self.vectors  # [N, F, D]
        parts = zip(numbers.split(self.widths, 1), self.vectors.split(self.widths), strict=True)
        return torch.stack([values @ vectors for values, vectors in parts], 1)


def _check_fits(categories: tuple[CategoryField, ...], dim: int) -> None:
    """The weights and a copy of the best epoch's must fit, whatever the optimiser."""
    if categories:
        rows, largest = sum(field.size for field in categories), max(categories, key=lambda field: field.size)
        check_fits(
            2 * 4 * rows * dim,
            f"table of {rows:,} vectors of size {dim}",
            f"{largest.name!r} has {largest.size:,} of them: raise its min_count, hash it to fewer codes, or take a "
            "smaller dim",
        )


def _rows(codes: Tensor, start: Tensor) -> Tensor:
    return torch.where(codes == PAD, PAD, codes + start)


def _starts(categories: tuple[CategoryField, ...]) -> dict[str, int]:
    starts, at = {}, 0
    for field in categories:
        starts[field.name] = at
        at += field.size
    return starts


def _buffer(rows: list[int]) -> nn.Buffer:
    # Not a part of the state: it follows from the inputs.
    return nn.Buffer(torch.tensor(rows, dtype=torch.int64), persistent=False)
