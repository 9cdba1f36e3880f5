"""What two towers read: the items once for all, and liked events whose requests are read when a batch is gathered.

Shapes: I items in the vocabulary, R requests, B liked events of a batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from taojin.core.batch import Requests, Rows
from taojin.core.units import Floats
from taojin.data.dataset import TrainView
from taojin.embeddings.next_item import NextItems
from taojin.embeddings.query import pack_requests
from taojin.embeddings.towers.negatives import Sample, Sampler
from taojin.features.feature import Ask, Column, Level
from taojin.features.inputs import Inputs
from taojin.features.past import whole_catalogue


class Asked(NamedTuple):
    """The inputs of the user tower, see `Packed`."""

    request: Tensor
    request_numbers: Tensor
    history: Tensor


class Offered(NamedTuple):
    """The inputs of the item tower, see `Packed`."""

    item: Tensor
    item_numbers: Tensor

    def of(self, items: Tensor) -> "Offered":
        """Those of some item rows."""
        return Offered(self.item.index_select(0, items), self.item_numbers.index_select(0, items))


class TowerBatch(NamedTuple):
    """Liked events, and the items that all of them are told from.

    age         float32[B]  see `TwoTowers.users`
    wanted      int64[B]    item rows
    """

    asked: Asked
    age: Tensor
    wanted: Tensor
    sample: Sample


def read_items(view: TrainView, columns: Mapping[str, Column], inputs: Inputs, device: torch.device) -> Offered:
    """Codes and numbers of every item; a feature that tells different things to different requests is refused."""
    nobody = whole_catalogue(view, columns)
    user = np.array([np.argmax(np.diff(view.log.offsets))])
    past = view.log.before(user, np.array([view.end]))
    earliest = view.log.events.time.min(keepdims=True)
    somebody = Ask(replace(nobody.requests, user=user, time=earliest, past=past), nobody.candidates, columns)
    side = inputs.side(Level.CANDIDATE)
    values = {name: nobody.value(name) for name in side.names}
    for name in side.names:
        if not np.array_equal(values[name], somebody.value(name)):
            raise ValueError(
                f"two towers: feature {name!r} of the items depends on who asks, or when, so that no vector of an "
                "item can be made of it; name attributes"
            )
    packed = side.pack(Rows({}, values, nobody.of))
    return Offered(torch.from_numpy(packed.item).to(device), torch.from_numpy(packed.item_numbers).to(device))


@dataclass(frozen=True)
class RequestReader:
    """Reads the inputs of the user tower for any requests.

    inputs      fields of the request, the history apart
    history     name of the history
    """

    columns: Mapping[str, Column]
    inputs: Inputs
    history: str
    device: torch.device

    def read(self, requests: Requests) -> Asked:
        """Values as of each request's time."""
        ask = Ask(requests, None, self.columns)
        values = {name: ask.value(name) for name in (*self.inputs.names, self.history)}
        arrays = pack_requests(self.inputs, self.history, Rows(values, {}, requests.user[:0]))
        return Asked(**{name: torch.from_numpy(array).to(self.device) for name, array in arrays.items()})


@dataclass(frozen=True)
class LikedEvents:
    """Liked events as a source of batches.

    begin, end      times of the log, between which examples age
    """

    rows: NextItems
    reader: RequestReader
    sampler: Sampler
    begin: int
    end: int

    @classmethod
    def of(cls, rows: NextItems, reader: RequestReader, sampler: Sampler, view: TrainView) -> "LikedEvents":
        """The view tells when examples are old."""
        return cls(rows, reader, sampler, int(view.log.events.time.min()), view.end)

    def __len__(self) -> int:
        return len(self.rows)

    def gather(self, rows: Tensor) -> TowerBatch:
        """Some events with the items that they are told from."""
        some = self.rows[rows.cpu().numpy()]
        wanted = torch.from_numpy(some.item).to(rows.device)
        age = torch.from_numpy(self.age(some.requests)).to(rows.device)
        return TowerBatch(self.reader.read(some.requests), age, wanted, self.sampler.draw(wanted))

    def age(self, requests: Requests) -> Floats:
        """Share of the log that lies between each request and the log's end, float32[R] in [0, 1]."""
        age: Floats = ((self.end - requests.time) / (self.end - self.begin)).astype(np.float32)
        return age
