"""`python -m benchmarks gains sequences | tasks --data DIR`: what a history and several tasks at once are worth.

DIR is the folder that holds the data sets. `sequences`: DIN, DIEN, BST and a Transformer against mean pooling on the
same inputs (`--on kuairand` or ml-1m); GAUC, its difference and a 95 % bootstrap interval over users. `tasks`: MMoE
and PLE against a model for each task alone, on KuaiRand; AUC (a watch ratio counts as positive above one half), and the
difference paired by seed; every side takes the learning rate of three that is best on validation. Fits on one thread,
epochs chosen on validation; what they predict is kept in `--runs`. Judges on validation; `--final` reads the test part
and writes the table to docs/results.md. The last line is one JSON line.
"""

import argparse
import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from benchmarks.environment import ROOT, at_least_one, takes_data
from benchmarks.fits.task import PARTS
from benchmarks.kept import Kept
from benchmarks.lines import Line
from benchmarks.quality import RESULTS
from benchmarks.ranking import interval
from benchmarks.rows import NAMES, protocol, rows_of
from benchmarks.section import write_section
from benchmarks.video_rows import EVERY_TASK, TARGETS
from benchmarks.zoo import EPOCHS, MODELS, limited
from taojin.core.auc import auc, group_auc
from taojin.evaluation.ranking_metrics import gauc
from taojin.nn.training import Training
from taojin.ranking.crosses.flat import Flat
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.heads.mmoe import PLE, MMoE
from taojin.ranking.model import RankingModel

SEQUENCES = {
    "mean pooling": "MEAN_POOL",
    "DIN": "DIN",
    "DIEN": "DIEN",
    "BST": "BEHAVIOUR_TRANSFORMER",
    "Transformer": "TRANSFORMER",
}
"""Lines of the zoo, which learn as in `benchmarks zoo`: what it has kept is not fitted again."""
HEADS = {
    "MMoE": RankingModel(crosses=(Flat(),), head=MMoE()),
    "PLE": RankingModel(crosses=(Flat(),), head=PLE()),
}
ALONE = RankingModel(crosses=(MLP((256, 128)),))
"""As wide as an expert."""
SAMPLES = 1_000
TRAINING = Training(batch=512, epochs=10, patience=1, sparse=True, device="cpu")
"""Several tasks need more steps than one before the tables overfit, which they do within an epoch or two."""
RATES = (1e-3, 3e-3, 1e-2)
"""Of all but the tables; every side takes the one with the best mean AUC of its tasks on validation, seed 0."""
LENGTH = 50


