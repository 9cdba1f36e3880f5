"""Learn a scene's quotas on validation, and give a trained run other quotas."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from taojin.bundle import Bundle, Golden, recipe_of, save
from taojin.core.events import look_up
from taojin.core.progress import Progress, Silent
from taojin.data.split import Part
from taojin.evaluation.cases import Cases, cases
from taojin.evaluation.quotas import Chooser, Finds, Quotas, equal, greedy, held_out, scaled, single
from taojin.experiment.evaluate import Offline
from taojin.experiment.train import Trained
from taojin.pipeline import Pipeline
from taojin.scene import Experiment

BLOCK = 256
"""Requests whose candidates are held at once."""
POINTS = 8
"""Points of the curve."""


@dataclass(frozen=True, kw_only=True)
class TunedQuotas:
    """Learned quotas beside others of the same total.

    today       what the run has
    learned     on all validation users
    curve       total -> way to choose -> mean recall over validation users; each user's recall is that of quotas which
                were chosen on other users
    """

    scene: str
    users: int
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
            "today": self.today,
            "quotas": self.learned,
            "curve": {str(total): dict(recalls) for total, recalls in self.curve.items()},
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

    budget  places of all channels together; None: as many as today
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
    budget = budget or sum(today.values())
    positive = offline.view.kinds.bits(experiment.positive)
    judged = cases(offline.divided.dataset, offline.divided.part, Part.VALID, positive, seed=experiment.seed)
    found = finds(pipeline, judged, depth=min(budget, pipeline.items), progress=progress or Silent())
    if not (found.place > 0).any():
        raise ValueError(f"scene {scene!r}: its channels find nothing relevant on validation, no quota helps")
    choosers: dict[str, Chooser] = {"learned": greedy, "equal": equal, "today's": scaled(today), "best single": single}
    least = len(found.channels)
    totals = sorted({max(least, budget * point // POINTS) for point in range(1, POINTS + 1)})
    return TunedQuotas(
        scene=scene,
        users=len(judged),
        today=today,
        learned=greedy(found, budget),
        curve={t: {name: held_out(found, choose, t) for name, choose in choosers.items()} for t in totals},
    )


def finds(pipeline: Pipeline, judged: Cases, *, depth: int, progress: Progress) -> Finds:
    """Where each channel has each relevant item, down to a depth, behind the rules."""
    quotas = dict.fromkeys(pipeline.quotas, depth)
    proposing = replace(pipeline, quotas=quotas, preranker=None, ranker=None, rerankers={})
    places = []
    with progress.task("channels", len(judged)) as advance:
        for start in range(0, len(judged), BLOCK):
            block = judged.only(np.arange(start, min(start + BLOCK, len(judged))))
            allowed = proposing.run(block.requests)["rules"]
            key = allowed.request * pipeline.items + allowed.item
            row = look_up(key, np.arange(len(key)), block.request * pipeline.items + block.item, absent=-1)
            there = row >= 0
            place = np.zeros((len(row), len(allowed.channels)), np.int64)
            place[there] = allowed.place[row[there]]
            places.append(place)
            advance(len(block), "")
    return Finds(
        channels=tuple(pipeline.channels),
        place=np.concatenate(places),
        request=judged.request,
        requests=len(judged),
    )


def with_quotas(path: Path | str, scene: str, quotas: Quotas, out: Path | str) -> Bundle:
    """The same run with other quotas as a new bundle: what was trained stays, golden requests are answered anew.

    A ranker keeps what it learned from the candidates of the old quotas.
    """
    bundle, trained = Bundle.load(path), recipe_of(Path(path))
    assert isinstance(trained, Trained), "experiment.json holds what training wrote"
    pipelines = {**bundle.scenes, scene: replace(bundle.scenes[scene], quotas=dict(quotas))}
    save(
        Path(out).absolute(),
        name=bundle.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        experiment=replace(trained, experiment=_recipe(trained.experiment, scene, quotas)),
        fitted=replace(bundle.fitted, scenes=pipelines),
        users=bundle.users,
        items=bundle.items,
        golden=tuple(_answered(golden, pipelines[golden.scene]) for golden in bundle.golden),
    )
    return Bundle.load(out)


def _recipe(experiment: Experiment, scene: str, quotas: Quotas) -> Experiment:
    spec = experiment.scenes[scene]
    retrieval = {name: (channel, quotas[name]) for name, (channel, _) in spec.retrieval.items()}
    return replace(experiment, scenes={**experiment.scenes, scene: replace(spec, retrieval=retrieval)})


def _answered(golden: Golden, pipeline: Pipeline) -> Golden:
    return replace(golden, answers=replace(pipeline, strict=True).recommend(golden.requests))
