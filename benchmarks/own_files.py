"""`python -m benchmarks own-files --data DIR`: from somebody's raw files to an answer over HTTP, by the command line.

DIR is the folder that holds the data sets. Each set's files are unpacked into a temporary folder and nothing else is
done to them; then `taojin new`, `data check`, `train`, `serve` with one answer, `recommend --users all` and `evaluate`
run as they stand, each in a process of its own. Told are the guesses, the seconds of each command, the most memory of
the training beside what `data check` had foretold, and NDCG@10 on the validation part, with `--final` on the test part,
beside the baselines; then the table goes to docs/results.md. The last line is one JSON line.
"""

import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pyarrow.parquet as pq

from benchmarks.environment import takes_data
from benchmarks.quality import RESULTS, commit
from benchmarks.section import write_section

COMMAND = (sys.executable, "-m", "taojin")
READY_S = 60
FORETOLD = re.compile(r"take about ([\d,]+) (s|min) and ([\d.]+) GB")


@dataclass(frozen=True)
class Own:
    """Where a set's files lie and what `taojin new` is told of them."""

    folder: str
    files: tuple[str, ...]
    options: tuple[str, ...]


SETS = {
    "online-retail": Own("online-retail", ("online-retail-by-day.zip",), ("--events", "by-day")),
    "rees46": Own("rees46-2019oct-sample", ("2019-Oct.csv.gz",), ("--events", "2019-Oct.csv")),
    "retailrocket": Own("retailrocket-multibehavior", ("events.csv.gz",), ("--events", "events.csv")),
    "completejourney": Own(
        "completejourney-sample",
        ("transactions_sample.csv.gz", "products.csv.gz", "demographics.csv.gz"),
        ("--events", "transactions_sample.csv", "--items", "products.csv", "--users", "demographics.csv"),
    ),
    "kuairand": Own(
        "kuairand-pure",
        (
            "log_standard_20220425_20220430.parquet",
            "log_standard_20220501_20220508.parquet",
            "user_features_pure.csv.gz",
            "video_features_basic_pure.csv.gz",
        ),
        ("--events", "log_*.parquet", "--items", "video_features_basic_pure.csv", "--users", "user_features_pure.csv"),
    ),
    "ml-latest-small": Own(
        "ml-latest-small",
        ("ml-latest-small.zip",),
        ("--events", "ml-latest-small/ratings.csv", "--items", "ml-latest-small/movies.csv"),
    ),
}


