"""How well a ranker tells what is liked from each kind of what is not.

Shapes: N rows, G requests of a block.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.auc import auc
from taojin.core.batch import Rows
from taojin.core.stages import Ranker
from taojin.core.units import Floats, Ints
from taojin.evaluation.ranking_metrics import (
    calibration_error,
    gauc,
    logloss,
    mean_absolute_error,
    pr_auc,
    root_mean_squared_error,
)
from taojin.nn.samples import Origin, Samples

BLOCK = 16_384
"""Rows that are scored at once."""


@dataclass(frozen=True)
class JudgedRows:
    """Labelled rows and whose they are.

    user    int64[N]    user row of each sample, by which GAUC groups
    item    int64[N]    item row of each sample
    """

    samples: Samples
    user: Ints
    item: Ints

    def __post_init__(self) -> None:
        sizes = {len(self.samples), len(self.user), len(self.item)}
        assert len(sizes) == 1, f"JudgedRows: columns of different lengths {sorted(sizes)}"


def predict(ranker: Ranker, rows: Rows) -> dict[str, Floats]:
    """The ranker's prediction for each row and task, float32[N], computed in blocks of rows."""
    blocks = [ranker.score(_some(rows, start, start + BLOCK)) for start in range(0, len(rows.of), BLOCK)]
    return {task: np.concatenate([block[task] for block in blocks]) for task in (blocks[0] if blocks else ())}


def ranking_quality(rows: JudgedRows, predictions: dict[str, Floats]) -> dict[str, dict[str, dict[str, float]]]:
    """AUC, GAUC, PR-AUC, logloss and calibration by task and by kind of negative; of amounts also their errors.

    Rows count for logloss and calibration as they do for the task's loss, and all the same for an order.
    For each task: `all` has every row; `exposed`, `random` and `proposed` have all positives and the negatives of that
    origin. Rows without a label of the task are left out; kinds without a row do not occur.
    """
    samples = rows.samples
    return {
        task: _by_negative(samples.labels[:, place], predicted, samples.weights[:, place], rows)
        for task, predicted in predictions.items()
        for place in [samples.tasks.index(task)]
    }


def _by_negative(label: Floats, predicted: Floats, weight: Floats, rows: JudgedRows) -> dict[str, dict[str, float]]:
    known = ~np.isnan(label)
    positive = known & (label > 0.5)
    kinds = {origin.name.lower(): known & ~positive & (rows.samples.origin == origin) for origin in Origin}
    chosen = {"all": known, **{name: positive | negative for name, negative in kinds.items() if negative.any()}}
    return {
        name: _metrics(label[mask], predicted[mask], weight[mask], rows.user[mask]) for name, mask in chosen.items()
    }


def _metrics(label: Floats, predicted: Floats, weight: Floats, user: Ints) -> dict[str, float]:
    return {
        "auc": auc(label, predicted),
        "gauc": gauc(label, predicted, user),
        "pr_auc": pr_auc(label, predicted),
        "logloss": logloss(label, predicted, weight),
        "calibration_error": calibration_error(label, predicted, weight),
        **(_errors(label, predicted) if ((label > 0) & (label < 1)).any() else {}),
        "rows": float(len(label)),
        "positives": float((label > 0.5).sum()),
    }


def _errors(label: Floats, predicted: Floats) -> dict[str, float]:
    """Of amounts: labels that are no yes or no."""
    return {"mae": mean_absolute_error(label, predicted), "rmse": root_mean_squared_error(label, predicted)}


def _some(rows: Rows, start: int, stop: int) -> Rows:
    """Rows start to stop with the requests that they belong to."""
    request, of = np.unique(rows.of[start:stop], return_inverse=True)
    return Rows(
        {name: values[request] for name, values in rows.request.items()},
        {name: values[start:stop] for name, values in rows.candidate.items()},
        of,
    )
