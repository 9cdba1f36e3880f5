"""`python -m benchmarks reading --rows 10000000`: seconds and memory of reading and checking a log of so many events.

The file is generated: users and items by a power law, times over a year, two kinds of event and a number, as CSV. It is
read and checked in a process of its own, as `taojin train --from RUN --events FILE` reads events; one thread reads.
With `--final` the line goes to docs/results.md. The last line is one JSON line.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from benchmarks.environment import at_least_one
from benchmarks.quality import RESULTS, commit
from benchmarks.section import write_section
from taojin.core.units import YEAR
from taojin.data.files import Files
from taojin.data.more import PLAIN

BLOCK = 1_000_000
START = 1_700_000_000_000
LOG = Files(name="log", events=replace(PLAIN, file="log.csv"), kinds=("view", "buy"))


def main(arguments: list[str]) -> None:
    """Write the file, read it in another process, print seconds and memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks reading", description=__doc__)
    parser.add_argument("--rows", type=at_least_one, default=10_000_000)
    parser.add_argument("--final", action="store_true", help="say so in docs/results.md")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.read is not None:
        print(json.dumps(read(options.read)))
        return
    with tempfile.TemporaryDirectory() as folder:
        size = write(Path(folder) / "log.csv", options.rows)
        call = [sys.executable, "-m", "benchmarks", "reading", "--read", folder]
        found = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
    found = {"benchmark": "reading", "rows": options.rows, "file_mb": round(size / 1e6), **found}
    if options.final:
        text = (
            f"`python -m benchmarks reading --rows {options.rows} --final` on {datetime.now(UTC):%Y-%m-%d}, commit "
            f"{commit()}: a generated CSV file of {options.rows:,} events ({found['file_mb']:,} MB), read and checked "
            f"in {found['seconds']:.0f} s with {found['memory_gb']:.1f} GB (goal: 10,000,000 in 60 s and 4 GB)."
        )
        write_section(RESULTS, "Reading a log", text)
    print(json.dumps(found))


def read(folder: Path) -> dict[str, float | int]:
    """Seconds, and the most memory that this process has had."""
    started = time.perf_counter()
    dataset = LOG.load(folder)
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    users, items = len(dataset.user_vocabulary.ids), len(dataset.item_vocabulary.ids)
    found = {"kept": dataset.checked.events.kept, "users": users, "items": items}
    return {"seconds": round(seconds, 1), "memory_gb": round(memory / 1e9, 2), **found}


def write(path: Path, rows: int) -> int:
    """The file, block by block; its size in bytes."""
    random = np.random.default_rng(0)
    with path.open("wb") as file:
        for start in range(0, rows, BLOCK):
            count = min(BLOCK, rows - start)
            table = pa.table(
                {
                    "user": _named("u", random.zipf(1.2, count) % 1_000_000),
                    "item": _named("item-", random.zipf(1.1, count) % 200_000),
                    "time": START + random.integers(0, YEAR, count),
                    "event": pa.array(["view", "buy"]).take(pa.array((random.random(count) < 0.05).astype(np.int64))),
                    "value": random.integers(1, 5, count),
                }
            )
            header = pa.csv.WriteOptions(include_header=start == 0, quoting_style="none")
            pa.csv.write_csv(table, file, header)
    return path.stat().st_size


def _named(prefix: str, numbers: np.ndarray) -> pa.Array:
    names = pa.array([f"{prefix}{number}" for number in range(int(numbers.max()) + 1)])
    return names.take(pa.array(numbers))