def main(arguments: list[str]) -> None:
    """Measure, print a table, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks gains", description=__doc__)
    parser.add_argument("what", choices=MEASURES)
    takes_data(parser)
    parser.add_argument("--on", choices=NAMES, default=NAMES[0], help="data set")
    parser.add_argument("--rows", type=at_least_one, help="about so many ratings, of whole users; all without it")
    parser.add_argument("--length", type=at_least_one, default=LENGTH, help="places of the history")
    parser.add_argument("--seeds", type=at_least_one, default=5, help="of tasks")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "rankers", help="where predictions are kept")
    parser.add_argument("--final", action="store_true", help="read the test part, and say so in docs/results.md")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    sequence = options.what == "sequences"
    if not sequence and options.on != "kuairand":
        parser.error(f"{options.what}: expected --on kuairand, whose rows have several labels; got {options.on}")
    rows = rows_of(options.on, options.data, options.rows, TARGETS if sequence else EVERY_TASK)
    measure = MEASURES[options.what]
    part = "test" if options.final else "valid"
    folder = options.runs / (options.on if sequence else f"tasks-{options.on}")
    kept = Kept(folder, rows.shortened(options.length) if sequence else rows, PARTS[part])
    lines, figures = measure(kept, options.seeds)
    print(lines)
    if options.final:
        more = f" --on {options.on}" if sequence else ""
        more += "" if options.rows is None else f" --rows {options.rows}"
        text = (
            f"`python -m benchmarks gains {options.what}{more} --data DIR --final` on {datetime.now(UTC):%Y-%m-%d}, "
            f"fits of commit {kept.commits()}. {protocol(options.on, rows)} {inspect.getdoc(measure)}"
        )
        write_section(RESULTS, f"What {options.what} are worth, {options.on}", f"{text}\n\n{lines}")
    print(json.dumps({"benchmark": f"gains {options.what}", "rows": options.on, "part": part, "models": figures}))


def sequences(kept: Kept, seeds: int) -> tuple[str, dict[str, object]]:
    """Models of the zoo over the same inputs, each with the better of two rates of its tables by validation.

    One seed; intervals by 1,000 bootstrap samples of users.
    """
    target = next(iter(kept.rows.labels))
    label, user = kept.labels(target), kept.rows.columns["user"][kept.rows.part == kept.part].astype(np.int64)
    said = {}
    for name, line in SEQUENCES.items():
        spec = kept.best(line, limited(MODELS[line], EPOCHS), (target,), by=(target,))
        said[name] = kept.said(line, spec, (target,), seed=0)[target]
        print(f"{name}: GAUC {gauc(label, said[name], user):.4f}", flush=True)
    base = said["mean pooling"]
    lines = ["| model | AUC | GAUC | GAUC minus mean pooling [95 %] |", "|---|---|---|---|"]
    figures: dict[str, object] = {}
    for name, scores in said.items():
        values = auc(label, scores), gauc(label, scores, user)
        low, high = bootstrapped(label, scores, base, user) if name != "mean pooling" else (0.0, 0.0)
        gain = values[1] - gauc(label, base, user)
        shown = f"{gain:+.4f} [{low:+.4f}, {high:+.4f}]" if name != "mean pooling" else ""
        lines.append(f"| {name} | {values[0]:.4f} | {values[1]:.4f} | {shown} |")
        figures[name] = {"auc": round(values[0], 5), "gauc": round(values[1], 5), "gain": [round(gain, 5), low, high]}
    return "\n".join(lines), figures


def bootstrapped(label: np.ndarray, one: np.ndarray, other: np.ndarray, user: np.ndarray) -> tuple[float, float]:
    """95 % interval of the difference of GAUC, over users drawn with replacement."""
    first = group_auc(label, one, user)[1]
    second = group_auc(label, other, user)[1]
    size = np.unique(user, return_counts=True)[1]
    judged = ~np.isnan(first)
    gap, size = (first - second)[judged], size[judged]
    drawn = np.random.default_rng(0).integers(0, len(gap), (SAMPLES, len(gap)))
    means = (gap[drawn] * size[drawn]).sum(1) / size[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return round(float(low), 5), round(float(high), 5)


def tasks(kept: Kept, seeds: int) -> tuple[str, dict[str, object]]:
    """Five tasks at once against each alone; AUC, mean over seeds, differences paired by seed (Student, 95 %).

    Batches of 512; every side takes the learning rate of three that is best on validation.
    """
    names = tuple(kept.rows.labels)
    alone = {task: best(kept, "alone", ALONE, (task,)) for task in names}
    together = {model: best(kept, model, spec, names) for model, spec in HEADS.items()}
    found: dict[str, dict[str, list[float]]] = {model: {task: [] for task in names} for model in ("alone", *HEADS)}
    for seed in range(seeds):
        for task in names:
            found["alone"][task] += kept.aucs("alone", alone[task], (task,), seed).values()
        for model, spec in together.items():
            for task, value in kept.aucs(model, spec, names, seed).items():
                found[model][task].append(value)
        last = {model: {task: round(values[-1], 4) for task, values in of.items()} for model, of in found.items()}
        print(f"seed {seed}: {json.dumps(last)}", flush=True)
    head = " | ".join(f"{model} | {model} minus alone" for model in HEADS)
    lines = [f"| task | alone | {head} |", "|---" * (2 + 2 * len(HEADS)) + "|"]
    for task in names:
        alone = found["alone"][task]
        cells = [f"{np.mean(found[m][task]):.4f} | {interval(np.subtract(found[m][task], alone))}" for m in HEADS]
        lines.append(f"| {task} | {np.mean(alone):.4f} | {' | '.join(cells)} |")
    return "\n".join(lines), {m: {t: round(float(np.mean(v)), 5) for t, v in of.items()} for m, of in found.items()}


def best(kept: Kept, name: str, spec: RankingModel, targets: tuple[str, ...]) -> Line:
    """The spec with the rate of RATES that does best on validation."""
    specs = [replace(spec, training=replace(TRAINING, learning_rate=rate)) for rate in RATES]
    return kept.best(name, specs, targets, by=targets)


MEASURES: dict[str, Callable[[Kept, int], tuple[str, dict[str, object]]]] = {"sequences": sequences, "tasks": tasks}
