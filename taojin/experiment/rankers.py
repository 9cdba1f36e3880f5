"""The models of an experiment, learned from its lessons."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from taojin.core.progress import Progress
from taojin.core.stages import Ranker
from taojin.core.units import Floats
from taojin.data.tasks import Reaction, Task
from taojin.embeddings.embedding import Embedder
from taojin.experiment.lessons import Lessons
from taojin.features.attributes import Table
from taojin.features.feature import Column, Level, Number
from taojin.features.store import Store
from taojin.nn.warm import within
from taojin.preranking.distilled import Distilled
from taojin.preranking.dot import DotProduct
from taojin.ranking.calibrated import CalibratedModel
from taojin.ranking.heads.esmm import ESMM
from taojin.ranking.lesson import Lesson
from taojin.ranking.model import RankingModel
from taojin.ranking.spec import Model
from taojin.scene import Experiment


def check_models(experiment: Experiment, columns: Mapping[str, Column]) -> None:
    """Refuse models whose parts do not fit, before anything but the features is fitted.

    Vectors that a model reads are not there yet; they stand for one number.
    """
    _check_products(experiment)
    vectors = {name: Table(name, Level.CANDIDATE, Number(), np.empty((0, 1))) for name in experiment.embeddings}
    declared = [feature.name for feature in experiment.features]
    for name, model in experiment.models.items():
        read = {read: (vectors | dict(columns))[read] for read in model.features or declared}
        try:
            model.check(read, experiment.sampling.names)
            if (network := _network(model)) is not None:
                _check_vectors(network, experiment.embeddings)
                _check_chain(network, experiment.sampling.specs)
        except ValueError as error:
            raise ValueError(f"model {name!r}: {error}") from error


def _check_products(experiment: Experiment) -> None:
    """Refuse inner products elsewhere than before a ranker: rows to learn from carry no vectors of requests."""
    products = {name for name, model in experiment.models.items() if isinstance(model, DotProduct)}
    used = {scene.ranking: f"scene {name!r} ranks by" for name, scene in experiment.scenes.items()}
    for name, model in experiment.models.items():
        if isinstance(model, Distilled):
            used[model.teacher] = f"model {name!r} is taught by"
        elif isinstance(model, CalibratedModel) and isinstance(model.model, DotProduct):
            raise ValueError(f"model {name!r}: calibrates an inner product; {_BEFORE_A_RANKER}")
    for name in sorted(products & used.keys()):
        raise ValueError(f"{used[name]} {name!r}, an inner product; {_BEFORE_A_RANKER}")


_BEFORE_A_RANKER = "it can only be a scene's `preranking`; take a model that learns, such as TWO_TOWERS of the zoo"


def _network(model: Model | Distilled) -> RankingModel | None:
    """The network within what wraps it; None for trees."""
    match model:
        case Distilled(student=inner) | CalibratedModel(model=inner):
            return _network(inner)
        case RankingModel():
            return model
    return None


def _check_vectors(model: RankingModel, embeddings: Mapping[str, Embedder]) -> None:
    """Refuse vectors of another size than the model's, where their spec says it."""
    for field, name in model.vectors.items():
        dim = getattr(embeddings[name], "dim", model.dim)
        if dim != model.dim:
            raise ValueError(
                f"ranking: vectors for {field!r} are of size {dim}, the model's of size {model.dim}; give the "
                f"embedding {name!r} and the model the same `dim`"
            )


def _check_chain(model: RankingModel, tasks: Sequence[Task]) -> None:
    """Refuse a chain of tasks that do not happen one after the other, of which each is known of all rows."""
    if not isinstance(model.head, ESMM):
        return
    for task in tasks:
        if not isinstance(task, Reaction) or task.among is not None:
            raise ValueError(
                f"ranking: ESMM multiplies probabilities of reactions that are known of all rows; got {task!r}; leave "
                "it out of the sampling's tasks, or take another head"
            )


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
    heard: dict[str, list[dict[str, Floats]]] = {}  # what each teacher says of the crowd, for all that it teaches
    for name, spec in sorted(experiment.models.items(), key=lambda pair: isinstance(pair[1], Distilled)):
        if isinstance(spec, Distilled):
            assert lessons.crowd is not None, "drawn where some model is taught"
            if spec.teacher not in heard:
                heard[spec.teacher] = [rankers[spec.teacher].score(samples.rows) for samples in lessons.crowd]
            train, valid = map(spec.taught, lessons.crowd, heard[spec.teacher])
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
        with within(f"models/{name}"):
            rankers[name] = model.fit(lesson)
    return {name: rankers[name] for name in experiment.models}
