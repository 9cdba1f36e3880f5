"""Torch-RecHub's public trainer, with the sizes of `task.py`; runs in its own environment."""

import contextlib
import io
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch_rechub.basic.features import SequenceFeature, SparseFeature
from torch_rechub.models.ranking import DCN, DIN, DCNv2, DeepFM, WideDeep
from torch_rechub.trainers import CTRTrainer
from torch_rechub.utils.data import DataGenerator

from benchmarks.encoded import EncodedRows
from benchmarks.fits.task import (
    ATTENTION,
    CROSSES,
    DEEP,
    DIM,
    TOP,
    VALID,
    Predictions,
    Task,
    answer,
    best_epoch,
)

WEIGHT_DECAY = 1e-5
"""As the trainer has it by default."""


def columns_of(rows: EncodedRows, task: Task) -> dict[str, np.ndarray]:
    """Columns by name; histories with their padding on the right."""
    columns = {name: rows.columns[name] for name in rows.names(sequence=task.sequence)}
    if task.sequence:
        columns |= {f"hist_{name}": rows.on_the_right(name) for name in rows.history}
    return columns


def build(rows: EncodedRows, task: Task) -> Any:
    """The model of the peer."""
    sizes = rows.sizes
    singles = {name: SparseFeature(name, sizes[name], DIM, padding_idx=0) for name in rows.singles}
    if task.sequence:
        past = [
            SequenceFeature(f"hist_{name}", sizes[name], DIM, pooling="concat", shared_with=name, padding_idx=0)
            for name in rows.history
        ]
        target = [singles.pop(name) for name in rows.history]
        return DIN(
            list(singles.values()), past, target, {"dims": list(TOP)}, {"dims": list(ATTENTION), "activation": "relu"}
        )
    sets = [SequenceFeature(name, sizes[name], DIM, pooling="mean", padding_idx=0) for name in rows.sets]
    return MODELS[task.model]([*singles.values(), *sets])


def perceptron() -> dict[str, list[int]]:
    """Settings of its perceptrons."""
    return {"dims": list(DEEP)}


MODELS = {
    "wide_deep": lambda fields: WideDeep(fields, fields, perceptron()),
    "deepfm": lambda fields: DeepFM(fields, fields, perceptron()),
    "dcn": lambda fields: DCN(fields, CROSSES, perceptron()),
    "dcn_v2": lambda fields: DCNv2(fields, CROSSES, perceptron(), use_low_rank_mixture=False),
}


class Fit:
    """A model in training by the peer's trainer and loaders."""

    def __init__(self, rows: EncodedRows, task: Task) -> None:
        columns, label = columns_of(rows, task), rows.labels[task.target]
        masks = [rows.part == part for part in range(3)]
        parts = [{name: values[mask] for name, values in columns.items()} for mask in masks]
        self.labels = [label[mask] for mask in masks]
        (x, y), *others = zip(parts, self.labels, strict=True)
        (valid, valid_label), (test, test_label) = others
        self.loaders = DataGenerator(x, y).generate_dataloader(valid, valid_label, test, test_label, None, task.batch)
        self.trainer = CTRTrainer(
            build(rows, task), optimizer_params={"lr": task.learning_rate, "weight_decay": WEIGHT_DECAY}
        )

    def epoch(self) -> None:
        """One pass of the trainer."""
        self.trainer.train_one_epoch(self.loaders[0])

    def auc(self) -> float:
        """On the validation part."""
        return float(roc_auc_score(self.labels[VALID], self.predict(VALID)))

    def predict(self, part: int) -> Predictions:
        """Probabilities of a part."""
        return np.asarray(self.trainer.predict(self.trainer.model, self.loaders[part]), np.float32).ravel()


def speed(rows: EncodedRows, task: Task) -> None:
    """Time whole epochs, each with its validation."""
    fit = Fit(rows, task)

    def epochs() -> None:
        for _ in range(task.epochs):
            fit.epoch()
            fit.auc()

    answer(task, len(fit.labels[0]), epochs, lambda: fit.predict(2))


def main() -> None:
    """Fit as the settings of the command line say; its progress bars are not shown."""
    task = Task.read()
    torch.set_num_threads(task.threads)
    torch.manual_seed(task.seed)
    rows = task.load()
    with contextlib.redirect_stderr(io.StringIO()):
        if task.patience is None:
            speed(rows, task)
        else:
            best_epoch(task, Fit(rows, task))


if __name__ == "__main__":
    main()
