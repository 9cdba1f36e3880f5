"""A ranking model whose probabilities mean what they say.

Networks that learn from drawn negatives, or for long, predict too much or too little; a value formula that adds up
probabilities of tasks needs them right. Guo et al., ICML 2017, https://proceedings.mlr.press/v70/guo17a.html

Shapes: N validation rows, T tasks.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taojin.core.bounds import bounded
from taojin.core.curve_fit import Method, curve
from taojin.features.feature import Column
from taojin.ranking.calibration import CalibratedRanker, logit
from taojin.ranking.lesson import Lesson
from taojin.ranking.spec import Model


@dataclass(frozen=True, kw_only=True)
class CalibratedModel:
    """`model`, whose prediction for each task goes through a curve that is learned on the validation rows.

    Rows count for the curve of a task as they do for its loss, so the odds of a `WeightedReaction` stay what it says.

    method      "isotonic": any rising curve, for some thousand validation rows; "logistic": Platt's sigmoid of the
                logit, for fewer
    """

    model: Model
    method: Method = "isotonic"

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def features(self) -> tuple[str, ...]:
        """What the model reads."""
        return self.model.features

    @property
    def embeddings(self) -> tuple[str, ...]:
        """What the model reads."""
        return self.model.embeddings

    @property
    def starts(self) -> tuple[str, ...]:
        """What the model begins with."""
        return self.model.starts

    def check(self, columns: Mapping[str, Column], tasks: tuple[str, ...]) -> None:
        """As the model does."""
        self.model.check(columns, tasks)

    def fit(self, lesson: Lesson) -> CalibratedRanker:
        """Fit the model, then a curve per task on the validation rows that have its label."""
        found, valid = self.model.fit(lesson), lesson.valid if lesson.served is None else lesson.served
        said = found.score(valid.rows)
        curves = {}
        for place, task in enumerate(valid.tasks):
            label = valid.labels[:, place].astype(np.float64)
            weight = valid.weights[:, place].astype(np.float64)
            known = ~np.isnan(label) & (weight > 0)
            if len(np.unique(label[known])) < 2:
                raise ValueError(
                    f"calibration of {task!r}: expected validation rows that have it and some that have not, got "
                    f"{int((label[known] > 0).sum()):,} of {int(known.sum()):,}; take a larger validation part"
                )
            read = said[task][known].astype(np.float64)
            quantity = read if self.method == "isotonic" else logit(read)
            curves[task] = curve(self.method, quantity, label[known], weight[known])
        return CalibratedRanker(found, curves)
