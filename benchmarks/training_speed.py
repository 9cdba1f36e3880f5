"""`python -m benchmarks training-speed`: rows a second of the public `fit`, beside two peers and a bare loop.

All sides fit the same model, sizes and batch on the same encoded rows with the same threads, each in a process of its
own, one after the other, round after round (A B A B); what counts is the median over rounds of the ratio within a
round. Timed is the whole call: optimiser, regulariser, shuffling, validation after each epoch. Before it each process
fits one batch, so that imports and compilation are not counted for anyone.

All rows take an hour on two cores; `--rows 200000 --models deepfm --rounds 1` gives a first look. `--vocabulary`
spreads the same rows over so many users and items and sets our own sides on them beside our own on the rows as they
are: what large tables cost. `--final` writes the table to docs/results.md. The last line is one JSON line.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.calibration import calibrate
from benchmarks.encoded import EncodedRows
from benchmarks.environment import ROOT, at_least_one, peer_python
from benchmarks.film_rows import film_rows
from benchmarks.fits.task import Task
from benchmarks.quality import RESULTS, commit
from benchmarks.section import shown, write_section
from taojin.core.auc import auc

GOALS = {"deepfm": (2.5, 4.0), "dcn": (5.0, 5.0), "dcn_v2": (5.0, 5.0), "din": (1.3, 2.5)}
"""Least ratio to the faster peer, in fp32 and in bf16."""
MODELS = tuple(GOALS)
PEERS = ("deepctr", "rechub")
RATIOS = {
    "to_peer": "ours ÷ the faster peer, fp32 / bf16 (floors)",
    "to_bare": "ours ÷ bare, fp32 / bf16",
    "large_to_small": "large ÷ as they are, fp32 / bf16",
}


@dataclass(frozen=True)
class Side:
    """A program that fits: its name in the table, its module, its Python, its precision and its rows."""

    name: str
    module: str
    python: Path
    bf16: bool = False
    rows: str = "rows.npz"


def main(arguments: list[str]) -> None:
    """Measure, print a table, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks training-speed", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of MovieLens-1M; generated rows of its shape without it")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--rows", type=int, help="about so many ratings, of whole users; all without it")
    parser.add_argument("--vocabulary", type=at_least_one, help="users and items, so many of each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--final", action="store_true", help="say so in docs/results.md")
    options = parser.parse_args(arguments)
    here = Path(sys.executable)
    sides = [
        Side("ours", "benchmarks.fits.ours", here),
        Side("ours bf16", "benchmarks.fits.ours", here, bf16=True),
    ]
    if options.vocabulary is None:
        sides += [
            *(Side(name, f"benchmarks.fits.{name}", peer_python(name)) for name in PEERS),
            Side("bare", "benchmarks.fits.bare", here),
            Side("bare bf16", "benchmarks.fits.bare", here, bf16=True),
        ]
    else:
        sides += [replace(side, name=f"{side.name}, large", rows="large.npz") for side in sides]
    with tempfile.TemporaryDirectory() as folder:
        rows = film_rows(options.data, options.rows)
        rows.save(Path(folder) / "rows.npz")
        if options.vocabulary is not None:
            spread(rows, options.vocabulary).save(Path(folder) / "large.npz")
        test = rows.labels["like"][rows.part == 2]
        found = {model: measure(model, sides, Path(folder), options, test) for model in options.models}
    protocol = {
        "data": "ml-1m" if options.data else "generated",
        "rows": len(rows),
        "epochs": options.epochs,
        "rounds": options.rounds,
        "vocabulary": options.vocabulary,
        "threads": options.threads,
    }
    lines = table(found, [side.name for side in sides])
    print(lines)
    if options.final:
        title = f"Speed of training, {protocol['data']}"
        title += "" if options.vocabulary is None else f", {options.vocabulary:,} users and items"
        text = (
            f"`python -m benchmarks training-speed {shown(arguments)}` on {datetime.now(UTC):%Y-%m-%d}, commit "
            f"{commit()}: {len(rows):,} rows, batch {options.batch:,}, {options.threads} threads,\n{options.rounds} "
            "rounds; rows a second are medians over the rounds, ratios medians of those within a round."
        )
        write_section(RESULTS, title, f"{text}\n\n{lines}")
    print(json.dumps({"benchmark": "training-speed", **protocol, "models": found}))


