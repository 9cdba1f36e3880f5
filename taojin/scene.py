"""Scene, Cutoffs, Experiment: everything that decides what is trained and served; pure data."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Candidates
from taojin.core.bounds import Bound, Count, bounded, bounded_throughout
from taojin.core.formula import Formula
from taojin.core.hint import did_you_mean
from taojin.core.stages import Reranker, Rule
from taojin.core.units import Mask
from taojin.data.dataset import Clock, Dataset, Log, TrainView
from taojin.data.sampling import Sampling
from taojin.embeddings.embedding import Embedder
from taojin.features.attributes import Id
from taojin.features.feature import Feature
from taojin.features.past import Recent
from taojin.preranking.distilled import Distilled
from taojin.ranking.spec import Model
from taojin.retrieval.channel import Channel
from taojin.retrieval.serve.merging import Merge, ReciprocalRank


@runtime_checkable
class Source(Protocol):
    """Where the three tables come from."""

    @property
    def name(self) -> str: ...

    def load(self, path: Path | None) -> Dataset:
        """Read and check the tables under `path`; a generated world takes None."""
        ...


@runtime_checkable
class Split(Protocol):
    """Which events are for training, validation and test."""

    @property
    def guards(self) -> str:
        """What the split protects from, said beside the numbers."""
        ...

    def assign(self, log: Log, clock: Clock) -> NDArray[np.uint8]:
        """The `Part` of each event: 0 training, 1 validation, 2 test, 3 known but neither learned nor judged."""
        ...


@runtime_checkable
class RuleSpec(Protocol):
    """A spec of a rule."""

    @property
    def needs_clock(self) -> bool: ...

    def fit(self, view: TrainView) -> Rule:
        """The rule on this data."""
        ...


@runtime_checkable
class MergeSpec(Protocol):
    """A spec of a merge that is learned."""

    def fit(self, proposed: Candidates, relevant: Mask) -> Merge:
        """Learn from what the channels brought to validation requests.

        relevant    which candidates their users went on to like, bool[N]
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Cutoffs:
    """How many candidates of a request go on: to ranking, and to re-ranking. They grow with the places asked for."""

    prerank: Count = 300
    rank: Count = 60

    def __post_init__(self) -> None:
        bounded(self)

    def for_places(self, n: int) -> "Cutoffs":
        """At least 5 n go to ranking and 2 n to re-ranking."""
        return Cutoffs(prerank=max(self.prerank, 5 * n), rank=max(self.rank, 2 * n))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One funnel: parts by name; any stage but retrieval may be empty.

    retrieval       channel and quota by name
    merge           how what they bring is put in one order
    preranking      name of a model, or None: the order of the merged channels
    ranking         name of a model, or None: the order of pre-ranking
    value           what is ranked by: a weight of each task's prediction (negative ones push down), or a formula over
                    tasks such as "click * (0.2 + watch_ratio) ** 0.5 - 2 * hate", see `taojin.core.formula`
    last_resort     the channel that fills up when the others leave places empty
    consumed        kinds of event after which an item counts as had; channels over-fetch by their number
    """

    retrieval: dict[str, tuple[Channel, int]]
    merge: Merge | MergeSpec = ReciprocalRank()
    rules: tuple[RuleSpec, ...] = ()
    preranking: str | None = None
    ranking: str | None = None
    value: Mapping[str, float] | str = field(default_factory=dict)
    reranking: tuple[Reranker, ...] = ()
    cutoffs: Cutoffs = Cutoffs()
    last_resort: str | None = None
    consumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounded(self)
        formula = self.formula
        if formula is not None and not formula.names:
            raise ValueError(f"Scene.value: {self.value!r} names no task; everything would be worth the same")

    @property
    def formula(self) -> Formula | None:
        """The value as a formula; None where there is none."""
        if not self.value:
            return None
        return Formula(self.value) if isinstance(self.value, str) else Formula.weighted(self.value)


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Everything that is fitted has one name here and is fitted once; scenes refer to it.

    features    declared in an order in which each needs only those before it
    positive    the kind of event that counts as relevant when the funnel is judged
    """

    name: str
    data: Source
    split: Split
    features: tuple[Feature, ...]
    scenes: dict[str, Scene]
    embeddings: dict[str, Embedder] = field(default_factory=dict)
    models: Mapping[str, Model | Distilled] = field(default_factory=dict)
    sampling: Sampling = Sampling()
    positive: str = "like"
    seed: Annotated[int, Bound(low=0, high=2**63 - 1, whole=True)] = 0

    def check(self, clock: Clock) -> None:
        """Refuse names that refer to nothing, and parts that need a clock where there is none, before any training."""
        bounded_throughout(self)
        names = [feature.name for feature in self.features]
        if len(set(names)) < len(names):
            raise ValueError(f"features: {next(n for n in names if names.count(n) > 1)!r} is declared twice")
        both = next((name for name in names if name in self.embeddings), None)
        if both is not None:
            raise ValueError(f"{both!r} is a feature and an embedding; what models read by that name must be one thing")
        for what, named in (("embedding", self.embeddings), ("model", self.models), ("scene", self.scenes)):
            _check_names(what, named)
        readable = {*names, *self.embeddings}
        for name, embedder in self.embeddings.items():
            _known(embedder.features, names, f"embedding {name!r}: feature")
            self._check_history(embedder, f"embedding {name!r}")
        for name, model in self.models.items():
            if isinstance(model, type) or not isinstance(model, Model | Distilled):
                raise ValueError(f"model {name!r}: expected a spec, such as RankingModel(...); got {model!r}")
            _known(model.features, readable, f"model {name!r}: feature")
            _known((*model.embeddings, *model.starts), self.embeddings, f"model {name!r}: embedding")
            vectors = [read for read in (*model.features, *model.starts) if read in self.embeddings]
            if vectors:
                self._check_early(f"model {name!r}: it reads the embedding {vectors[0]!r}, which may know")
            if isinstance(model, Distilled):
                self._check_teacher(name, model.teacher)
                self._check_early(f"model {name!r}: it is taught on what channels propose that know")
        _known([self.sampling.scene], self.scenes, "sampling: scene")
        for name, scene in self.scenes.items():
            self._check_scene(name, scene, readable)
        if clock is Clock.ORDER:
            self._refuse_clocks()

    def _check_teacher(self, name: str, teacher: str) -> None:
        _known([teacher], self.models, f"model {name!r}: teacher")
        if isinstance(self.models[teacher], Distilled):
            raise ValueError(f"model {name!r}: teacher {teacher!r} is taught itself; name the model that teaches it")

    def _check_early(self, where: str) -> None:
        if self.sampling.late == 1:
            raise ValueError(
                f"{where} nothing of the rows, and with sampling.late=1 no event is left to fit that on; take a "
                "smaller `late`"
            )

    def _check_scene(self, name: str, scene: Scene, readable: Collection[str]) -> None:
        where = f"scene {name!r}"
        if not scene.retrieval:
            raise ValueError(f"{where}: no channel; retrieval needs at least one")
        _check_names(f"{where}, channel", scene.retrieval)
        for channel, part in scene.retrieval.items():
            _check_quota(part, f"{where}, channel {channel!r}")
            spec, _ = part
            _known(spec.embeddings, self.embeddings, f"{where}, channel {channel!r}: embedding")
            self._check_history(spec, f"{where}, channel {channel!r}")
        _known([m for m in (scene.preranking, scene.ranking) if m], self.models, f"{where}: model")
        _known([scene.last_resort] if scene.last_resort else [], scene.retrieval, f"{where}: channel")
        for reranker in scene.reranking:
            _known(reranker.features, readable, f"{where}, {type(reranker).__name__}: feature")
        if (scene.ranking or scene.preranking) and not scene.value:
            raise ValueError(f"{where}: ranking needs a value, such as value={{{self.sampling.names[0]!r}: 1.0}}")
        if scene.formula is not None:
            scene.formula.check(self.sampling.names, where)

    def _check_history(self, spec: Channel | Embedder, where: str) -> None:
        """What starts from a user's last items names the feature that holds them in its field `history`.

        An encoder learns what stands in the history; all others take its first column for rows of items.
        """
        name = getattr(spec, "history", None)
        if name is None or getattr(spec, "of", "user") != "user":
            return
        there = {feature.name: feature for feature in self.features if isinstance(feature, Recent)}
        _known([name], there, f"{where}: history (a feature of the kind `Recent`)")
        first = there[name].columns[0]
        ids = [feature.name for feature in self.features if isinstance(feature, Id) and feature.entity == "item"]
        if first not in ids and getattr(spec, "encoder", None) is None:
            raise ValueError(
                f"{where}: history {name!r}: expected the items' id (a feature of the kind `Id`) as its first column; "
                f"got {first!r}; name another history, or put the id first"
            )

    def _refuse_clocks(self) -> None:
        needy = [f"feature {f.name!r}" for f in self.features if f.needs_clock]
        needy += [f"embedding {name!r}" for name, embedder in self.embeddings.items() if embedder.needs_clock]
        if self.sampling.half_life is not None:
            needy.append("the half-life of the sampling")
        for name, scene in self.scenes.items():
            needy += [
                f"channel {c!r} of scene {name!r}" for c, (spec, _) in scene.retrieval.items() if spec.needs_clock
            ]
            needy += [f"rule {type(r).__name__} of scene {name!r}" for r in scene.rules if r.needs_clock]
        if needy:
            raise ValueError(
                f"experiment {self.name!r}: the data knows only the order of each user's events, "
                f"and these need a clock: {', '.join(needy)}; leave them out"
            )


_NAME = re.compile(r"\w[\w .+-]{0,99}")


def _check_names(what: str, named: Iterable[str]) -> None:
    """Names that become names of files."""
    for name in named:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(
                f"{what} {name!r}: expected a name of letters, digits and _ . + - that begins with a letter or digit, "
                "100 letters at most"
            )


def _check_quota(part: object, where: str) -> None:
    """A scene names each channel with the number of items that it may bring."""
    match part:
        case (spec, int(quota)) if (
            quota >= 1 and not isinstance(quota, bool) and hasattr(spec, "fit") and not isinstance(spec, type)
        ):
            return
    expected = "a channel and its quota, a whole number of 1 or more, such as (Popular(), 50)"
    raise ValueError(f"{where}: expected {expected}; got {part!r}")


def _known(names: Collection[str], there: Collection[str], where: str) -> None:
    for name in names:
        if name not in there:
            raise ValueError(f"{where} {name!r} is not declared; {did_you_mean(name, there)}")
