"""The package's public `fit`, with the sizes of `task.py`."""

import json
import sys
from dataclasses import dataclass, replace

import numpy as np
import torch

from benchmarks.film_rows import GENRES, LENGTH, FilmRows
from benchmarks.fits.task import ATTENTION, CROSSES, DEEP, DIM, SINGLES, TOP, Task, answer
from taojin.core.batch import Rows
from taojin.core.progress import Silent
from taojin.features.feature import Ask, Category, Column, Form, History, Level, Values
from taojin.nn.samples import Samples
from taojin.nn.trainer import Training
from taojin.ranking.crosses.cross_net import CrossNet
from taojin.ranking.crosses.fm import FM
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.model import RankingModel

WARM_UP = 4_096
OF_THE_REQUEST = ("user", "gender", "age", "occupation", "history")

MODELS = {
    "deepfm": RankingModel(crosses=(Linear(), FM(), MLP(DEEP)), dim=DIM),
    "dcn": RankingModel(crosses=(CrossNet(CROSSES, matrix=False), MLP(DEEP)), dim=DIM),
    "dcn_v2": RankingModel(crosses=(CrossNet(CROSSES), MLP(DEEP)), dim=DIM),
    "din": RankingModel(interests=(TargetAttention(ATTENTION),), crosses=(MLP(TOP),), dim=DIM),
}


@dataclass(frozen=True)
class Encoded:
    """A column whose values are encoded already."""

    name: str
    form: Form

    @property
    def level(self) -> Level:
        return Level.REQUEST if self.name in OF_THE_REQUEST else Level.CANDIDATE

    def read(self, ask: Ask) -> Values:
        return ask.value(self.name)


def columns(sizes: dict[str, int], model: str) -> dict[str, Column]:
    """The columns that a model reads."""
    read = [Encoded(name, Category(sizes[name])) for name in SINGLES]
    if model == "din":
        read.append(Encoded("history", History(LENGTH, ("item", "genre"))))
    else:
        read.append(Encoded("genres", Category(sizes["genres"], values=GENRES)))
    return {column.name: column for column in read}


def samples(rows: FilmRows, chosen: np.ndarray, read: dict[str, Column]) -> Samples:
    """Some of the rows, each with a request of its own."""

    def values(name: str) -> np.ndarray:
        if name != "history":
            return rows.columns[name][chosen].astype(np.int64)
        return np.stack([rows.columns[f"history_{of}"][chosen] for of in ("item", "genre")], 2).astype(np.int64)

    n = len(chosen)
    request, candidate = (
        {name: values(name) for name, column in read.items() if column.level == level} for level in Level
    )
    encoded = Rows(request, candidate, np.arange(n))
    return Samples(encoded, rows.like[chosen, None], ("like",), np.zeros(n, np.uint8), np.ones(n, np.float32))


def main() -> None:
    """Fit as the settings of the command line say."""
    task = Task(**json.loads(sys.argv[1]))
    torch.set_num_threads(task.threads)
    rows = task.load()
    read = columns(rows.sizes, task.model)
    parts = [np.flatnonzero(rows.part == part) for part in (0, 1, 2)]
    few, train, valid, test = (samples(rows, chosen, read) for chosen in (parts[0][:WARM_UP], *parts))
    # Adam for the tables too, as the peer has it.
    training = Training(
        learning_rate=task.learning_rate, batch=task.batch, epochs=task.epochs, patience=task.epochs, bf16=task.bf16,
        device="cpu", sparse=False,
    )  # fmt: skip
    spec = replace(MODELS[task.model], training=training)
    once = replace(spec, training=replace(training, epochs=1))
    once.fit(few, few, read, {}, seed=1, progress=Silent())
    fitted = []
    answer(
        task,
        len(train),
        lambda: fitted.append(spec.fit(train, valid, read, {}, seed=0, progress=Silent())),
        lambda: fitted[0].score(test.rows)["like"],
    )


if __name__ == "__main__":
    main()
