"""Search for the settings of a ranker: trials on validation, kept in a file from which an interrupted search goes on.

Optuna: Akiba et al., KDD 2019, https://arxiv.org/abs/1907.10902; its sampler is the tree-structured Parzen estimator
of Bergstra et al., NeurIPS 2011, https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization.
Install the extra `tune`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from taojin.core.auc import auc
from taojin.core.hint import did_you_mean
from taojin.core.progress import Progress, Silent
from taojin.core.spec import override
from taojin.evaluation.ranker import predict
from taojin.evaluation.ranking_metrics import logloss
from taojin.experiment.fit import Divided, fit_embeddings, fit_store, with_vectors
from taojin.experiment.identity import identity
from taojin.experiment.lessons import Lessons, draw_lessons
from taojin.features.store import Store
from taojin.nn.samples import Samples
from taojin.preranking.distilled import Distilled
from taojin.ranking.calibrated import CalibratedModel
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.lesson import Lesson
from taojin.ranking.model import RankingModel
from taojin.ranking.spec import Model
from taojin.ranking.trees import Trees
from taojin.scene import Experiment

METRICS = ("auc", "logloss")


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, or some choices; both ends belong to it."""

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A finished trial.

    value       of the metric on validation
    settings    as `taojin train --set` takes them
    """

    value: float
    settings: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What a search has found, the best trial first; the first trial is the recipe as it stands.

    today   the recipe's own value
    """

    model: str
    metric: str
    today: float
    trials: tuple[Tried, ...]

    @property
    def best(self) -> Tried:
        """The best trial."""
        return self.trials[0]

    @property
    def assignments(self) -> list[str]:
        """The best settings as `taojin train --set` takes them; none where the recipe is the best."""
        return [f"{path}={text}" for path, text in self.best.settings.items()]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "model": self.model,
            "metric": self.metric,
            "today": self.today,
            "best": self.best.value,
            "set": self.assignments,
            "trials": [{"value": trial.value, "set": dict(trial.settings)} for trial in self.trials],
        }


def search_model(
    experiment: Experiment,
    data: Path | str | None,
    *,
    trials: int,
    file: Path | str,
    model: str | None = None,
    metric: str = "auc",
    progress: Progress | None = None,
) -> Searched:
    """Fit a ranker with other settings again and again, on the same rows.

    trials  in all, those that the file holds already included
    file    SQLite file that holds the trials
    model   name of the ranker; None: the one that ranks in the scene whose rows it learns from
    metric  over the validation rows, the mean over the tasks of the scene's value
    """
    optuna, progress = _optuna(), progress or Silent()
    if metric not in METRICS:
        raise ValueError(f"metric: expected {' or '.join(METRICS)}; got {metric!r}")
    name, spec = _named(experiment, model)
    ranges = _ranges(name, spec)
    divided = Divided.of(experiment, Path(data).absolute() if data is not None else None)
    called = f"{experiment.name}, {name}, {metric}, {identity(experiment, divided.dataset)}"
    study = _study(optuna, Path(file).absolute(), called, metric)
    _go_on(study, optuna, experiment.seed)
    fit = _fitting(replace(experiment, models={name: spec}), divided, name, metric, progress)

    def tried(trial: Any) -> float:
        known = any(not done.user_attrs["settings"] for done in _finished(study, optuna))
        settings = _draw(trial, ranges) if known else {}
        trial.set_user_attr("settings", settings)
        changed = experiment
        for path, text in settings.items():
            changed = override(changed, path, text)
        chosen = changed.models[name]
        assert not isinstance(chosen, Distilled), "refused above"
        try:
            return fit(chosen)
        except ValueError as error:
            if settings:  # such as a learning rate at which the loss is no number
                raise optuna.TrialPruned(str(error)) from error
            raise

    with progress.task(f"tune {name}", trials) as advance:
        ended = _ended(study, optuna)
        advance(min(ended, trials), "")
        while ended < trials:
            study.optimize(tried, n_trials=1)
            ended = _ended(study, optuna)
            advance(1, f"best {study.best_value:.4f}")
    done = sorted(_finished(study, optuna), key=lambda trial: trial.value * (1 if metric == "logloss" else -1))
    found = tuple(Tried(value=trial.value, settings=trial.user_attrs["settings"]) for trial in done)
    today = next(trial.value for trial in found if not trial.settings)
    return Searched(model=name, metric=metric, today=today, trials=found)


def _study(optuna: Any, place: Path, called: str, metric: str) -> Any:
    """The trials of this search in a file, which is made if it is not there."""
    # Not even errors: what a trial stops by reaches the caller.
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        storage = optuna.storages.RDBStorage(f"sqlite:///{place}")
    except Exception as error:  # of the database, whichever Optuna has below it
        raise ValueError(
            f"{place}: cannot be used as a file of trials, {str(error).splitlines()[0]}; name another one with --file"
        ) from error
    direction = "minimize" if metric == "logloss" else "maximize"
    return optuna.create_study(storage=storage, study_name=called, direction=direction, load_if_exists=True)