def table(found: dict[str, dict], sides: list[str]) -> str:
    """Rows a second of each side, and our ratios."""
    ratios = [key for key in RATIOS if key in next(iter(found.values()))]
    heads = ["model", "GFLOP/s", *sides, *(RATIOS[key] for key in ratios)]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for model, one in found.items():
        gflops = one["gflops_before_each_round"]
        cells = [model, f"{min(gflops)} to {max(gflops)}", *(f"{one['rows_per_second'][side]:,}" for side in sides)]
        for key in ratios:
            cell = " / ".join(f"{one[key][precision]:.2f}" for precision in ("fp32", "bf16"))
            floors = " / ".join(f"{floor:g}" for floor in GOALS[model])
            cells.append(f"{cell} ({floors})" if key == "to_peer" else cell)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def spread(rows: EncodedRows, vocabulary: int) -> EncodedRows:
    """The same rows, each of a random user and with a random item (and random ones in its history)."""
    random = np.random.default_rng(0)
    columns = {
        name: np.where(values > 1, random.integers(2, vocabulary, values.shape), values).astype(np.int32)
        for name, values in rows.columns.items()
        if name in ("user", "item", "history_item")
    }
    return replace(rows, columns=rows.columns | columns, sizes=rows.sizes | {"user": vocabulary, "item": vocabulary})


def measure(
    model: str, sides: list[Side], folder: Path, options: argparse.Namespace, test: np.ndarray
) -> dict[str, object]:
    """Rows a second, ratios and test AUC of one model."""
    speeds: dict[str, list[float]] = {side.name: [] for side in sides}
    cpu: dict[str, list[float]] = {side.name: [] for side in sides}
    aucs: dict[str, float] = {}
    gflops = []
    for number in range(options.rounds):
        now = calibrate(options.threads)
        gflops.append(round(now.gflops))
        print(f"{model}, round {number + 1}: {now.gflops:.0f} GFLOP/s, {now.gigabytes:.1f} GB/s", flush=True)
        for side in sides:
            out = folder / "predictions.npy"
            task = Task(
                str(folder / side.rows), model, "like", options.epochs, options.batch, options.learning_rate,
                options.threads, str(out), side.bf16,
            )  # fmt: skip
            answer = run(side, task)
            speeds[side.name].append(answer["rows_per_second"])
            cpu[side.name].append(answer["rows_per_cpu_second"])
            aucs[side.name] = auc(test, np.load(out))
            print(f"  {side.name:<10} {speeds[side.name][-1]:>10,.0f} rows/s  AUC {aucs[side.name]:.4f}", flush=True)
    return summary(model, speeds, cpu, aucs) | {"gflops_before_each_round": gflops}


def run(side: Side, task: Task) -> dict[str, float]:
    """One fit in a process of its own."""
    # Threads that spin while they wait take the cores from whoever runs beside them.
    threads = {"OMP_NUM_THREADS": str(task.threads), "OMP_WAIT_POLICY": "passive"}
    command = [str(side.python), "-m", side.module, json.dumps(asdict(task))]
    environment = os.environ | threads
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{side.name}: {side.module} failed\n{done.stderr}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def summary(
    model: str, speeds: dict[str, list[float]], cpu: dict[str, list[float]], aucs: dict[str, float]
) -> dict[str, object]:
    """Medians over rounds, printed beside their goals."""

    def ratio(one: str, other: str, of: dict[str, list[float]] = speeds) -> float:
        return round(median(a / b for a, b in zip(of[one], of[other], strict=True)), 2)

    found: dict[str, object] = {
        "rows_per_second": {name: round(median(values)) for name, values in speeds.items()},
        "auc": {name: round(value, 5) for name, value in aucs.items()},
    }
    if "bare" in speeds:
        fastest = max(PEERS, key=lambda name: median(speeds[name]))
        found |= {
            "fastest_peer": fastest,
            "to_peer": {"fp32": ratio("ours", fastest), "bf16": ratio("ours bf16", fastest)},
            "to_peer_by_cpu_time": {"fp32": ratio("ours", fastest, cpu), "bf16": ratio("ours bf16", fastest, cpu)},
            "to_bare": {"fp32": ratio("ours", "bare"), "bf16": ratio("ours bf16", "bare bf16")},
            "goals_to_peer": dict(zip(("fp32", "bf16"), GOALS[model], strict=True)),
        }
    if "ours, large" in speeds:
        found |= {
            "large_to_small": {"fp32": ratio("ours, large", "ours"), "bf16": ratio("ours bf16, large", "ours bf16")}
        }
    print(f"{model}: " + ", ".join(f"{name} {value}" for name, value in found.items()), flush=True)
    return found
