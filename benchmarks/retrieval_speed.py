"""`python -m benchmarks retrieval-speed --data DIR`: seconds to the same quality, beside RecBole, implicit and gensim.

All sides learn from the same events of MovieLens-1M (each user's last one is not read, the one before is to be found)
with the same threads and sizes, the peers in fp32, our SASRec in bf16, each in a process of its own, one
after the other, round after round (A B A B). Timed is the public call that fits; the clock of the peers stands while
they are judged, ours runs on through its own validation. Judged is NDCG@10 over all items that a user has not had.

A side that learns in epochs gets `--minutes`, and is judged again and again; ours may stop by itself before. The
quality that counts is the lower one of the two best: seconds are those after which each side first reached it.

45 minutes for each of RecBole's two networks; `--models als --minutes 1 --rounds 1` gives a first look.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.calibration import calibrate
from benchmarks.environment import ROOT, at_least_one, peer_python, takes_data
from benchmarks.fits.next_item import Task
from taojin.data.sequences import ItemSequences

FOLDER, FILE = "ml-1m/sasrec", "ml-1m.txt"
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Duel:
    """A model of both sides.

    peer        the name of its environment and of its program
    floor, goal least ratio of the seconds
    settings    of the peer, chosen on the same validation part
    """

    peer: str
    floor: float
    goal: float
    settings: dict[str, float] = field(default_factory=dict)


DUELS = {
    "SASRec": Duel("recbole", 5.0, 20.0),
    "BPR": Duel("recbole", 5.0, 20.0),
    "EASE": Duel("recbole", 1.0, 1.0),
    "als": Duel("implicit", 1.0, 1.5, {"factors": 64, "iterations": 15, "alpha": 1.0, "regularization": 1.0}),
    "cosine": Duel("implicit", 1.0, 1.5, {"neighbours": 500}),
    "bm25": Duel("implicit", 1.0, 1.5, {"neighbours": 500}),
    "item2vec": Duel("gensim", 1.0, 2.0, {"vector_size": 64, "window": 5, "epochs": 4, "decay": 0.8}),
}


def main(arguments: list[str]) -> None:
    """Measure, print a table, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks retrieval-speed", description=__doc__)
    takes_data(parser)
    parser.add_argument("--models", nargs="+", choices=DUELS, default=tuple(DUELS))
    parser.add_argument("--minutes", type=float, default=45.0, help="what a training gets")
    parser.add_argument("--rounds", type=at_least_one, default=3, help="of what is quick; networks have one")
    parser.add_argument("--threads", type=at_least_one, default=os.cpu_count())
    options = parser.parse_args(arguments)
    found = {}
    with tempfile.TemporaryDirectory() as name:
        sequences = Path(name) / "sequences.npz"
        write(options.data / FOLDER, sequences)
        for model in options.models:
            found[model] = measure(model, sequences, options)
    print(table(found))
    print(json.dumps({"benchmark": "retrieval-speed", "threads": options.threads, "models": found}))


def write(folder: Path, file: Path) -> None:
    """The sequences in the numbers of our own rows, for the peers."""
    dataset = ItemSequences(file=FILE).load(folder)
    start = dataset.log.offsets[np.flatnonzero(np.diff(dataset.log.offsets))]
    np.savez(file, offsets=np.append(start, len(dataset.log)), item=dataset.log.events.item)


def measure(model: str, sequences: Path, options: argparse.Namespace) -> dict[str, object]:
    """Both sides, round after round."""
    duel = DUELS[model]
    rounds = 1 if duel.floor > 1 else options.rounds
    said, gflops = [], []
    for _ in range(rounds):
        gflops.append(round(calibrate(options.threads).gflops))
        task = Task(str(sequences), model, options.minutes, options.threads, duel.settings)
        peer = run(peer_python(duel.peer), f"benchmarks.fits.{duel.peer}", task)
        task = Task(str(options.data / FOLDER), model, options.minutes, options.threads)
        said.append({"peer": peer, "ours": run(Path(sys.executable), "benchmarks.fits.ours_retrieval", task)})
        print(f"{model}:", {side: round(best(one["curve"]), 4) for side, one in said[-1].items()}, flush=True)
    peers, ours = ([both[side]["curve"] for both in said] for side in ("peer", "ours"))
    quality = min(map(best, [*peers, *ours]))
    seconds = [(reached(peer, quality), reached(our, quality)) for peer, our in zip(peers, ours, strict=True)]
    return {
        "peer": duel.peer,
        "quality": round(quality, 4),
        "best": {"peer": round(max(map(best, peers)), 4), "ours": round(max(map(best, ours)), 4)},
        "seconds": {"peer": median(peer for peer, _ in seconds), "ours": median(our for _, our in seconds)},
        "ratio": round(median(peer / our for peer, our in seconds), 2),
        "floor": duel.floor,
        "goal": duel.goal,
        "about": {side: one["about"] for side, one in said[-1].items()},
        "gflops": gflops,
    }


def best(points: Points) -> float:
    """The highest quality of a curve."""
    return max(quality for _, quality in points)


def reached(points: Points, quality: float) -> float:
    """Seconds after which a curve first was so good."""
    return next(seconds for seconds, found in points if found >= quality)


def run(python: Path, module: str, task: Task) -> dict[str, Any]:
    """One fit in a process of its own: its `curve` (Points), and what there is to say `about` it."""
    # Threads that spin while they wait take the cores from whoever runs beside them.
    threads = {name: str(task.threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    environment = os.environ | threads | {"OMP_WAIT_POLICY": "passive"}
    command = [str(python), "-m", module, json.dumps(asdict(task))]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"retrieval-speed: {module} failed on {task.model}; its own message stands above")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def table(found: dict[str, dict]) -> str:
    """The rows as Markdown."""
    lines = [
        "| model | peer | NDCG@10 to reach | peer, s | ours, s | ratio | floor, goal "
        "| best of peer, ours | the peer's | ours |",
        "|---" * 10 + "|",
    ]
    for model, row in found.items():
        seconds, top, about = row["seconds"], row["best"], row["about"]
        lines.append(
            f"| {model} | {row['peer']} | {row['quality']:.4f} | {seconds['peer']:.1f} | {seconds['ours']:.1f} "
            f"| {row['ratio']:.2f} | {row['floor']:g}, {row['goal']:g} | {top['peer']:.4f}, {top['ours']:.4f} "
            f"| {about['peer']} | {about['ours']} |"
        )
    return "\n".join(lines)
