"""Bring what a bundle counts up to date: windowed features, channels that only count, histories; models stay."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from taojin.bundle.bundle import Bundle, Golden
from taojin.bundle.save import save
from taojin.core.progress import Progress, Silent
from taojin.data.continued import among, continued
from taojin.data.dataset import Clock, TrainView
from taojin.data.raw import Raw
from taojin.experiment.base import LIVE
from taojin.experiment.evaluate import Offline
from taojin.experiment.recount import recounted_channels, recounted_totals, recounted_windows
from taojin.experiment.train import golden_of
from taojin.features.feature import Column
from taojin.features.store import Store
from taojin.live.store import collected, place_of
from taojin.pipeline import Pipeline
from taojin.scene import Experiment


class Refreshed(NamedTuple):
    """The new bundle, and how many events of the live store it has counted."""

    bundle: Bundle
    live: int


def refresh(run: Path | str, *, data: Path | str | None = None, progress: Progress | None = None) -> Refreshed:
    """Count again over the data and what the live store has collected, and put the result in the run's place.

    What is counted: windowed features as of the last event, channels that read no embedding, everybody's history. What
    was learned (networks, vectors, trees, scales, calibration) stays, and so do the ids: an item that training did not
    know waits for the next one, and of a user that it did not know the live store tells. The bundle before is kept.

    data    where the data lies now; None: where it lay at training
    """
    path, progress = Path(run), progress or Silent()
    offline = Offline.load(path, data)
    dataset, bundle, live = offline.divided.dataset, offline.bundle, 0
    with progress.task("refresh", len(offline.experiment.scenes) + 2) as advance:
        events = collected(path)
        if events is not None and (live := events.num_rows):
            if dataset.clock is Clock.ORDER:  # no moment tells which of them training has learned
                events = offline.base.unlearned(Raw(LIVE, events, place_of(path)))
            if events.num_rows:
                dataset = among(continued(dataset, events)[0], dataset)
        advance(1, "events")
        view = dataset.view(np.ones(len(dataset.log), np.bool_))  # nothing is held out from what is served
        columns = _counted(offline.experiment, next(iter(bundle.scenes.values())), view)
        advance(1, "windows")
        scenes: dict[str, Pipeline] = {}
        for name, pipeline in bundle.scenes.items():
            assert isinstance(pipeline.store, Store), "a bundle holds the one feature store"
            counted = recounted_channels(offline.experiment, name, view)
            store, channels = pipeline.store.with_columns(columns), {**pipeline.channels, **counted}
            scenes[name] = replace(pipeline, store=store, channels=channels)
            advance(1, name)
    history = dataset.log.of_first(offline.bundle.history.users)
    fitted = replace(bundle.fitted, history=history, scenes=scenes, since=max(view.end, bundle.fitted.since))
    golden: tuple[Golden, ...] = tuple(golden_of(name, pipeline, fitted) for name, pipeline in scenes.items())
    save(
        path.absolute(),
        name=bundle.name,
        experiment=replace(offline.trained, refreshed=True),
        fitted=fitted,
        users=bundle.users,
        items=bundle.items,
        golden=golden,
        trained=bundle.manifest.trained,
        carry=bundle.path,
    )
    return Refreshed(Bundle.load(path, verify=False), live)  # `save` has asked it already


def _counted(experiment: Experiment, pipeline: Pipeline, view: TrainView) -> dict[str, Column]:
    """Sums over many users as they stand at the end of everything."""
    assert isinstance(pipeline.store, Store), "a bundle holds the one feature store"
    held, end = pipeline.store.columns, view.end
    totals = recounted_totals(experiment, held, view)
    # As of the next point of its grid, at which the last event counts, too.
    windows = recounted_windows(experiment, held, view)
    return {**totals, **{name: line.now(end + line.changes.refresh) for name, line in windows.items()}}
