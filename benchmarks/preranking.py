"""`python -m benchmarks preranking RECIPE --data DIR`: light models before a ranker, taught by it and not.

Trains the recipe's ranker (or, with `--ranker`, a model of the zoo in its place), and light models that read the same
features: logistic regression, FM, shallow DeepFM, COLD and two towers, each as it learns alone and as the ranker
teaches it on its own candidates. Quotas grow until the channels bring about `--candidates`. Requests are those of the
validation part, of the test part with `--final`. The last line is one JSON line.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.environment import at_least_one
from benchmarks.quality import RESULTS, commit
from benchmarks.section import shown, write_section
from taojin.core.progress import Silent
from taojin.data.split import Part
from taojin.evaluation.survival import RANDOM, Survivals, survivals
from taojin.experiment.fit import Divided, assemble, fit_channels, fit_embeddings, fit_store, with_vectors
from taojin.experiment.lessons import draw_lessons
from taojin.experiment.rankers import fit_rankers
from taojin.preranking.distilled import Distilled
from taojin.ranking import zoo
from taojin.ranking.model import RankingModel
from taojin.run import find
from taojin.scene import Experiment, Scene

LIGHT: dict[str, RankingModel] = {
    "lr": zoo.LR,
    "fm": replace(zoo.FACTORISATION_MACHINE, dim=8),
    "shallow_deep_fm": zoo.SHALLOW_DEEP_FM,
    "cold": zoo.COLD,
    "two_towers": replace(zoo.TWO_TOWERS, dim=8),
}
CUTOFFS = (50, 100, 200, 300, 500, 1000)


def main(arguments: list[str]) -> None:
    """Measure, print a table, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks preranking", description=__doc__)
    parser.add_argument("recipe")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--ranker", help="a line of the zoo in the place of the recipe's ranker, such as TRANSFORMER")
    parser.add_argument("--candidates", type=at_least_one, default=2_000, help="about so many a request")
    parser.add_argument("--requests", type=at_least_one, default=500, help="at most so many are judged")
    parser.add_argument("--taught", type=at_least_one, default=500, help="moments at which the ranker teaches")
    parser.add_argument("--only", nargs="+", choices=LIGHT, default=tuple(LIGHT))
    parser.add_argument("--final", action="store_true", help="read the test part, and say so in docs/results.md")
    options = parser.parse_args(arguments)
    which = Part.TEST if options.final else Part.VALID
    found = measure(find(options.recipe), options, which)
    print(table(found))
    if options.final:
        command = f"python -m benchmarks preranking {shown(arguments)}"
        text = (
            f"`{command}` on {datetime.now(UTC):%Y-%m-%d}, commit {commit()}:\n{found.requests:,} requests of the test "
            f"part, {found.candidates:,.0f} real candidates each; share of the ranker's {found.top} best that are\n"
            "among the light model's best, with its standard error at 300; microseconds a candidate on one thread, "
            "without features."
        )
        write_section(RESULTS, f"Pre-ranking, {options.recipe}", f"{text}\n\n{table(found)}")
    print(
        json.dumps({"benchmark": "preranking", "recipe": options.recipe, "part": which.name.lower()} | found.to_json())
    )


def measure(experiment: Experiment, options: argparse.Namespace, which: Part) -> Survivals:
    """Train all models at once and let them meet."""
    name = experiment.sampling.scene
    scene = experiment.scenes[name]
    ranker = scene.ranking
    if ranker is None:
        raise ValueError(f"scene {name!r} of the recipe has no ranker that could teach")
    teacher = experiment.models[ranker]
    if options.ranker is not None:
        line = getattr(zoo, options.ranker, None)
        if not isinstance(line, RankingModel):
            raise ValueError(
                f"--ranker {options.ranker}: no line of the zoo; `python -m taojin.ranking.zoo` lists them"
            )
        teacher = replace(line, features=teacher.features, training=teacher.training, dim=teacher.dim)
    models = {ranker: teacher}
    for light in options.only:
        spec = replace(LIGHT[light], features=_read(experiment, light), training=teacher.training)
        models |= {light: spec, f"{light}, taught": Distilled(student=spec, teacher=ranker, requests=options.taught)}
    divided = Divided.of(experiment, options.data)
    view = divided.view
    store = fit_store(experiment.features, view)
    embeddings = fit_embeddings(experiment, view, store, experiment.embeddings, Silent())
    store = with_vectors(store, embeddings)
    moments = divided.moments(which, view.kinds.bits(*scene.consumed)).requests
    some = np.sort(np.random.default_rng(experiment.seed).permutation(len(moments))[: options.requests])
    requests = moments[some]
    channels = fit_channels(scene, view, embeddings, seed=experiment.seed, times=requests.time)

    def pipeline(scene: Scene, rankers: dict) -> object:
        return assemble(replace(scene, preranking=None), view, store, channels, rankers)

    grown = _grown(scene, lambda grown: pipeline(replace(grown, ranking=None), {}).run(requests[:50])["rules"], options)
    experiment = replace(experiment, models=models, scenes={**experiment.scenes, name: replace(grown, preranking=None)})
    lessons = draw_lessons(experiment, divided, store, embeddings, Silent())
    store = with_vectors(store, lessons.vectors)
    rankers = fit_rankers(experiment, lessons, store, progress=Silent())
    light = {model: rankers[model] for model in models if model != ranker}
    return survivals(
        pipeline(grown, rankers), light, requests, cutoffs=CUTOFFS, seed=experiment.seed, progress=Silent()
    )


def _read(experiment: Experiment, light: str) -> tuple[str, ...]:
    """The features of the recipe's own light model; two towers also look at the history that the ranker reads."""
    scene = experiment.scenes[experiment.sampling.scene]
    own = experiment.models[scene.preranking].features if scene.preranking else ()
    ranker = experiment.models[scene.ranking].features
    return ranker if light == "two_towers" else own or ranker


def _grown(scene: Scene, run: Callable, options: argparse.Namespace) -> Scene:
    """The scene with quotas so large that about the wanted number of distinct candidates comes."""
    factor = 1.0
    for _ in range(12):
        quotas = {n: (spec, max(1, round(quota * factor))) for n, (spec, quota) in scene.retrieval.items()}
        grown = replace(scene, retrieval=quotas)
        found = run(grown)
        each = len(found) / (len(found.offsets) - 1)
        if each >= 0.98 * options.candidates:
            break
        factor *= min(2.0, max(1.05, options.candidates / max(each, 1)))
    print(f"{each:,.0f} candidates a request with quotas {factor:.2f} times the recipe's", flush=True)
    return grown


def table(found: Survivals) -> str:
    """The models as Markdown, those that let most through at 300 first."""
    at = found.cutoffs.index(300)
    lines = [f"| model | {' | '.join(map(str, found.cutoffs))} | µs |", "|---" * (len(found.cutoffs) + 2) + "|"]
    for name, one in sorted(found.models.items(), key=lambda pair: -pair[1].share[at]):
        shares = [
            f"{share:.3f}" + (f" ± {one.deviation[at]:.3f}" if k == at else "") for k, share in enumerate(one.share)
        ]
        spent = "" if name == RANDOM else f"{one.microseconds:.2f}"
        lines.append(f"| {name} | {' | '.join(shares)} | {spent} |")
    return "\n".join(lines)
