"""What every side is given and what it answers. NumPy only: it is imported in the peers' environments too."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.film_rows import FilmRows

SINGLES = ("user", "gender", "age", "occupation", "item", "year", "genre")
"""Categories of one value that all models read; the others are read by models as `Task.model` says."""

DIM = 16
CROSSES = 3
DEEP = (256, 128)
ATTENTION = (80, 40)
TOP = (200, 80)


@dataclass(frozen=True)
class Task:
    """One fit.

    model   deepfm, dcn (a weight vector a cross) and dcn_v2 (a matrix) read SINGLES and the set `genres`; din reads
            SINGLES and the history of item and genre
    out     file for the predictions on the test part
    """

    rows: str
    model: str
    epochs: int
    batch: int
    learning_rate: float
    threads: int
    bf16: bool
    out: str

    def load(self) -> FilmRows:
        """The rows of the file."""
        with np.load(self.rows) as file:
            arrays = dict(file)
        columns = {name.removeprefix("column."): values for name, values in arrays.items() if "column." in name}
        sizes = {name.removeprefix("size."): int(size) for name, size in arrays.items() if "size." in name}
        return FilmRows(columns, sizes, arrays["like"], arrays["part"])


def save(rows: FilmRows, path: Path) -> None:
    """Write rows where the sides read them."""
    columns = {f"column.{name}": values for name, values in rows.columns.items()}
    sizes = {f"size.{name}": np.int64(size) for name, size in rows.sizes.items()}
    np.savez(path, like=rows.like, part=rows.part, **columns, **sizes)


def answer(task: Task, rows: int, fit: Callable[[], object], predict: Callable[[], NDArray[np.floating]]) -> None:
    """Time the fit on `rows` training rows, store the predictions, print one line of JSON."""
    start, start_cpu = time.perf_counter(), time.process_time()
    fit()
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    np.save(task.out, np.asarray(predict(), np.float32).ravel())
    done = rows * task.epochs
    print(json.dumps({"rows_per_second": done / seconds, "rows_per_cpu_second": done / cpu}))
