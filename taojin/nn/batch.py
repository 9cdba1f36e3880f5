"""Rows in memory as tensors: packed once, then a batch is an index gather.

Shapes: R requests, N rows, S slots of a side, L history length, H history columns, T tasks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from taojin.core.batch import Rows
from taojin.core.units import PAD, Ints
from taojin.features.feature import Level
from taojin.features.inputs import Inputs, Packed
from taojin.nn.samples import Samples

PLACES = 32_768
"""History places that go through a network at once on a CPU: more leave the cache and take 1.7 times as long."""


class Batch(NamedTuple):
    """The five inputs of a network and of its ONNX graph: R = N in training, R = 1 in serving.

    request             int[R, S]       codes, see `Packed`
    item                int[N, S]
    request_numbers     float32[R, .]
    item_numbers        float32[N, .]
    history             int[R, L, H]    PAD on the left
    """

    request: Tensor
    item: Tensor
    request_numbers: Tensor
    item_numbers: Tensor
    history: Tensor


class Labelled(NamedTuple):
    """A batch to learn from: labels float32[N, T] (NaN: missing) and weight float32[N, T]."""

    batch: Batch
    labels: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Columns:
    """The inputs of many rows; what the rows of a request share is stored once.

    batch   all requests and all rows
    of      int64[N]    request of each row
    places  int64[R]    places of the request's history from the first known one on
    """

    batch: Batch
    of: Tensor
    places: Tensor

    @classmethod
    def pack(cls, inputs: Inputs, rows: Rows, device: torch.device) -> "Columns":
        """Pack rows into tensors; refuses codes that their category does not have, and numbers that are not finite."""
        packed = inputs.pack(rows)
        check_codes(inputs, packed)
        inputs.check_numbers(packed)
        return cls(
            Batch(
                # Half the memory of int64, and half the traffic of a gather.
                request=torch.from_numpy(packed.request.astype(np.int32)).to(device),
                item=torch.from_numpy(packed.item.astype(np.int32)).to(device),
                request_numbers=torch.from_numpy(packed.request_numbers).to(device),
                item_numbers=torch.from_numpy(packed.item_numbers).to(device),
                history=torch.from_numpy(packed.history.astype(np.int32)).to(device),
            ),
            torch.from_numpy(rows.of).to(device),
            torch.from_numpy(_known_places(packed.history)).to(device),
        )

    def __len__(self) -> int:
        return len(self.of)

    def gather(self, rows: Tensor) -> Batch:
        """The inputs of some rows int64[N], with R = N; histories are cut to the longest one."""
        request = self.of.index_select(0, rows)
        whole = self.batch
        length = whole.history.shape[1]
        longest = int(self.places.index_select(0, request).max()) if length else 0
        return Batch(
            whole.request.index_select(0, request),
            whole.item.index_select(0, rows),
            whole.request_numbers.index_select(0, request),
            whole.item_numbers.index_select(0, rows),
            whole.history[:, length - longest :].index_select(0, request),
        )


@dataclass(frozen=True)
class LabelledColumns:
    """Samples as tensors: a source of batches for the trainer."""

    columns: Columns
    labels: Tensor
    weight: Tensor

    @classmethod
    def pack(cls, inputs: Inputs, samples: Samples, device: torch.device) -> "LabelledColumns":
        """Pack samples into tensors on a device."""
        return cls(
            Columns.pack(inputs, samples.rows, device),
            torch.from_numpy(samples.labels).to(device),
            torch.from_numpy(np.array(samples.weights)).to(device),
        )

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, rows: Tensor) -> Labelled:
        """Some rows with their labels; rows int64[N]."""
        return Labelled(self.columns.gather(rows), self.labels.index_select(0, rows), self.weight.index_select(0, rows))

    def pieces(self, rows: Tensor) -> Sequence[Tensor]:
        """The rows divided by the length of their histories, so few at a time that their places stay in the cache."""
        length = self.columns.batch.history.shape[1]
        if not length or rows.device.type != "cpu":
            return (rows,)
        order = self.columns.places[self.columns.of[rows]].argsort(stable=True)
        return rows[order].split(max(PLACES // length, 1))


def _known_places(history: Ints) -> Ints:
    if not history.size:
        return np.zeros(len(history), np.int64)
    known = (history != PAD).any(2)
    return np.where(known.any(1), history.shape[1] - known.argmax(1), 1).astype(np.int64)


def check_codes(inputs: Inputs, packed: Packed) -> None:
    """A code beyond its category would read the vectors of the next one."""
    for level, codes in ((Level.REQUEST, packed.request), (Level.CANDIDATE, packed.item)):
        slot = 0
        for field in inputs.categories:
            if field.level == level:
                _check_range(field.name, codes[:, slot : slot + field.values], field.size)
                slot += field.values
    if inputs.histories:
        sizes = {field.name: field.size for field in inputs.categories}
        names = [(history.name, column) for history in inputs.histories for column in history.columns]
        for place, (history, name) in enumerate(names):
            _check_range(f"{history}.{name}", packed.history[:, :, place], sizes[name])


def _check_range(name: str, codes: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", size: int) -> None:
    low, high = codes.min(initial=0), codes.max(initial=0)
    if low < 0 or high >= size:
        raise ValueError(
            f"feature {name!r}: expected codes in [0, {size}), got {low} to {high}; is it of another vocabulary?"
        )
