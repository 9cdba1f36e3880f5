"""The models of an experiment, learned from its lessons."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from taojin.core.progress import Progress
from taojin.core.stages import Ranker
from taojin.experiment.lessons import Lessons
from taojin.features.attributes import Table
from taojin.features.feature import Column, Level, Number
from taojin.features.store import Store
from taojin.preranking.distilled import Distilled
from taojin.ranking.lesson import Lesson
from taojin.scene import Experiment


def check_models(experiment: Experiment, columns: Mapping[str, Column]) -> None:
    """Refuse models whose parts do not fit, before anything but the features is fitted.

    Vectors that a model reads are not there yet; they stand for one number.
    """
    vectors = {name: Table(name, Level.CANDIDATE, Number(), np.empty((0, 1))) for name in experiment.embeddings}
    declared = [feature.name for feature in experiment.features]
    for name, model in experiment.models.items():
        read = {read: (vectors | dict(columns))[read] for read in model.features or declared}
        try:
            model.check(read, experiment.sampling.names)
        except ValueError as error:
            raise ValueError(f"model {name!r}: {error}") from error


def fit_rankers(
    experiment: Experiment,
    lessons: Lessons,
    store: Store,
    *,
    progress: Progress,
    checkpoints: Path | None = None,
) -> dict[str, Ranker]:
    """Every model of the experiment, those that are taught behind their teachers."""
    declared = [feature.name for feature in experiment.features]
    rankers: dict[str, Ranker] = {}
    for name, spec in sorted(experiment.models.items(), key=lambda pair: isinstance(pair[1], Distilled)):
        if isinstance(spec, Distilled):
            assert lessons.crowd is not None, "drawn where some model is taught"
            train, valid = (spec.taught(samples, rankers[spec.teacher]) for samples in lessons.crowd)
            model, served = spec.student, None
        else:
            train, valid, served, model = lessons.train, lessons.valid, lessons.served, spec
        lesson = Lesson(
            train,
            valid,
            {read: store.columns[read] for read in model.features or declared},
            lessons.starts,
            experiment.seed,
            progress,
            served,
            checkpoints / f"{name}.pt" if checkpoints else None,
            name,
        )
        rankers[name] = model.fit(lesson)
    return {name: rankers[name] for name in experiment.models}
