"""What every side is given and what it answers. NumPy only: it is imported in the peers' environments too."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.encoded import EncodedRows

DIM = 16
CROSSES = 3
DEEP = (256, 128)
COMPRESSED = (32, 32)
ATTENTION = (80, 40)
TOP = (200, 80)
VALID, TEST = 1, 2
PARTS = {"valid": VALID, "test": TEST}

Predictions = NDArray[np.float32]


@dataclass(frozen=True)
class Task:
    """One fit.

    model       fm, wide_deep, deepfm, dcn (a weight vector a cross), dcn_v2 (a matrix) and xdeepfm read single values
                and sets; din reads single values and the history
    target      name of the label
    patience    None: for speed, all epochs are run; otherwise the epoch that is best on validation is kept, and
                training ends after so many worse ones
    out         file for the predictions
    rowwise     our tables learn by row-wise Adagrad, where a fit is for quality; otherwise by Adam, as the peers' do
    """

    rows: str
    model: str
    target: str
    epochs: int
    batch: int
    learning_rate: float
    threads: int
    out: str
    bf16: bool = False
    patience: int | None = None
    seed: int = 0
    rowwise: bool = False

    @classmethod
    def read(cls) -> "Task":
        """The task of the command line."""
        return cls(**json.loads(sys.argv[1]))

    @property
    def sequence(self) -> bool:
        """Whether the model reads histories."""
        return self.model == "din"

    def load(self) -> EncodedRows:
        """The rows of the file."""
        return EncodedRows.load(self.rows)


def answer(task: Task, rows: int, fit: Callable[[], object], predict: Callable[[], NDArray[np.floating]]) -> None:
    """Time the fit on `rows` training rows, store the predictions, print one line of JSON."""
    start, start_cpu = time.perf_counter(), time.process_time()
    fit()
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    np.save(task.out, np.asarray(predict(), np.float32).ravel())
    done = rows * task.epochs
    print(json.dumps({"rows_per_second": done / seconds, "rows_per_cpu_second": done / cpu}))


class Fit(Protocol):
    """A peer's model in training."""

    def epoch(self) -> None:
        """One pass over the training rows."""
        ...

    def auc(self) -> float:
        """On the validation part."""
        ...

    def predict(self, part: int) -> Predictions:
        """Probabilities of the rows of a part."""
        ...


def best_epoch(task: Task, fit: Fit) -> None:
    """Train until validation gets no better; store what the best epoch predicts, print one line of JSON."""
    assert task.patience is not None, "a fit for quality stops by validation"
    start = time.perf_counter()
    values: list[float] = []
    while len(values) < task.epochs and len(values) - 1 - int(np.argmax(values or [0.0])) < task.patience:
        fit.epoch()
        values.append(fit.auc())
        if values[-1] == max(values):
            store(task, fit.predict(VALID), fit.predict(TEST))
    print(json.dumps({"seconds": time.perf_counter() - start, "valid_auc": values}))


def store(task: Task, valid: Predictions, test: Predictions) -> None:
    """Write predictions for both parts to the file of the task."""
    np.savez(Path(task.out), valid=np.asarray(valid, np.float32).ravel(), test=np.asarray(test, np.float32).ravel())
