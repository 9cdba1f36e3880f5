"""DeepCTR-Torch's public `fit`, with the sizes of `task.py`; runs in its own environment."""

from typing import Any

import numpy as np
import torch
from deepctr_torch.inputs import SparseFeat, VarLenSparseFeat
from deepctr_torch.models import DCN, DIN, WDL, DeepFM, xDeepFM
from sklearn.metrics import roc_auc_score

from benchmarks.encoded import EncodedRows
from benchmarks.fits.task import (
    ATTENTION,
    COMPRESSED,
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

WARM_UP = 4_096

Columns = dict[str, np.ndarray]


def inputs(rows: EncodedRows, task: Task) -> Columns:
    """Columns by the peer's names; its histories are padded on the right."""
    columns = {name: rows.columns[name] for name in rows.names(sequence=task.sequence)}
    if task.sequence:
        columns |= {f"hist_{name}": rows.on_the_right(name) for name in rows.history} | {"length": rows.known()}
    return columns


def build(rows: EncodedRows, task: Task) -> Any:
    """The model, compiled with Adam and the AUC of the validation part."""
    sizes = rows.sizes
    fields = [SparseFeat(name, sizes[name], DIM) for name in rows.singles]
    if task.sequence:
        fields += [
            VarLenSparseFeat(
                SparseFeat(f"hist_{name}", sizes[name], DIM, embedding_name=name), rows.length, length_name="length"
            )
            for name in rows.history
        ]
        model = DIN(
            fields, list(rows.history), dnn_hidden_units=TOP, att_hidden_size=ATTENTION, att_activation="relu",
            l2_reg_embedding=1e-5, seed=task.seed,
        )  # fmt: skip
    else:
        sets = [VarLenSparseFeat(SparseFeat(n, sizes[n], DIM), rows.columns[n].shape[1], "mean") for n in rows.sets]
        fields += sets
        model = MODELS[task.model](fields, task.seed)
    model.compile(torch.optim.Adam(model.parameters(), lr=task.learning_rate), "binary_crossentropy", metrics=["auc"])
    return model


MODELS = {
    # Without hidden layers, what is left of it is the linear part and the pairs.
    "fm": lambda fields, seed: DeepFM(fields, fields, dnn_hidden_units=(), seed=seed),
    "wide_deep": lambda fields, seed: WDL(fields, fields, dnn_hidden_units=DEEP, seed=seed),
    "deepfm": lambda fields, seed: DeepFM(fields, fields, dnn_hidden_units=DEEP, seed=seed),
    "dcn": lambda fields, seed: DCN([], fields, cross_num=CROSSES, dnn_hidden_units=DEEP, seed=seed),
    "dcn_v2": lambda fields, seed: DCN(
        [], fields, cross_num=CROSSES, cross_parameterization="matrix", dnn_hidden_units=DEEP, seed=seed
    ),
    "xdeepfm": lambda fields, seed: xDeepFM(
        fields, fields, dnn_hidden_units=DEEP, cin_layer_size=COMPRESSED, cin_split_half=False, seed=seed
    ),
}


class Fit:
    """A model in training, an epoch of the public `fit` at a time."""

    def __init__(self, rows: EncodedRows, task: Task) -> None:
        columns, label = inputs(rows, task), rows.labels[task.target]
        self.task, self.model, self.epochs = task, build(rows, task), 0
        masks = [rows.part == part for part in range(3)]
        self.parts = [{name: values[mask] for name, values in columns.items()} for mask in masks]
        self.labels = [label[mask] for mask in masks]

    def epoch(self) -> None:
        """One more epoch."""
        self.model.fit(
            self.parts[0], self.labels[0], batch_size=self.task.batch, initial_epoch=self.epochs,
            epochs=self.epochs + 1, verbose=0,
        )  # fmt: skip
        self.epochs += 1

    def auc(self) -> float:
        """On the validation part."""
        return float(roc_auc_score(self.labels[VALID], self.predict(VALID)))

    def predict(self, part: int) -> Predictions:
        """Probabilities of a part."""
        return self.model.predict(self.parts[part], 4_096).ravel()


def speed(rows: EncodedRows, task: Task) -> None:
    """Time whole epochs, each with its validation."""
    fit = Fit(rows, task)
    (train, valid, test), labels = fit.parts, fit.labels
    few = {name: values[:WARM_UP] for name, values in train.items()}
    build(rows, task).fit(few, labels[0][:WARM_UP], batch_size=task.batch, epochs=1, verbose=0)
    answer(
        task,
        len(labels[0]),
        lambda: fit.model.fit(
            train, labels[0], batch_size=task.batch, epochs=task.epochs, verbose=0, validation_data=(valid, labels[1])
        ),
        lambda: fit.model.predict(test, task.batch),
    )


def main() -> None:
    """Fit as the settings of the command line say."""
    task = Task.read()
    torch.set_num_threads(task.threads)
    torch.manual_seed(task.seed)
    rows = task.load()
    if task.patience is None:
        speed(rows, task)
    else:
        best_epoch(task, Fit(rows, task))


if __name__ == "__main__":
    main()
