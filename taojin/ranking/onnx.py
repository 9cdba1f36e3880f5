"""A trained ranking model as it is served: an ONNX graph and what its inputs are. No torch.

Shapes: R requests, N rows of all requests, L history length, H history columns.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnxruntime

from taojin.core.batch import Rows
from taojin.core.units import PAD, Floats, Ints
from taojin.features.inputs import Inputs, Packed
from taojin.nn.session import loaded

FEW = 16
"""Up to this many candidates a request on average, rows are run as they are, each with its own copy of its request."""
BLOCK = 4_096
"""Rows of such a run."""


@dataclass(frozen=True)
class OnnxRanker:
    """Scores candidates with an ONNX graph that computes what the rows of a request share only once.

    graph       ONNX bytes; inputs as in `Packed`, the request side with 1 row or as many as the item side
    tasks       names of the graph's output columns
    features    names of the features it reads
    threads     of ONNX Runtime within one run; 1, so that concurrent requests do not compete
    """

    graph: bytes
    inputs: Inputs
    tasks: tuple[str, ...]
    features: tuple[str, ...]
    threads: int = 1

    @cached_property
    def session(self) -> onnxruntime.InferenceSession:
        """The loaded graph."""
        return loaded(self.graph, self.threads)

    @cached_property
    def read(self) -> tuple[str, ...]:
        """Names of the inputs that the graph has; those that the network does not read are not among them."""
        return tuple(put.name for put in self.session.get_inputs())

    def score(self, rows: Rows) -> dict[str, Floats]:
        """Probability of each task for each candidate, float32[N]."""
        packed = self.inputs.pack(rows)
        requests = len(packed.request)
        by_row = requests > 1 and len(rows.of) <= FEW * requests
        found = self._by_row(packed, rows.of) if by_row else self._by_request(packed, rows.of)
        return {task: found[:, column] for column, task in enumerate(self.tasks)}

    def _by_request(self, packed: Packed, of: Ints) -> Floats:
        """A run per request: its side is computed once for all its candidates."""
        order = np.argsort(of, kind="stable")
        bounds = np.searchsorted(of[order], np.arange(len(packed.request) + 1))
        found = np.empty((len(of), len(self.tasks)), np.float32)
        for request in np.flatnonzero(np.diff(bounds)):
            rows = order[bounds[request] : bounds[request + 1]]
            found[rows] = self._run(packed, slice(request, request + 1), rows)
        return found

    def _by_row(self, packed: Packed, of: Ints) -> Floats:
        """Runs over blocks of rows, each with its own copy of its request."""
        found = np.empty((len(of), len(self.tasks)), np.float32)
        for start in range(0, len(of), BLOCK):
            rows = slice(start, start + BLOCK)
            found[rows] = self._run(packed, of[rows], rows)
        return found

    def _run(self, packed: Packed, requests: slice | Ints, rows: slice | Ints) -> Floats:
        history = packed.history[requests]
        values = {
            "request": packed.request[requests],
            "item": packed.item[rows],
            "request_numbers": packed.request_numbers[requests],
            "item_numbers": packed.item_numbers[rows],
            "history": history[:, _first_known(history) :],
        }
        found: Floats = self.session.run(None, {name: values[name] for name in self.read})[0]
        return found


def _first_known(history: Ints) -> int:
    """Where the longest history begins: what is left of it is PAD for all and need not be computed; one place stays."""
    if not history.size:
        return 0
    known = (history != PAD).any(axis=(0, 2))
    return int(known.argmax()) if known.any() else history.shape[1] - 1
