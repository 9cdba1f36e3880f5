"""How requests become query vectors. These stand in a bundle: NumPy and ONNX Runtime only.

Shapes: R requests, Q query vectors of a request, D embedding size, I items in the vocabulary, P seeds.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from taojin.core.batch import Requests, Rows
from taojin.core.units import Floats
from taojin.embeddings.embedding import Query, unit_length
from taojin.embeddings.seeds import Seeds
from taojin.features.feature import Ask, Level, Number, Values
from taojin.features.inputs import Inputs
from taojin.nn.session import loaded


@dataclass(frozen=True, kw_only=True)
class MeanOfItems:
    """The weighted mean of the vectors of the items that a request starts from.

    items   float32[I, D]; an item with a zero vector is not counted
    """

    seeds: Seeds
    items: Floats

    @property
    def features(self) -> tuple[str, ...]:
        return self.seeds.features

    def vectors(self, requests: Requests, rows: Rows) -> Floats:
        """One vector per request, float32[R, 1, D]; zero where no item is known."""
        seeds = self.seeds.find(requests, rows)
        vectors = self.items[seeds.key]  # [P, D]
        weight = seeds.weight * vectors.any(axis=1)
        total = np.bincount(seeds.request, weights=weight, minlength=len(requests))
        mean = np.zeros((len(requests), self.items.shape[1]), np.float32)
        request, start = np.unique(seeds.request[weight > 0], return_index=True)
        if len(request):
            mean[request] = np.add.reduceat((weight[:, None] * vectors)[weight > 0], start)
            mean[request] /= total[request, None]
        return mean[:, None]


@dataclass(frozen=True, kw_only=True)
class JoinedQuery:
    """The queries of several embeddings side by side, each at length 1 times its scale.

    A request that one part knows nothing of is asked by the others.
    """

    parts: tuple[Query, ...]
    scales: tuple[float, ...]

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for part in self.parts for name in part.features))

    def vectors(self, requests: Requests, rows: Rows) -> Floats:
        """Query vectors, float32[R, Q, D]; a part of one vector joins each of another part's several."""
        found = [part.vectors(requests, rows) for part in self.parts]
        several = max(vectors.shape[1] for vectors in found)
        scaled = [
            np.broadcast_to(np.float32(scale) * unit_length(vectors), (len(requests), several, vectors.shape[2]))
            for scale, vectors in zip(self.scales, found, strict=True)
        ]
        return np.concatenate(scaled, axis=2)


@dataclass(frozen=True, kw_only=True)
class TowerQuery:
    """The user tower of two towers, run by ONNX Runtime on what is known at request time.

    graph       ONNX: from those arrays of `pack_requests` that it reads to float32[R, Q, D]
    inputs      fields of the request, the history apart
    history     name of the history
    """

    graph: bytes
    inputs: Inputs
    history: str

    @property
    def features(self) -> tuple[str, ...]:
        return (*self.inputs.names, self.history)

    def vectors(self, requests: Requests, rows: Rows) -> Floats:
        """As many vectors per request as the tower has interests, float32[R, Q, D]."""
        arrays = pack_requests(self.inputs, self.history, rows)
        if not len(requests):
            # Graphs reshape to a size that no row leaves open; one row tells it.
            arrays = {name: np.zeros((1, *array.shape[1:]), array.dtype) for name, array in arrays.items()}
        vectors: Floats = self._session.run(None, {name: arrays[name] for name in self._reads})[0]
        return vectors[: len(requests)]

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        return loaded(self.graph)

    @cached_property
    def _reads(self) -> tuple[str, ...]:
        return tuple(node.name for node in self._session.get_inputs())


def pack_requests(inputs: Inputs, history: str, rows: Rows) -> dict[str, NDArray[np.generic]]:
    """What a user tower reads: `request`, `request_numbers` and `history` as in `Packed`.

    inputs      fields of the request, the history apart
    """
    packed = inputs.pack(Rows(rows.request, {}, rows.of[:0]))
    return {
        "request": packed.request,
        "request_numbers": packed.request_numbers,
        "history": rows.request[history],
    }


def asked_as(embedding: str) -> str:
    """Name of the column that holds the requests' vectors of an embedding; the items' go by the embedding's own name.

    >>> asked_as("dssm")
    'dssm.query'
    """
    return f"{embedding}.query"


@dataclass(frozen=True)
class QueryVectors:
    """The requests' vectors of an embedding as a column, so that rankers may read them."""

    name: str
    query: Query
    form: Number
    level: Level = Level.REQUEST

    def read(self, ask: Ask) -> Values:
        """Query vectors, float32[R, Q, D]."""
        columns = {name: ask.value(name) for name in self.query.features}
        return self.query.vectors(ask.requests, Rows(columns, {}, ask.requests.user[:0]))
