"""What counts and does not learn, counted again over other events: sums over users, and channels without vectors."""

from collections.abc import Mapping
from dataclasses import replace

from taojin.core.stages import Retriever
from taojin.data.dataset import TrainView
from taojin.features.feature import Column
from taojin.features.materialize import Windowed, renew_windows
from taojin.features.out_of_fold import OutOfFold
from taojin.features.snapshot import OutOfFoldValues, Snapshot, Timeline
from taojin.scene import Experiment


def recounted_windows(experiment: Experiment, held: Mapping[str, Column], view: TrainView) -> dict[str, Timeline]:
    """Windowed features at every time; scales and priors stay.

    held    the columns of the store that serves
    """
    before = {name: column for name, column in held.items() if isinstance(column, Snapshot | Timeline)}
    specs = [feature for feature in experiment.features if isinstance(feature, Windowed) and feature.name in before]
    return renew_windows(specs, before, view) if specs else {}


def recounted_totals(experiment: Experiment, held: Mapping[str, Column], view: TrainView) -> dict[str, Column]:
    """Statistics that know no time; scales and priors stay."""
    found: dict[str, Column] = {}
    for feature in experiment.features:
        before = held.get(feature.name)
        if isinstance(feature, OutOfFold) and isinstance(before, OutOfFoldValues):
            found[feature.name] = replace(feature.fit(view, held), scale=before.scale, empty=before.empty)
    return found


def recounted_channels(experiment: Experiment, scene: str, view: TrainView) -> dict[str, Retriever]:
    """The channels of a scene that read no vectors."""
    return {
        name: spec.fit(view, {}, seed=experiment.seed)
        for name, (spec, _) in experiment.scenes[scene].retrieval.items()
        if not spec.embeddings
    }
