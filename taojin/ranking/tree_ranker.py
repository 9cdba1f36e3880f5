"""Trees as they are served: columns of the rows, and an ONNX graph per task. No LightGBM.

Shapes: R requests, N rows, C columns, S slots of a set.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from taojin.core.batch import Rows
from taojin.core.units import PAD, Floats, Ints
from taojin.features.feature import Level
from taojin.features.inputs import Inputs
from taojin.nn.session import loaded

SET = 64
"""Columns of a set at most: its codes are counted by their rest."""


@dataclass(frozen=True)
class TreeRanker:
    """Scores candidates with one graph per task.

    graphs      ONNX bytes: columns float32[N, C] -> probability float32[N, 1]
    threads     of ONNX Runtime within one run
    """

    graphs: dict[str, bytes]
    inputs: Inputs
    features: tuple[str, ...]
    threads: int = 1

    @cached_property
    def sessions(self) -> dict[str, onnxruntime.InferenceSession]:
        """The loaded graphs."""
        return {task: loaded(graph, self.threads) for task, graph in self.graphs.items()}

    def score(self, rows: Rows) -> dict[str, Floats]:
        """Probability of each task, float32[N]; of a ranking objective, a score in (0, 1)."""
        if not len(rows.of):
            return {task: np.empty(0, np.float32) for task in self.graphs}
        columns = table(self.inputs, rows)
        return {task: one.run(None, {"columns": columns})[0][:, 0] for task, one in self.sessions.items()}


def table(inputs: Inputs, rows: Rows) -> Floats:
    """A column per category of one value (its code) and per number, and of a set one per code, float32[N, C]."""
    parts: list[Floats] = []
    for field in inputs.categories:
        codes = _of_rows(rows, field.name, field.level).reshape(len(rows.of), field.values)
        parts.append(codes.astype(np.float32) if field.values == 1 else _counts(codes, min(field.size, SET)))
    for number in inputs.numbers:
        parts.append(_of_rows(rows, number.name, number.level).reshape(len(rows.of), number.width).astype(np.float32))
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def categorical(inputs: Inputs) -> list[int]:
    """The columns that hold codes."""
    start, found = 0, []
    for field in inputs.categories:
        found += [start] if field.values == 1 else []
        start += 1 if field.values == 1 else min(field.size, SET)
    return found


def _of_rows(rows: Rows, name: str, level: Level) -> NDArray[Any]:
    return rows.request[name][rows.of] if level == Level.REQUEST else rows.candidate[name]


def _counts(codes: Ints, width: int) -> Floats:
    """How often each rest occurs among the known codes of a row, float32[N, width]."""
    found = np.zeros((len(codes), width), np.float32)
    row, slot = np.nonzero(codes != PAD)
    np.add.at(found, (row, codes[row, slot] % width), 1)
    return found
