"""The models of an experiment, learned from its lessons."""

from pathlib import Path

from taojin.core.progress import Progress
from taojin.core.stages import Ranker
from taojin.experiment.lessons import Lessons
from taojin.features.store import Store
from taojin.scene import Experiment


def fit_rankers(
    experiment: Experiment,
    lessons: Lessons,
    store: Store,
    *,
    progress: Progress,
    checkpoints: Path | None = None,
) -> dict[str, Ranker]:
    """Every model of the experiment."""
    declared = [feature.name for feature in experiment.features]
    return {
        name: model.fit(
            lessons.train,
            lessons.valid,
            {read: store.columns[read] for read in model.features or declared},
            lessons.starts,
            seed=experiment.seed,
            progress=progress,
            checkpoint=checkpoints / f"{name}.pt" if checkpoints else None,
        )
        for name, model in experiment.models.items()
    }
