"""`python -m benchmarks ranking kuairand | ml-1m --data DIR --against deepctr rechub`: the same models, three programs.

DIR is the folder that holds the data sets. All sides get the same rows, features, split and sizes, the same limit of
epochs, a grid of four learning rates and early stopping on validation, and then further seeds at the rate that was best
there. Every fit is a process of its own, and what it predicts is kept as Parquet in `--runs`: a run that is repeated
goes on where it was. Judges on the validation part; `--final` reads the test part and writes the table to
docs/results.md. The last line is one JSON line.
"""

import argparse
import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.environment import ROOT, at_least_one, takes_data
from benchmarks.quality import RESULTS
from benchmarks.ranking.trials import PEERS, Trials
from benchmarks.rows import NAMES, protocol, rows_of
from benchmarks.section import write_section

MODELS = ("fm", "wide_deep", "deepfm", "dcn", "xdeepfm", "din")
HISTORY = 20
"""Places of the history: enough for a comparison, and the peers' DIN takes minutes an epoch with fifty."""
FLOORS = {"ml-1m": -0.001, "kuairand": -0.002}
"""Least mean difference of test AUC to the better peer."""
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365}
"""97.5 % points of Student's distribution by the number of seeds."""


ROWWISE = {"ml-1m": ("din",), "kuairand": MODELS}
"""Models whose tables learn by row-wise Adagrad with us, the others by Adam, chosen on validation (docs/LOG.md); the
peers have Adam alone."""


def main(arguments: list[str]) -> None:
    """Measure, print a table, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ranking", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    takes_data(parser)
    parser.add_argument("--against", nargs="*", choices=PEERS, default=[], help="peers")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--rows", type=at_least_one, help="about so many ratings, of whole users; all without it")
    parser.add_argument("--seeds", type=at_least_one, default=5)
    parser.add_argument("--epochs", type=at_least_one, default=8)
    parser.add_argument("--batch", type=at_least_one, default=2048)
    parser.add_argument("--threads", type=at_least_one, default=os.cpu_count())
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "ranking", help="where predictions are kept")
    parser.add_argument("--final", action="store_true", help="read the test part, and say so in docs/results.md")
    options = parser.parse_args(arguments)
    rows = rows_of(options.name, options.data, options.rows).shortened(HISTORY)
    trials = Trials(
        rows, options.runs / options.name, seeds=options.seeds, epochs=options.epochs, batch=options.batch,
        threads=options.threads, rowwise=ROWWISE[options.name],
    )  # fmt: skip
    part = "test" if options.final else "valid"
    sides = ("taojin", *options.against)
    found: dict[str, dict[str, list[float]]] = {}
    for target in rows.labels:
        for model in options.models:
            name = model if len(rows.labels) == 1 else f"{model}, {target}"
            found[name] = {side: trials.aucs(side, model, target, part) for side in sides if trials.has(side, model)}
            print(
                f"{name}: " + ", ".join(f"{side} {np.mean(aucs):.4f}" for side, aucs in found[name].items()), flush=True
            )
    lines = table(found, sides)
    print(lines)
    if options.final:
        peers = " ".join(options.against)
        fits = ", ".join(trials.commits("taojin"))
        some = "" if set(options.models) == set(MODELS) else f" --models {' '.join(options.models)}"
        cut = "" if options.rows is None else f" --rows {options.rows}"
        text = (
            f"`python -m benchmarks ranking {options.name} --data DIR{cut} --against {peers}{some} --final` on "
            f"{datetime.now(UTC):%Y-%m-%d}, fits of commit {fits}.\n{protocol(options.name, rows)} "
            f"{options.seeds} seeds, test AUC, fp32.\nGrid of learning rates {', '.join(map(str, trials.rates))}, at "
            f"most {options.epochs} epochs, chosen on validation.\n"
            f"Our tables learn by row-wise Adagrad ({', '.join(trials.rowwise)}) or Adam, the peers' by Adam.\n"
            "Every side keeps the epoch with the best AUC; our vectors begin as far from zero as DeepCTR-Torch's.\n"
            "The difference is paired by seed, with its 95 % interval (Student)."
        )
        title = f"Ranking beside others, {options.name}"
        title += f": {', '.join(options.models)}" if some else ""
        write_section(RESULTS, title, f"{text}\n\n{lines}")
    everyone = ("taojin", *PEERS)
    means = {name: {side: _mean(aucs.get(side)) for side in everyone} for name, aucs in found.items()}
    print(json.dumps({"part": part, "models": means}))


def _mean(values: list[float] | None) -> float | None:
    return round(float(np.mean(values)), 5) if values else None


def table(found: dict[str, dict[str, list[float]]], sides: tuple[str, ...]) -> str:
    """Mean AUC of each side, and ours minus the better peer's."""
    head = f"| model | {' | '.join(sides)} | taojin minus the better peer |"
    lines = [head, "|---" * (len(sides) + 2) + "|"]
    for name, aucs in found.items():
        means = [f"{np.mean(aucs[side]):.4f}" if side in aucs else "" for side in sides]
        lines.append(f"| {name} | {' | '.join(means)} | {difference(aucs)} |")
    return "\n".join(lines)


def difference(aucs: dict[str, list[float]]) -> str:
    """Mean over seeds of our AUC minus the better peer's, with its interval; nothing without a peer.

    >>> difference({"taojin": [0.72, 0.73], "deepctr": [0.71, 0.70], "rechub": [0.70, 0.70]})
    '+0.0200 [-0.1071, +0.1471]'
    """
    peers = {side: values for side, values in aucs.items() if side != "taojin"}
    if not peers:
        return ""
    better = max(peers.values(), key=lambda values: float(np.mean(values)))
    return interval(np.subtract(aucs["taojin"], better))


def interval(gaps: np.ndarray) -> str:
    """Mean of paired differences, with its 95 % interval where there are some."""
    if len(gaps) not in STUDENT:
        return f"{gaps.mean():+.4f}"
    half = STUDENT[len(gaps)] * float(gaps.std(ddof=1)) / math.sqrt(len(gaps))
    return f"{gaps.mean():+.4f} [{gaps.mean() - half:+.4f}, {gaps.mean() + half:+.4f}]"
