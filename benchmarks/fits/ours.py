"""The package's public `fit`, with the sizes of `task.py`."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from benchmarks.encoded import EncodedRows
from benchmarks.fits.task import (
    ATTENTION,
    COMPRESSED,
    CROSSES,
    DEEP,
    DIM,
    TEST,
    TOP,
    VALID,
    Task,
    answer,
    store,
)
from taojin.core.auc import auc
from taojin.core.batch import Rows
from taojin.features.feature import Ask, Category, Column, Form, History, Level, Values
from taojin.nn.samples import Samples
from taojin.nn.training import SPARSE_FROM, Training
from taojin.ranking.crosses.cin import CIN
from taojin.ranking.crosses.cross_net import CrossNet
from taojin.ranking.crosses.fm import FM
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.lesson import Lesson
from taojin.ranking.model import RankingModel

WARM_UP = 4_096
START = 1e-4
"""Deviation of the vectors before training, as DeepCTR-Torch has it."""

MODELS = {
    "fm": RankingModel(crosses=(Linear(), FM()), dim=DIM),
    "wide_deep": RankingModel(crosses=(Linear(), MLP(DEEP)), dim=DIM),
    "deepfm": RankingModel(crosses=(Linear(), FM(), MLP(DEEP)), dim=DIM),
    "dcn": RankingModel(crosses=(CrossNet(CROSSES, matrix=False), MLP(DEEP)), dim=DIM),
    "dcn_v2": RankingModel(crosses=(CrossNet(CROSSES), MLP(DEEP)), dim=DIM),
    "xdeepfm": RankingModel(crosses=(Linear(), CIN(COMPRESSED), MLP(DEEP)), dim=DIM),
    "din": RankingModel(interests=(TargetAttention(ATTENTION),), crosses=(MLP(TOP),), dim=DIM),
}


@dataclass(frozen=True)
class Encoded:
    """A column whose values are encoded already."""

    name: str
    form: Form
    level: Level

    def read(self, ask: Ask) -> Values:
        """What the batch holds."""
        return ask.value(self.name)


def columns(rows: EncodedRows, *, sequence: bool, one_level: bool = False) -> dict[str, Column]:
    """The columns that a model reads.

    one_level   all belong to the candidate, so that a request may stand for all rows of a user
    """

    def level(name: str) -> Level:
        return Level.REQUEST if name in rows.request and not one_level else Level.CANDIDATE

    found: list[Column] = []
    for name in rows.names(sequence=sequence):
        values = rows.columns[name].shape[1] if name in rows.sets else 1
        found.append(Encoded(name, Category(rows.sizes[name], values), level(name)))
    if sequence:
        found.append(Encoded("history", History(rows.length, rows.history), Level.REQUEST))
    return {column.name: column for column in found}


def samples(rows: EncodedRows, chosen: np.ndarray, read: Mapping[str, Column], targets: tuple[str, ...]) -> Samples:
    """Some of the rows, each with a request of its own."""

    def values(name: str) -> np.ndarray:
        if name != "history":
            return rows.columns[name][chosen].astype(np.int64)
        return np.stack([rows.columns[f"history_{of}"][chosen] for of in rows.history], 2).astype(np.int64)

    n = len(chosen)
    request, candidate = (
        {name: values(name) for name, column in read.items() if column.level == level} for level in Level
    )
    labels = np.stack([rows.labels[target][chosen] for target in targets], 1)
    return Samples(
        Rows(request, candidate, np.arange(n)), labels, targets, np.zeros(n, np.uint8), np.ones(n, np.float32)
    )


def parts(rows: EncodedRows, read: Mapping[str, Column], targets: tuple[str, ...]) -> list[Samples]:
    """Training, validation and test rows."""
    return [samples(rows, np.flatnonzero(rows.part == part), read, targets) for part in (0, VALID, TEST)]


def main() -> None:
    """Fit as the settings of the command line say."""
    task = Task.read()
    torch.set_num_threads(task.threads)
    rows = task.load()
    read = columns(rows, sequence=task.sequence)
    train, valid, test = parts(rows, read, (task.target,))
    training = Training(
        learning_rate=task.learning_rate, batch=task.batch, epochs=task.epochs, bf16=task.bf16, device="cpu"
    )  # fmt: skip
    if task.patience is None:
        # Adam for the tables too, as the peers have it, but for large ones.
        large = max(rows.sizes.values()) >= SPARSE_FROM
        speed(task, rows, read, replace(training, patience=task.epochs, sparse=large), train, valid, test)
        return
    # One grid for both optimisers, in the ratio of their defaults.
    sparse_rate = task.learning_rate * Training.sparse_rate / Training.learning_rate
    training = replace(training, patience=task.patience, sparse=task.rowwise, sparse_rate=sparse_rate)
    spec = replace(MODELS[task.model], chosen_by="auc", deviation=START, training=training)
    start = time.perf_counter()
    ranker = spec.fit(Lesson(train, valid, read, seed=task.seed))
    seconds = time.perf_counter() - start
    said = [ranker.score(part.rows)[task.target] for part in (valid, test)]
    store(task, *said)
    print(json.dumps({"seconds": seconds, "valid_auc": [auc(valid.labels[:, 0], said[0])]}))


def speed(
    task: Task,
    rows: EncodedRows,
    read: Mapping[str, Column],
    training: Training,
    train: Samples,
    valid: Samples,
    test: Samples,
) -> None:
    """Time the whole call."""
    spec = replace(MODELS[task.model], training=training)
    few = samples(rows, np.flatnonzero(rows.part == 0)[:WARM_UP], read, (task.target,))
    once = replace(spec, training=replace(training, epochs=1))
    once.fit(Lesson(few, few, read, seed=1))
    fitted = []
    answer(
        task,
        len(train),
        lambda: fitted.append(spec.fit(Lesson(train, valid, read, seed=task.seed))),
        lambda: fitted[0].score(test.rows)[task.target],
    )


if __name__ == "__main__":
    main()
