"""DeepCTR-Torch's public `fit`, with the sizes of `task.py`; runs in its own environment."""

import json
import sys

import numpy as np
import torch
from deepctr_torch.inputs import SparseFeat, VarLenSparseFeat
from deepctr_torch.models import DCN, DIN, DeepFM

from benchmarks.film_rows import GENRES, LENGTH, FilmRows
from benchmarks.fits.task import ATTENTION, CROSSES, DEEP, DIM, SINGLES, TOP, Task, answer

WARM_UP = 4_096


def inputs(rows: FilmRows, model: str) -> dict[str, np.ndarray]:
    """Columns by the peer's names; its histories are padded on the right."""
    columns = {name: rows.columns[name] for name in SINGLES}
    if model != "din":
        return columns | {"genres": rows.columns["genres"]}
    known = (rows.columns["history_item"] > 0).sum(1)
    place = np.arange(LENGTH) + (LENGTH - known)[:, None]
    for name in ("item", "genre"):
        left = np.take_along_axis(rows.columns[f"history_{name}"], np.minimum(place, LENGTH - 1), axis=1)
        columns[f"hist_{name}"] = np.where(place < LENGTH, left, 0).astype(np.int32)
    return columns | {"length": known.astype(np.int32)}


def build(sizes: dict[str, int], task: Task):
    """The model, compiled with Adam and the AUC of the validation part."""
    fields = [SparseFeat(name, sizes[name], DIM) for name in SINGLES]
    if task.model == "din":
        fields += [
            VarLenSparseFeat(
                SparseFeat(f"hist_{name}", sizes[name], DIM, embedding_name=name), LENGTH, length_name="length"
            )
            for name in ("item", "genre")
        ]
        model = DIN(
            fields, ["item", "genre"], dnn_hidden_units=TOP, att_hidden_size=ATTENTION, att_activation="relu",
            l2_reg_embedding=1e-5,
        )  # fmt: skip
    else:
        fields.append(VarLenSparseFeat(SparseFeat("genres", sizes["genres"], DIM), GENRES, "mean"))
        if task.model == "deepfm":
            model = DeepFM(fields, fields, dnn_hidden_units=DEEP)
        else:
            weights = "matrix" if task.model == "dcn_v2" else "vector"
            model = DCN([], fields, cross_num=CROSSES, cross_parameterization=weights, dnn_hidden_units=DEEP)
    model.compile(torch.optim.Adam(model.parameters(), lr=task.learning_rate), "binary_crossentropy", metrics=["auc"])
    return model


def main() -> None:
    """Fit as the settings of the command line say."""
    task = Task(**json.loads(sys.argv[1]))
    torch.set_num_threads(task.threads)
    rows = task.load()
    columns = inputs(rows, task.model)
    train, valid, test = ({name: c[rows.part == part] for name, c in columns.items()} for part in (0, 1, 2))
    like, valid_like = (rows.like[rows.part == part] for part in (0, 1))
    few = {name: values[:WARM_UP] for name, values in train.items()}
    build(rows.sizes, task).fit(few, like[:WARM_UP], batch_size=task.batch, epochs=1, verbose=0)
    model = build(rows.sizes, task)
    answer(
        task,
        len(like),
        lambda: model.fit(
            train, like, batch_size=task.batch, epochs=task.epochs, verbose=0, validation_data=(valid, valid_like)
        ),
        lambda: model.predict(test, task.batch),
    )


if __name__ == "__main__":
    main()
