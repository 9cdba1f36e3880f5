"""Judge a bundle on its own data: the funnel that serves, asked as of each request's time."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from taojin.bundle.bundle import Bundle, recipe_of
from taojin.core.progress import Progress, Silent
from taojin.data.dataset import TrainView
from taojin.data.split import Part
from taojin.evaluation.baselines import Baseline
from taojin.evaluation.beyond import ItemSets
from taojin.evaluation.cases import cases
from taojin.evaluation.dump import dumping
from taojin.evaluation.evaluation import About, Evaluation
from taojin.evaluation.gap import Truth
from taojin.evaluation.judge import evaluate as judge
from taojin.evaluation.judge import fit_baselines
from taojin.evaluation.ranker import JudgedRows
from taojin.experiment.base import Base
from taojin.experiment.fit import Divided
from taojin.experiment.lessons import draw_judged
from taojin.experiment.recount import recounted_channels, recounted_totals, recounted_windows
from taojin.experiment.train import Trained
from taojin.features.feature import Column
from taojin.features.store import Store
from taojin.pipeline import Pipeline
from taojin.retrieval.channel import TimedChannel
from taojin.scene import Experiment
from taojin.world.world import World

PLACES = 50
"""Length of the judged lists."""


@dataclass(frozen=True)
class Offline:
    """A bundle beside the data it was made of."""

    trained: Trained
    bundle: Bundle
    base: Base
    divided: Divided
    view: TrainView

    @classmethod
    def load(cls, path: Path | str, data: Path | str | None = None) -> "Offline":
        """Read the bundle and its data again.

        data    where the data lies now; None: where it lay at training
        """
        bundle = Bundle.load(path)
        trained = recipe_of(bundle.path)
        assert isinstance(trained, Trained), "experiment.json holds what training wrote"
        where = data if data is not None else trained.data
        base = Base.of(bundle)
        divided = Divided.of(trained.experiment, Path(where) if where is not None else None, base)
        if divided.dataset.item_vocabulary.ids != bundle.item_vocabulary.ids:
            raise ValueError(f"{path}: the data at {where} is not what this run was trained on; give it with --data")
        return cls(trained, bundle, base, divided, divided.view)

    @property
    def experiment(self) -> Experiment:
        """The recipe."""
        return self.trained.experiment

    def pipeline(self, scene: str, which: Part) -> Pipeline:
        """The scene as it serves, but for any time: windowed features and moving lists as of each request of a part.

        They are taken over the training events before the request; a user's own past is the whole past. What a refresh
        has counted is counted again over the training events.
        """
        served, spec = self.bundle.scenes[scene], self.experiment.scenes[scene]
        assert isinstance(served.store, Store), "a bundle holds the one feature store"
        held, channels = served.store.columns, dict(served.channels)
        columns: dict[str, Column] = dict(recounted_windows(self.experiment, held, self.view))
        if self.trained.refreshed:  # it has counted what is to be judged
            columns |= recounted_totals(self.experiment, held, self.view)
            channels |= recounted_channels(self.experiment, scene, self.view)
        times = self.divided.moments(which, served.consumed).requests.time
        for name, (channel, _) in spec.retrieval.items():
            if isinstance(channel, TimedChannel):
                channels[name] = channel.as_of(self.view, times)
        return replace(served, store=served.store.with_columns(columns), channels=channels, strict=True)


def evaluate(
    path: Path | str,
    *,
    data: Path | str | None = None,
    part: str = "test",
    dump: Path | str | None = None,
    beside: Mapping[str, Baseline] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Judge the scene `for_you` and its ranker, with popularity and tuned item CF beside them.

    part    "test", or "valid" for what choices may look at
    dump    folder for every list and every test set as Parquet
    beside  further baselines by name, fitted on the run's training split
    """
    which = {"test": Part.TEST, "valid": Part.VALID}.get(part)
    if which is None:
        raise ValueError(f"part {part!r}: expected 'test' or 'valid'")
    offline = Offline.load(path, data)
    folder = Path(dump) if dump else None
    return judge_scene(offline, which, dump=folder, beside=beside or {}, progress=progress or Silent())


def judge_scene(
    offline: Offline, which: Part, *, dump: Path | None, beside: Mapping[str, Baseline], progress: Progress
) -> Evaluation:
    """The numbers of the experiment's main scene on one part of its data."""
    return Judged.of(offline, which).evaluate(dump=dump, beside=beside, progress=progress)


@dataclass(frozen=True)
class Judged:
    """The experiment's main scene, and the rows of a part that its ranker is judged on."""

    offline: Offline
    which: Part
    pipeline: Pipeline
    rows: JudgedRows

    @classmethod
    def of(cls, offline: Offline, which: Part) -> "Judged":
        """Draw the rows: what the channels propose at the part's moments, and what was shown in it."""
        experiment = offline.experiment
        pipeline = offline.pipeline(experiment.sampling.scene, which)
        moments = offline.divided.moments(which, pipeline.consumed)
        # Every kind of negative, whatever the ranker learnt from.
        sampling = replace(
            experiment.sampling,
            unproposed=experiment.sampling.exposed is None,  # otherwise what was shown is judged as it happened
            random=max(3, experiment.sampling.random),
        )
        asked = replace(pipeline, rerankers={}, preranker=None, ranker=None)
        drawn = draw_judged(experiment, offline.divided, which, moments, pipeline.store, asked, sampling)
        return cls(offline, which, pipeline, JudgedRows(drawn.samples, drawn.user, drawn.item))

    def evaluate(self, *, dump: Path | None, beside: Mapping[str, Baseline], progress: Progress) -> Evaluation:
        """Measure everything; see `evaluate`."""
        experiment, dataset, view = self.offline.experiment, self.offline.divided.dataset, self.offline.view
        positive, part = view.kinds.bits(experiment.positive), self.offline.divided.part
        split, had = experiment.split, self.pipeline.consumed
        valid = cases(dataset, part, Part.VALID, positive, n=PLACES, seed=experiment.seed, had=had)
        with ExitStack() as stack:
            vocabularies = {"users": dataset.user_vocabulary, "catalogue": dataset.item_vocabulary}
            dumped = stack.enter_context(dumping(dump, **vocabularies)) if dump else None
            return judge(
                self.pipeline,
                cases(dataset, part, self.which, positive, n=PLACES, seed=experiment.seed, had=had),
                {**fit_baselines(view, valid, event=experiment.positive, progress=progress, had=had), **beside},
                view=view,
                about=About(
                    data=dataset.name,
                    scene=experiment.sampling.scene,
                    part=self.which.name.lower(),
                    split=type(split).__name__,
                    guards=split.guards,
                    seeds=(experiment.seed,),
                ),
                judged=self.rows,
                attributes=ItemSets.of(dataset.items["genres"]) if "genres" in dataset.items.column_names else None,
                truth=_truth(experiment, self.offline.base),
                dump=dumped,
                progress=progress,
            )


def _truth(experiment: Experiment, base: Base) -> Truth | None:
    """What a generated world knows; of other data, and of events that came from elsewhere, it knows nothing."""
    return experiment.data.truth() if isinstance(experiment.data, World) and not base.added.num_rows else None
