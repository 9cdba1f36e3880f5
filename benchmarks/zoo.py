"""`python -m benchmarks zoo kuairand | ml-1m --data DIR`: every line of the zoo, on the same rows.

DIR is the folder that holds the data sets. Each model learns with the settings of its line (batch 2,048, validation
stops), the rate of its tables being the better one of two by validation; one seed, one thread. AUC, GAUC and log loss
are those of the validation part, with `--final` of the test part, which go into docs/ranking.md. Rows a second are
those of training, validation included; the milliseconds are the median of ONNX Runtime on one thread for one request
with 300 candidates and a full history of 50. Lines with several tasks learn whatever labels there are. Fits and
rows of the table are kept in `--runs`: an interrupted run goes on, `--only NAME` measures one line's speed once more.
The last line is one JSON line.
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks.encoded import EncodedRows
from benchmarks.environment import ROOT, at_least_one, takes_data
from benchmarks.fits.task import PARTS, VALID
from benchmarks.kept import Kept
from benchmarks.lines import Line, columns_of, part_of
from benchmarks.quality import commit
from benchmarks.rows import NAMES, protocol, rows_of
from benchmarks.section import write_section
from benchmarks.video_rows import TARGETS
from taojin.core.auc import auc
from taojin.core.batch import Rows
from taojin.core.progress import Advance, Silent
from taojin.core.stages import Ranker
from taojin.evaluation.ranking_metrics import gauc, logloss
from taojin.nn.samples import Samples
from taojin.ranking import zoo
from taojin.ranking.lesson import Lesson
from taojin.ranking.model import RankingModel
from taojin.ranking.onnx import OnnxRanker
from taojin.ranking.trees import Trees

CANDIDATES = 300
BATCH, EPOCHS = 2_048, 10
RATES = (0.05, 0.005)
"""Of tables; each network takes the one with the better AUC on validation."""
FEW = 100_000
CHAIN, ORDER = "ENTIRE_SPACE", "LAMBDA_MART"
MODELS = {name: model for name, model in vars(zoo).items() if isinstance(model, RankingModel | Trees)}
GUIDE = ROOT / "docs" / "ranking.md"


class Counting(Silent):
    """Counts the steps of a training."""

    def __init__(self) -> None:
        self.steps = 0

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Advance]:
        """Steps of the trainer; trees have none."""

        def advance(steps: int, note: str) -> None:
            self.steps += steps

        yield advance


def main(arguments: list[str]) -> None:
    """Measure, print a table of all rows known so far, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks zoo", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    takes_data(parser)
    parser.add_argument("--rows", type=at_least_one, help="about so many ratings, of whole users; all without it")
    parser.add_argument("--columns", type=at_least_one, help="so many columns of the history; all without it")
    parser.add_argument("--only", nargs="+", choices=MODELS, help="some models")
    parser.add_argument(
        "--measure", nargs="+", choices=MEASURES, default=tuple(MEASURES), help="speed: on a quiet core"
    )
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "rankers", help="where rows of the table are kept")
    parser.add_argument("--final", action="store_true", help="read the test part, and say so in docs/ranking.md")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    measured = commit()
    rows = rows_of(options.name, options.data, options.rows)
    title, file = f"All models on {options.name}", options.runs / f"{options.name}-{len(rows)}.json"
    if options.columns is not None:
        rows, title = rows.narrowed(options.columns), f"{title}, {options.columns} of the history's columns"
        file = file.with_stem(f"{file.stem}-{options.columns}")
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for name in options.only or MODELS:
        missing = [what for what in options.measure if options.only or what not in known.get(name, {})]
        for what in missing:
            found = MEASURES[what](name, rows, options.runs / options.name)
            if found is not None:
                known.setdefault(name, {})[what] = found | {"commit": measured}
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(known, indent=1), encoding="utf-8")
                print(name, json.dumps({key: found[key] for key in found if key != "test"}), flush=True)
    part = "test" if options.final else "valid"
    known = {name: row for name, row in known.items() if "quality" in row and "speed" in row}
    lines = table(known, part)
    print(lines)
    if options.final:
        given = {"rows": options.rows, "columns": options.columns}
        cut = "".join(f" --{name} {value}" for name, value in given.items() if value is not None)
        text = (
            f"`python -m benchmarks zoo {options.name} --data DIR{cut} --final`. {protocol(options.name, rows)}\n"
            f"The rate of tables is the better of {RATES[0]} and {RATES[1]} by validation, one seed; GAUC by user; "
            f"milliseconds for {CANDIDATES} candidates and a history of {rows.length}."
        )
        write_section(GUIDE, title, f"{text}\n\n{lines}")
    figures = {name: row["quality"][part] for name, row in known.items()}
    print(json.dumps({"benchmark": "zoo", "part": part, "models": figures}))


