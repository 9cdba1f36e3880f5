"""Train a recipe: from raw files to a bundle on disk."""

import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from taojin.bundle.bundle import Bundle, Fitted, Golden
from taojin.bundle.place import check_place
from taojin.bundle.save import ADDED, WEIGHTS, save
from taojin.core.batch import Requests
from taojin.core.events import Pasts
from taojin.core.progress import Progress, Silent
from taojin.core.units import FIRST, Ints
from taojin.data.dataset import Clock, Dataset, Log
from taojin.experiment.base import Base
from taojin.experiment.curves import Curve, Recording
from taojin.experiment.fit import (
    Divided,
    assemble,
    fit_channels,
    fit_embeddings,
    fit_store,
    with_vectors,
)
from taojin.experiment.identity import identity
from taojin.experiment.lessons import draw_lessons
from taojin.experiment.merging import fit_merge
from taojin.experiment.rankers import check_models, fit_rankers
from taojin.nn.warm import States
from taojin.pipeline import Pipeline
from taojin.scene import Experiment

GOLDEN = 16
"""Golden requests of each scene."""


@dataclass(frozen=True)
class Trained:
    """The experiment.json of a bundle: the recipe and where its data lay.

    curves      of its trainings, in their order; what feeds the rankers is trained twice (`experiment/lessons.py`)
    refreshed   what counts has been counted again, over the validation and test part as well
    base        version of the run that it went on from; None: it began anew
    story       what was refused of the data; what became of the base: which trainings began with its weights, what the
                new events brought
    """

    experiment: Experiment
    data: str | None
    curves: tuple[Curve, ...] = ()
    refreshed: bool = False
    base: str | None = None
    story: tuple[str, ...] = ()


def train(
    experiment: Experiment,
    data: Path | str | None,
    out: Path | str,
    progress: Progress | None = None,
    *,
    base: Base | None = None,
) -> Bundle:
    """Fit everything that the recipe names on its training split and write a bundle to `out`.

    data        folder or file that the recipe's source reads; a generated world takes None
    base        a run to go on from: its ids keep their rows, its new events are learned from as well, and trainings
                begin with its weights
    """
    out, progress = Path(out).absolute(), Recording(progress or Silent())
    check_place(out)
    path = Path(data).absolute() if data is not None else None
    divided = Divided.of(experiment, path, base)
    checkpoints = _checkpoints(out, experiment, divided.dataset, base)
    learned = out.with_name(f".{out.name}.{os.getpid()}.learned")
    states = States(base.weights if base is not None else None, learned / WEIGHTS)
    try:
        with states.used():
            fitted = fit(experiment, divided, checkpoints, progress)
        if base is not None and (added := base.every(divided.dataset)).num_rows:
            learned.mkdir(exist_ok=True)
            pq.write_table(added, learned / ADDED)
        trained = Trained(
            experiment, str(path) if path else None, tuple(progress.curves), story=divided.dataset.checked.refusals
        )
        if base is not None:
            story = (*trained.story, *base.story(divided.dataset, divided.new, states.begun))
            trained = replace(trained, base=base.version, story=story)
        write(out, trained, fitted, divided.dataset, learned)
    finally:
        shutil.rmtree(learned, ignore_errors=True)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return Bundle.load(out, verify=False)  # `save` has asked it already


def write(out: Path, trained: Trained, fitted: Fitted, dataset: Dataset, carry: Path | None = None) -> None:
    """The bundle of what was fitted, with its golden requests, asked once before it takes its place."""
    save(
        out,
        name=trained.experiment.name,
        experiment=trained,
        fitted=fitted,
        users=dataset.users,
        items=dataset.items,
        golden=tuple(golden_of(name, pipeline, fitted) for name, pipeline in fitted.scenes.items()),
        carry=carry,
    )


def fit(experiment: Experiment, divided: Divided, checkpoints: Path | None, progress: Progress) -> Fitted:
    """Everything that the recipe names, fitted on the training split.

    checkpoints     folder from which a training that was interrupted goes on; None: it does not
    """
    view, dataset = divided.view, divided.dataset
    store = fit_store(experiment.features, view)
    check_models(experiment, store.columns)
    embeddings = fit_embeddings(experiment, view, store, experiment.embeddings, progress)
    store = with_vectors(store, embeddings)
    rankers = {}
    if experiment.models:
        lessons = draw_lessons(experiment, divided, store, embeddings, progress)
        store = with_vectors(store, lessons.vectors)
        rankers = fit_rankers(experiment, lessons, store, progress=progress, checkpoints=checkpoints)
    online = store.at(view.end) if view.clock is Clock.REAL else store
    scenes = {}
    for name, scene in experiment.scenes.items():
        channels = fit_channels(scene, view, embeddings, seed=experiment.seed)
        merge = fit_merge(experiment, scene, divided, view, store, channels)
        scenes[name] = replace(assemble(scene, view, online, channels, rankers, merge), strict=False)
    since = int(dataset.log.events.time.max()) + 1
    return Fitted(dataset.kinds, dataset.clock, dataset.log, scenes, experiment.positive, since)


def _checkpoints(out: Path, experiment: Experiment, dataset: Dataset, base: Base | None = None) -> Path:
    """Where a training that was interrupted goes on; another recipe, or other data, to the same place starts anew."""
    known = identity(experiment, dataset, base.version if base is not None else "")
    ours = out.with_name(f".{out.name}.{known}.checkpoints")
    earlier = re.compile(rf"\.{re.escape(out.name)}\.[0-9a-f]{{12}}\.checkpoints")
    for others in out.parent.iterdir() if out.parent.is_dir() else ():
        if others != ours and earlier.fullmatch(others.name):
            shutil.rmtree(others)
    return ours


def golden_of(name: str, pipeline: Pipeline, fitted: Fitted) -> Golden:
    """Requests of evenly spread users (and, for what starts from an item, items) with their answers."""
    log = fitted.history
    users = np.flatnonzero(np.diff(log.offsets))
    user = users[np.linspace(0, len(users) - 1, min(GOLDEN, len(users))).astype(np.int64)]
    item = np.linspace(FIRST, pipeline.items - 1, len(user)).astype(np.int64)
    requests = requests_now(log, user, item, fitted)
    return Golden(name, requests, replace(pipeline, strict=True).recommend(requests))


def requests_now(log: Log, user: Ints, item: Ints, fitted: Fitted) -> Requests:
    """One request per user after everything in the log."""
    start, stop = log.offsets[user], log.offsets[user + 1]
    time = np.full(len(user), fitted.since) if fitted.clock is Clock.REAL else stop - start
    return Requests(user, item, time, user.astype(np.uint64), Pasts(log.events, start, stop))
