"""Learn a scene's quotas on validation, and give a trained run other quotas."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from taojin.bundle.bundle import Bundle, Golden, recipe_of
from taojin.bundle.place import check_place
from taojin.bundle.save import save
from taojin.core.progress import Progress, Silent
from taojin.data.split import Part
from taojin.evaluation.cases import Cases, cases
from taojin.evaluation.metrics import member
from taojin.evaluation.quotas import Chooser, Proposals, Quotas, equal, greedy, held_out, scaled, single
from taojin.experiment.evaluate import Offline
from taojin.experiment.train import Trained
from taojin.pipeline import Pipeline
from taojin.scene import Experiment

MOST = 1_000
"""Validation users that are asked, drawn at random."""
BLOCK = 256
"""Requests whose candidates are held at once."""
POINTS = 8
"""Points of the curve."""


@dataclass(frozen=True, kw_only=True)
class TunedQuotas:
    """Learned quotas beside others that bring as many candidates.

    today       what the run has
    learned     on all validation users
    size        candidates a request that the learned quotas bring, each counted once
    curve       candidates a request -> way to choose -> mean recall over validation users; each user's recall is that
                of quotas which were chosen on other users
    """

    scene: str
    users: int
    size: float
    today: Quotas
    learned: Quotas
    curve: Mapping[int, Mapping[str, float]]

    @property
    def assignments(self) -> list[str]:
        """The learned quotas as `taojin train --set` takes them."""
        return [f"scenes.{self.scene}.retrieval.{name}.1={quota}" for name, quota in self.learned.items()]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "scene": self.scene,
            "users": self.users,
            "candidates": self.size,
            "today": self.today,
            "quotas": self.learned,
            "curve": {str(size): dict(recalls) for size, recalls in self.curve.items()},
            "set": self.assignments,
        }


def tune_quotas(
    path: Path | str,
    *,
    budget: int | None = None,
    scene: str | None = None,
    data: Path | str | None = None,
    progress: Progress | None = None,
) -> TunedQuotas:
    """Quotas that find most on validation, for a scene that is asked by users.

    budget  candidates a request of all channels together, each counted once; None: as many as today
    scene   None: the one that rankers learn from
    data    where the data lies now, if it has moved
    """
    offline = Offline.load(path, data)
    experiment = offline.experiment
    scene = scene or experiment.sampling.scene
    if scene not in experiment.scenes:
        raise ValueError(f"scene {scene!r}: this run has {', '.join(experiment.scenes)}")
    pipeline = offline.pipeline(scene, Part.VALID)
    today = dict(pipeline.quotas)
    positive = offline.view.kinds.bits(experiment.positive)
    divided, had = offline.divided, pipeline.consumed
    judged = cases(divided.dataset, divided.part, Part.VALID, positive, seed=experiment.seed, had=had)
    some = np.sort(np.random.default_rng(experiment.seed).permutation(len(judged))[:MOST])
    # A channel alone may bring as many candidates as all of them do today.
    depth = min(budget or sum(today.values()), pipeline.items, np.iinfo(np.uint16).max)
    found = proposals(pipeline, judged.only(some), depth=depth, progress=progress or Silent())
    budget = budget or round(found.size(today))
    if budget < len(found.channels):
        raise ValueError(f"--budget {budget}: expected {len(found.channels)} or more, a place for each channel")
    if not found.relevant.any():
        raise ValueError(f"scene {scene!r}: its channels find nothing relevant on validation, no quota helps")
    choosers: dict[str, Chooser] = {"learned": greedy, "equal": equal, "today's": scaled(today), "best single": single}
    totals = sorted({max(len(found.channels), budget * point // POINTS) for point in range(1, POINTS + 1)})
    learned = greedy(found, budget)
    return TunedQuotas(
        scene=scene,
        users=len(found),
        size=found.size(learned),
        today=today,
        learned=learned,
        curve={t: {name: held_out(found, choose, t) for name, choose in choosers.items()} for t in totals},
    )


def proposals(pipeline: Pipeline, judged: Cases, *, depth: int, progress: Progress) -> Proposals:
    """What every channel proposes behind the rules, down to a depth."""
    quotas = dict.fromkeys(pipeline.quotas, depth)
    proposing = replace(pipeline, quotas=quotas, preranker=None, ranker=None, rerankers={})
    place, request, relevant = [], [], []
    with progress.task("channels", len(judged)) as advance:
        for start in range(0, len(judged), BLOCK):
            block = judged.only(np.arange(start, min(start + BLOCK, len(judged))))
            allowed = proposing.run(block.requests)["rules"]
            place.append(allowed.place)
            request.append(allowed.request + start)
            relevant.append(member(block.offsets, block.item, allowed.request, allowed.item))
            advance(len(block), "")
    return Proposals(
        channels=tuple(pipeline.channels),
        place=np.concatenate(place),
        request=np.concatenate(request),
        relevant=np.concatenate(relevant),
        wanted=judged.relevant,
    )


def check_copy(run: Path, out: Path) -> None:
    """Refuse a place for the run's copy that is the run itself, or where something else is."""
    if out.resolve() == run.resolve():
        raise ValueError(f"{out}: is the run itself; name another folder")
    check_place(out)


def with_quotas(path: Path | str, scene: str, quotas: Quotas, out: Path | str) -> Bundle:
    """The same run with other quotas as a new bundle: what was trained stays, golden requests are answered anew.

    A ranker keeps what it learned from the candidates of the old quotas.
    """
    check_copy(Path(path), Path(out))
    bundle, trained = Bundle.load(path), recipe_of(Path(path))
    assert isinstance(trained, Trained), "experiment.json holds what training wrote"
    pipelines = {**bundle.scenes, scene: replace(bundle.scenes[scene], quotas=dict(quotas))}
    save(
        Path(out).absolute(),
        name=bundle.name,
        experiment=replace(trained, experiment=_recipe(trained.experiment, scene, quotas)),
        fitted=replace(bundle.fitted, scenes=pipelines),
        users=bundle.users,
        items=bundle.items,
        trained=bundle.manifest.trained,
        carry=bundle.path,
        golden=tuple(_answered(golden, pipelines[golden.scene]) for golden in bundle.golden),
    )
    return Bundle.load(out, verify=False)  # `save` has asked it already


def _recipe(experiment: Experiment, scene: str, quotas: Quotas) -> Experiment:
    spec = experiment.scenes[scene]
    retrieval = {name: (channel, quotas[name]) for name, (channel, _) in spec.retrieval.items()}
    return replace(experiment, scenes={**experiment.scenes, scene: replace(spec, retrieval=retrieval)})


def _answered(golden: Golden, pipeline: Pipeline) -> Golden:
    return replace(golden, answers=replace(pipeline, strict=True).recommend(golden.requests))