def main(arguments: list[str]) -> None:
    """Go the whole way with each set, print a table, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks own-files", description=__doc__)
    takes_data(parser)
    parser.add_argument("--only", nargs="+", choices=SETS, default=tuple(SETS))
    parser.add_argument("--final", action="store_true", help="read the test part, and say so in docs/results.md")
    options = parser.parse_args(arguments)
    found = {}
    for name in options.only:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = whole_way(name, options.data, Path(folder), "test" if options.final else "valid")
        print(f"{name}: {json.dumps(found[name])}", flush=True)
    lines = table(found)
    print(lines)
    if options.final:
        text = (
            f"`python -m benchmarks own-files --data DIR --final` on {datetime.now(UTC):%Y-%m-%d}, commit {commit()}, "
            f"{os.cpu_count()} cores: what `taojin new` wrote, unchanged. Seconds of each command, until the first\n"
            "answer for `serve`; lists of 20 a second of `recommend --users all`, the\n"
            "start of its processes counted; in brackets what\n"
            "`taojin data check` had foretold; NDCG@10 of the test part, one seed."
        )
        write_section(RESULTS, "Somebody's own files", f"{text}\n\n{lines}")
    print(json.dumps({"benchmark": "own-files", "part": "test" if options.final else "valid", "sets": found}))


def whole_way(name: str, data: Path, folder: Path, part: str) -> dict[str, Any]:
    """Seconds, memory and quality of one set."""
    own = SETS[name]
    for file in own.files:
        unpack(data / own.folder / file, folder)
    called = name.replace("-", "_")
    recipe, run = f"{called}/recipe.py:{called}", f"runs/{called}"
    found: dict[str, Any] = {}
    said, found["new_s"], _ = timed(folder, "new", called, *own.options)
    print(said, flush=True)
    said, found["check_s"], _ = timed(folder, "data", "check", recipe)
    print(said, flush=True)
    foretold = FORETOLD.search(" ".join(said.split()))
    if foretold is None:
        raise ValueError(f"{name}: `taojin data check` foretold nothing:\n{said}")
    length, unit, memory = foretold.groups()
    found["foretold"] = [float(length.replace(",", "")) * (60 if unit == "min" else 1), float(memory)]
    _, found["train_s"], found["train_gb"] = timed(folder, "train", recipe, "--out", run)
    found["serve_s"] = first_answer(folder, run)
    found["lists_per_s"] = lists_per_second(folder, run)
    judged = json.loads(timed(folder, "evaluate", run, "--part", part, "--json")[0].splitlines()[-1])
    found["users"] = judged["users"]
    lists = {"funnel": judged["funnel"], **judged["baselines"]}
    found["ndcg@10"] = {of: round(values["ndcg@10"], 4) for of, values in lists.items()}
    return found


def unpack(file: Path, folder: Path) -> None:
    """A file as its owner would have it."""
    match file.suffix:
        case ".zip":
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)
        case ".gz":
            with gzip.open(file) as packed, (folder / file.stem).open("wb") as plain:
                shutil.copyfileobj(packed, plain)
        case _:
            shutil.copy(file, folder)


def timed(folder: Path, *words: str) -> tuple[str, float, float]:
    """What a command prints, its seconds and the most memory that it has had, GB."""
    started = time.perf_counter()
    with (folder / "out.txt").open("w+") as out, (folder / "error.txt").open("w+") as error:
        process = subprocess.Popen([*COMMAND, *words], cwd=folder, stdout=out, stderr=error)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        error.seek(0)
        if process.returncode:
            raise ValueError(f"taojin {' '.join(words)}: exit {process.returncode}\n{error.read()}")
        return out.read(), round(time.perf_counter() - started, 1), round(used.ru_maxrss * 1024 / 1e9, 2)


def lists_per_second(folder: Path, run: str) -> int:
    """Lists of 20 a second of `taojin recommend --users all`, its start left out, that of its processes not."""
    out = ("--n", "20", "--out", "lists.parquet")
    every = timed(folder, "recommend", run, "--users", "all", *out)[1]
    users = set(pq.read_table(folder / "lists.parquet", columns=["user"])["user"].to_pylist())
    (folder / "one.txt").write_text(f"{min(users)}\n")
    start = timed(folder, "recommend", run, "--users", "one.txt", *out)[1]
    return round(len(users) / max(every - start, 0.1))


def first_answer(folder: Path, run: str) -> float:
    """Seconds from the start of the service to its first list, for a stranger."""
    started = time.perf_counter()
    with (folder / "serve.txt").open("w+") as log:
        process = subprocess.Popen([*COMMAND, "serve", run, "--port", "0"], cwd=folder, stdout=log, stderr=log)
        try:
            while time.perf_counter() - started < READY_S:
                told = re.search(r"http://[\w.:]+", (folder / "serve.txt").read_text())
                if told and (answer := asked(told.group())) is not None:
                    assert answer["items"], "an answer has items"
                    return round(time.perf_counter() - started, 1)
                time.sleep(0.1)
        finally:
            process.terminate()
            process.wait()
    raise ValueError(f"taojin serve {run}: no answer in {READY_S} s\n{(folder / 'serve.txt').read_text()}")


def asked(address: str) -> dict[str, Any] | None:
    """The list of somebody whom nobody knows; None while the service is not there."""
    body = json.dumps({"user": "a stranger", "n": 10}).encode()
    request = Request(f"{address}/v1/recommend", body, {"content-type": "application/json"})
    try:
        with urlopen(request, timeout=READY_S) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (URLError, ConnectionError):
        return None


def table(found: dict[str, dict[str, Any]]) -> str:
    """A line per set; of the baselines the best one beside the funnel."""
    heads = (
        "data",
        "new",
        "check",
        "train, s",
        "memory, GB",
        "serve",
        "lists/s",
        "judged users",
        "funnel",
        "best baseline",
    )
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, one in found.items():
        seconds, memory = one["foretold"]
        ndcg = dict(one["ndcg@10"])
        funnel = ndcg.pop("funnel")
        best = max(ndcg, key=ndcg.__getitem__)
        cells = (
            name, f"{one['new_s']:.0f}", f"{one['check_s']:.0f}", f"{one['train_s']:.0f} ({seconds:.0f})",
            f"{one['train_gb']:.1f} ({memory:.1f})", f"{one['serve_s']:.0f}", f"{one['lists_per_s']:,}",
            f"{one['users']:,}", f"{funnel:.4f}",
            f"{best} {ndcg[best]:.4f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