def quality(name: str, rows: EncodedRows, folder: Path) -> dict[str, object] | None:
    """AUC, GAUC and log loss of one line on validation and test; None where it needs more tasks than there are."""
    spec, rows, targets = task_of(name, rows)
    if name == CHAIN and len(targets) < 2:
        return None
    kept = Kept(folder, rows, VALID)
    best = kept.best(name, limited(spec, EPOCHS), targets, by=targets[:1])
    found: dict[str, object] = {"rate": best.training.sparse_rate if isinstance(best, RankingModel) else None}
    for part, of in PARTS.items():
        said = replace(kept, part=of).said(name, best, targets, seed=0)[targets[0]]
        label, user = rows.labels[targets[0]][rows.part == of], rows.columns["user"][rows.part == of]
        found[part] = {
            "auc": round(auc(label, said), 5),
            "gauc": round(gauc(label, said, user), 5),
            "logloss": round(logloss(label, said), 5) if name != ORDER else None,
        }
    return found


def speed(name: str, rows: EncodedRows, folder: Path) -> dict[str, object] | None:
    """Parameters, rows a second of an epoch over FEW rows, and milliseconds of one line."""
    spec, rows, targets = task_of(name, rows)
    if name == CHAIN and len(targets) < 2:
        return None
    read = columns_of(spec, rows)
    train, valid = (part_of(rows, part, read, targets, spec) for part in (0, VALID))
    few = train.where(np.arange(len(train)) < FEW)
    few_valid = valid.where(np.arange(len(valid)) < FEW // 10)
    counting = Counting()
    started = time.perf_counter()
    ranker = limited(spec, 1)[0].fit(Lesson(few, few_valid, read, progress=counting))
    seconds = time.perf_counter() - started
    return {
        "parameters": parameters(ranker),
        "rows_per_second": round(counting.steps * BATCH / seconds) if isinstance(spec, RankingModel) else None,
        "ms": latency(ranker, valid),
    }


MEASURES = {"quality": quality, "speed": speed}


def task_of(name: str, rows: EncodedRows) -> tuple[Line, EncodedRows, tuple[str, ...]]:
    """A line, its rows and what it learns; the first target is judged."""
    spec = MODELS[name]
    targets = tuple(rows.labels) if several(spec) else tuple(rows.labels)[:1]
    if name == CHAIN and len(targets) > 1:  # each task happens only where the one before it does
        first, second = TARGETS
        rows = replace(rows, labels={first: rows.labels[first], second: rows.labels[first] * rows.labels[second]})
    return spec, rows, targets


def limited(spec: Line, epochs: int) -> list[Line]:
    """The line with the benchmark's limits, once with each rate of its tables; trees have neither."""
    if isinstance(spec, Trees):
        return [replace(spec, boosting=replace(spec.boosting, threads=1))]
    training = replace(spec.training, batch=BATCH, epochs=epochs, patience=1, device="cpu")
    return [replace(spec, training=replace(training, sparse_rate=rate)) for rate in RATES]


def several(spec: Line) -> bool:
    """Whether a line is one of several tasks."""
    return isinstance(spec, RankingModel) and type(spec.head).__name__ != "Single"


def parameters(ranker: Ranker) -> int | None:
    """Numbers that the graph holds, without what only says where they are; None for trees."""
    if not isinstance(ranker, OnnxRanker):
        return None
    import onnx

    graph = onnx.load_from_string(ranker.graph).graph
    floats = [part for part in graph.initializer if part.data_type == onnx.TensorProto.FLOAT]
    return int(sum(np.prod(part.dims) for part in floats))


def latency(ranker: Ranker, test: Samples) -> float:
    """Median milliseconds of the graph for one request, float."""
    rows = test.rows
    request = {name: values for name, values in rows.request.items()}
    fullest = int((request["history"][:, :, 0] > 0).sum(1).argmax()) if "history" in request else 0
    some = np.arange(CANDIDATES) * (len(rows.of) // CANDIDATES)
    one = Rows(
        {name: values[fullest : fullest + 1] for name, values in request.items()},
        {name: values[some] for name, values in rows.candidate.items()},
        np.zeros(CANDIDATES, np.int64),
    )
    spent = []
    for _ in range(60):
        started = time.perf_counter()
        ranker.score(one)
        spent.append(1e3 * (time.perf_counter() - started))
    return round(median(spent[10:]), 3)


def table(known: dict[str, dict], part: str) -> str:
    """The rows as Markdown, the best AUC first."""
    heads = ("model", "AUC", "GAUC", "log loss", "parameters", "rows/s", "ms for 300", "µs a candidate")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, row in sorted(known.items(), key=lambda pair: -pair[1]["quality"][part]["auc"]):
        found, cost = row["quality"][part], row["speed"]
        loss = "" if found["logloss"] is None else f"{found['logloss']:.4f}"
        size, pace = (f"{cost[key]:,}" if cost[key] else "" for key in ("parameters", "rows_per_second"))
        spent = f"{cost['ms']:.2f}", f"{1e3 * cost['ms'] / CANDIDATES:.2f}"
        lines.append(
            f"| {name} | {found['auc']:.4f} | {found['gauc']:.4f} | {loss} | {size} | {pace} | {' | '.join(spent)} |"
        )
    return "\n".join(lines)
