"""From tables to fitted parts, in the order of their needs: features, embeddings, channels, rankers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taojin.core.progress import Progress
from taojin.core.stages import Ranker, Retriever
from taojin.core.units import Ints
from taojin.data.checked import Checked
from taojin.data.dataset import Dataset, TrainView
from taojin.data.kinds import Kinds
from taojin.data.split import Part
from taojin.data.tasks import Happened
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.query import QueryVectors, asked_as
from taojin.experiment.base import Base
from taojin.experiment.samples import Moments, moments_at
from taojin.features.attributes import Table
from taojin.features.feature import Column, Feature, Level, Number
from taojin.features.materialize import Windowed, fit_windows
from taojin.features.store import Store
from taojin.nn.warm import within
from taojin.pipeline import Pipeline
from taojin.retrieval.channel import TimedChannel
from taojin.retrieval.serve.merging import Merge, ReciprocalRank
from taojin.scene import Experiment, Scene


@dataclass(frozen=True)
class Divided:
    """A data set with the part of each of its events.

    words   see `TrainView`
    new     what was read and refused of the events that a run goes on with
    """

    dataset: Dataset
    part: NDArray[np.uint8]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    new: Checked = field(default_factory=Checked)

    @classmethod
    def of(cls, experiment: Experiment, path: Path | None, base: Base | None = None) -> "Divided":
        """Load, check the recipe against the data, and split.

        base    the run that this one goes on from, or that it is
        """
        dataset, new = experiment.data.load(path), Checked()
        if base is not None:
            dataset, new = base.dataset(dataset)
        return replace(cls.over(experiment, dataset), words=base.words if base is not None else {}, new=new)

    @classmethod
    def over(cls, experiment: Experiment, dataset: Dataset) -> "Divided":
        """Check the recipe against data, and split them."""
        experiment.check(dataset.clock)
        _check_events(experiment, dataset.kinds)
        part = experiment.split.assign(dataset.log, dataset.clock)
        if not (part == Part.TRAIN).any():
            raise ValueError(f"split of {dataset.name!r}: no event is left for training; take a smaller test share")
        return cls(dataset, part)

    @property
    def view(self) -> TrainView:
        """What fitting sees."""
        return replace(self.dataset.view(self.part == Part.TRAIN), words=self.words)

    def moments(self, which: Part, consumed: int) -> Moments:
        """One request per user at the first event of a part, with what the user had in it."""
        log = self.dataset.log
        rows = np.flatnonzero(self.part == which)
        _, first, count = np.unique(log.user[rows], return_index=True, return_counts=True)
        start = rows[first]
        return moments_at(log, start, start + count, items=self.dataset.n_items, consumed=consumed)


def _check_events(experiment: Experiment, kinds: Kinds) -> None:
    """Refuse kinds of event that the data does not have, with the place where they are named."""
    nothing = Happened(np.zeros(1, np.uint32), np.zeros(1, np.float32))
    asked: list[tuple[str, Callable[[], object]]] = [
        ("positive", lambda: kinds.bits(experiment.positive)),
        *((f"sampling, task {task.name!r}", partial(task.label, nothing, kinds)) for task in experiment.sampling.specs),
        *(
            (f"scene {name!r}: consumed", partial(kinds.bits, *scene.consumed))
            for name, scene in experiment.scenes.items()
        ),
    ]
    if experiment.sampling.exposed is not None:
        asked.append(("sampling.exposed", partial(kinds.bits, experiment.sampling.exposed)))
    asked += [(where, partial(kinds.bits, event)) for where, event in _events_of_parts(experiment)]
    for where, ask in asked:
        try:
            ask()
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error


EVENTS = ("event", "events", "top", "bottom")
"""Fields of parts that name kinds of event."""


def _events_of_parts(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """The kinds of event that features, embeddings, channels and rules name, each with its place."""
    parts: list[tuple[str, object]] = [(f"feature {feature.name!r}", feature) for feature in experiment.features]
    parts += [(f"embedding {name!r}", spec) for name, spec in experiment.embeddings.items()]
    for name, scene in experiment.scenes.items():
        parts += [(f"scene {name!r}, channel {channel!r}", spec) for channel, (spec, _) in scene.retrieval.items()]
        parts += [(f"scene {name!r}", rule) for rule in scene.rules]
    yield from ((f"{where}, {named}", event) for where, part in parts for named, event in _events(part))


def _events(part: object) -> Iterator[tuple[str, str]]:
    """The kinds of event that a part names, each with its class and field."""
    for one in fields(part) if is_dataclass(part) else ():
        value = getattr(part, one.name)
        if one.name not in EVENTS:
            yield from _events(value)
            continue
        for event in (value,) if isinstance(value, str) else value or ():
            yield f"{type(part).__name__}.{one.name}", event


def fit_store(features: Iterable[Feature], view: TrainView) -> Store:
    """Columns of the declared features, able to answer for any time."""
    features = tuple(features)
    windows = fit_windows(tuple(f for f in features if isinstance(f, Windowed)), view)
    columns: dict[str, Column] = {}
    for feature in features:
        columns[feature.name] = windows[feature.name] if feature.name in windows else feature.fit(view, columns)
    return Store(columns)


def fit_embeddings(
    experiment: Experiment, view: TrainView, store: Store, names: Iterable[str], progress: Progress
) -> dict[str, Embedding]:
    """The named embeddings of the experiment."""
    found = {}
    for name in names:
        with within(f"embeddings/{name}"):
            found[name] = experiment.embeddings[name].fit(view, store.columns, seed=experiment.seed, progress=progress)
    return found


def with_vectors(store: Store, embeddings: Mapping[str, Embedding]) -> Store:
    """The store with each embedding's vectors as columns: those of items under its name, those of requests beside."""
    columns: dict[str, Column] = {}
    for name, embedding in embeddings.items():
        form = Number(embedding.vectors.shape[1])
        columns[name] = Table(name, Level.CANDIDATE, form, embedding.vectors)
        columns[asked_as(name)] = QueryVectors(asked_as(name), embedding.query, form)
    return store.with_columns(columns)


def fit_channels(
    scene: Scene, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int, times: Ints | None = None
) -> dict[str, Retriever]:
    """The channels of a scene.

    times   the lists that move with time are given as of these; None: as they stand at the end of the view
    """
    return {
        name: spec.as_of(view, times)
        if times is not None and isinstance(spec, TimedChannel)
        else spec.fit(view, embeddings, seed=seed)
        for name, (spec, _) in scene.retrieval.items()
    }


BY_PLACES = ReciprocalRank()
"""The merge of funnels whose order is not asked for."""


def assemble(
    scene: Scene,
    view: TrainView,
    store: Store,
    channels: dict[str, Retriever],
    rankers: Mapping[str, Ranker],
    merge: Merge = BY_PLACES,
) -> Pipeline:
    """The pipeline of a scene out of its fitted parts."""
    return Pipeline(
        store,
        channels,
        {name: quota for name, (_, quota) in scene.retrieval.items()},
        {type(rule).__name__: rule.fit(view) for rule in scene.rules},
        rankers[scene.preranking] if scene.preranking else None,
        rankers[scene.ranking] if scene.ranking else None,
        scene.formula,
        {type(reranker).__name__: reranker for reranker in scene.reranking},
        scene.cutoffs,
        scene.last_resort,
        view.kinds.bits(*scene.consumed),
        view.n_items,
        merge=merge,
    )