def _named(experiment: Experiment, model: str | None) -> tuple[str, Model]:
    name = model or experiment.scenes[experiment.sampling.scene].ranking
    if name is None:
        raise ValueError(f"recipe {experiment.name!r}: its main scene ranks with no model; name one with --model")
    if name not in experiment.models:
        raise ValueError(f"--model {name!r}: no such model; {did_you_mean(name, experiment.models)}")
    spec = experiment.models[name]
    if isinstance(spec, Distilled):
        raise ValueError(f"--model {name!r}: it is taught by {spec.teacher!r}; search for the settings of that one")
    return name, spec


def _ranges(name: str, spec: Model) -> dict[str, Range]:
    """What is searched, by the path of its field."""
    match spec:
        case CalibratedModel(model=inner):
            own = f"models.{name}."
            return {path.replace(own, f"{own}model.", 1): one for path, one in _ranges(name, inner).items()}
        case Trees():
            found = {
                "boosting.leaves": Range(choices=(7, 15, 31, 63, 127)),
                "boosting.learning_rate": Range(0.01, 0.2, log=True),
                "boosting.at_least": Range(choices=(5, 20, 50, 100, 200)),
                "boosting.columns": Range(0.4, 1.0),
                "boosting.l2": Range(0.01, 30.0, log=True),
            }
        case RankingModel():
            found = {
                "training.learning_rate": Range(2e-4, 1e-2, log=True),
                "training.sparse_rate": Range(5e-3, 0.5, log=True),
                "training.embedding_l2": Range(1e-6, 1e-2, log=True),
                "training.batch": Range(choices=(512, 1024, 2048, 4096)),
                **({"dim": Range(choices=(4, 8, 16, 32))} if spec.dim and not (spec.vectors or spec.start) else {}),
                **{f"crosses.{k}.dropout": Range(0.0, 0.5) for k, c in enumerate(spec.crosses) if isinstance(c, MLP)},
            }
        case _:
            raise ValueError(f"--model {name!r}: a {type(spec).__name__} has no settings to search for")
    return {f"models.{name}.{path}": one for path, one in found.items()}


def _draw(trial: Any, ranges: Mapping[str, Range]) -> dict[str, str]:
    """Settings as text, floats with four digits: what is written down is what was tried."""
    drawn = {}
    for path, one in ranges.items():
        if one.choices:
            drawn[path] = str(trial.suggest_categorical(path, one.choices))
        else:
            drawn[path] = f"{trial.suggest_float(path, one.low, one.high, log=one.log):.4g}"
    return drawn


def _fitting(
    experiment: Experiment, divided: Divided, name: str, metric: str, progress: Progress
) -> Callable[[Model], float]:
    """Fits a model on rows that are drawn once, and says how good it is on validation."""
    view = divided.view
    store = fit_store(experiment.features, view)
    embeddings = fit_embeddings(experiment, view, store, experiment.embeddings, progress)
    store = with_vectors(store, embeddings)
    lessons = draw_lessons(experiment, divided, store, embeddings, progress)
    store = with_vectors(store, lessons.vectors)
    formula = experiment.scenes[experiment.sampling.scene].formula
    tasks = formula.names if formula else experiment.sampling.names

    def fit(model: Model) -> float:
        return _judged(model, experiment, lessons, store, tasks, metric)

    return fit


def _judged(
    model: Model, experiment: Experiment, lessons: Lessons, store: Store, tasks: tuple[str, ...], metric: str
) -> float:
    while isinstance(model, CalibratedModel):  # whose curves are learned on the rows that judge
        model = model.model
    read = model.features or [feature.name for feature in experiment.features]
    columns = {name: store.columns[name] for name in read}
    ranker = model.fit(
        Lesson(lessons.train, lessons.valid, columns, lessons.starts, experiment.seed, served=lessons.served)
    )
    said = predict(ranker, lessons.valid.rows)
    return float(np.mean([_value(lessons.valid, task, said[task], metric) for task in tasks]))


def _value(valid: Samples, task: str, said: Any, metric: str) -> float:
    place = valid.tasks.index(task)
    label, weight = valid.labels[:, place], valid.weights[:, place]
    known = ~np.isnan(label)
    value = auc(label[known], said[known]) if metric == "auc" else logloss(label[known], said[known], weight[known])
    if not math.isfinite(value):
        raise ValueError(f"tune, task {task!r}: validation has no {metric} of it; take a larger validation part")
    return value


def _go_on(study: Any, optuna: Any, seed: int) -> None:
    """Trials that were interrupted count as failed; what is drawn next differs from what was drawn before."""
    for trial in study.get_trials(deepcopy=False):
        if trial.state == optuna.trial.TrialState.RUNNING:
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.get_trials(deepcopy=False)))


def _finished(study: Any, optuna: Any) -> list[Any]:
    return study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))


def _ended(study: Any, optuna: Any) -> int:
    """How many trials are over, those that could not be fitted included."""
    states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return len(study.get_trials(deepcopy=False, states=states))


def _optuna() -> Any:
    try:
        import optuna  # noqa: PLC0415
    except ImportError as error:
        raise ValueError('tune: Optuna is not installed; pip install "taojin[tune]"') from error
    return optuna
