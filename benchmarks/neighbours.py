"""`python -m benchmarks neighbours`: searches a second on one core, from exact to approximate.

Base are the item vectors of a DSSM trained on a generated world of each size, queries those of 1,000 users whom it has
not seen; Gaussian vectors and queries of the same number stand beside. Each index is asked one query at a time, with
the effort that it measured for itself ("own", a star), and with powers of two until recall reaches the goal or the
exact index is faster.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import faiss
import numpy as np

from benchmarks.calibration import calibrate
from benchmarks.environment import at_least_one
from taojin.core.batch import Requests
from taojin.core.progress import Silent
from taojin.core.units import FIRST, Floats
from taojin.embeddings.query import MeanOfItems
from taojin.embeddings.seeds import ItemSeed
from taojin.embeddings.towers.zoo import DSSM
from taojin.features.attributes import Attribute, Id
from taojin.features.feature import Column
from taojin.features.past import Recent
from taojin.features.store import Store
from taojin.retrieval.serve.index import HNSW, IVF, LSH, Exact, Index, Quantised
from taojin.retrieval.serve.nearest import NearestItems
from taojin.retrieval.serve.structure import Structure, recall_by_score
from taojin.world.world import World

USERS = 1_000
"""Held-out users whose vectors are looked for."""
GOAL = 0.99
INDEXES: dict[str, Index] = {
    "exact": Exact(),
    "IVF": IVF(),
    "HNSW": HNSW(),
    "8 bits": Quantised(),
    "LSH": LSH(),
}
NOBODY = MeanOfItems(seeds=ItemSeed(), items=np.zeros((0, 64), np.float32))
"""The query of an index that is asked with vectors."""
Row = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Measure, print a table, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks neighbours", description=__doc__)
    parser.add_argument(
        "--sizes", type=at_least_one, nargs="+", default=[10_000, 100_000, 1_000_000], help="items of the worlds"
    )
    parser.add_argument("--depths", type=at_least_one, nargs="+", default=[10, 200], help="items that a search is for")
    parser.add_argument(
        "--indexes", nargs="+", choices=INDEXES, default=list(INDEXES), help="exact comes first, always"
    )
    parser.add_argument("--events", type=at_least_one, default=400_000, help="of each world")
    parser.add_argument("--epochs", type=at_least_one, default=2, help="of the towers")
    options = parser.parse_args(arguments)
    if os.environ.get("OMP_NUM_THREADS") != "1":  # is read when NumPy and faiss are loaded: start again with it
        os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks", "neighbours", *arguments])
    faiss.omp_set_num_threads(1)
    rows: list[Row] = []
    print(f"{'vectors':<9}{'size':>9}{'k':>6}  {'index':<8}{'effort':>8}{'recall':>9}{'a second':>10}{'build s':>9}")
    for size in options.sizes:
        for kind, (base, asked, queries) in {
            "dssm": dssm(size, events=options.events, epochs=options.epochs),
            "gaussian": gaussian(size),
        }.items():
            for row in measure(base, asked, queries, options):
                rows.append({"vectors": kind, "size": size, **row})
                print(_line(rows[-1]), flush=True)
    print(json.dumps({"goal": GOAL, "gflops": round(calibrate(1).gflops, 1), "best": best(rows), "rows": rows}))


def dssm(size: int, *, events: int, epochs: int) -> tuple[Floats, Floats | None, Floats]:
    """Item vectors of two towers, float32[V, D], queries they kept, and those of users left out, float32[USERS, D]."""
    world = World(users=USERS + max(events // 100, USERS), items=size, events=events).load()
    users = np.arange(world.n_users - USERS, world.n_users)
    view = world.view(world.log.user < users[0])
    columns: dict[str, Column] = {}
    attributes = (Attribute(name=name, column=name) for name in ("genres", "directors"))
    for feature in (Id(name="item"), *attributes, Recent(name="history", event="like")):
        columns[feature.name] = feature.fit(view, columns)
    training = replace(DSSM().training, epochs=epochs)
    spec = DSSM(features=("item", "genres", "directors"), training=training)
    found = spec.fit(view, columns, seed=0, progress=Silent())
    time_ = np.full(USERS, int(world.log.events.time.max()) + 1)
    requests = Requests(users, users * 0, time_, users.astype(np.uint64), world.log.before(users, time_))
    rows = Store(columns).read(found.query.features, requests)
    return found.vectors[FIRST:], found.asked, found.query.vectors(requests, rows)[:, 0]


def gaussian(size: int, width: int = 64) -> tuple[Floats, None, Floats]:
    """Vectors without any structure: the hardest case."""
    random = np.random.default_rng(0)
    return random.standard_normal((size, width), np.float32), None, random.standard_normal((USERS, width), np.float32)


def measure(base: Floats, asked: Floats | None, queries: Floats, options: argparse.Namespace) -> Iterator[Row]:
    """Recall and searches a second of each index, each depth, each effort, until one is slower than the exact one."""
    every = np.ones(len(base), np.bool_)
    truth: dict[int, Floats] = {}
    exact: dict[int, float] = {}
    for name in dict.fromkeys(["exact", *options.indexes]):
        index = INDEXES[name]
        start = time.perf_counter()
        structure = Structure.of(index, np.arange(len(base)), base, asked)
        seconds = time.perf_counter() - start
        for k in options.depths:
            own = structure.effort_for(k)
            for effort in sorted({*_powers(index.least(k), index.most(len(base))), own}):
                fixed = replace(structure, depth=np.array([k]), effort=np.array([effort]))
                vars(fixed)["made"] = structure.made  # read once, not for every effort
                items = NearestItems(vectors=base, searched=every, query=NOBODY, index=index, structure=fixed)
                found = items.search(queries, k).score
                # The exact index comes first.
                recall = float(recall_by_score(found, truth.setdefault(k, found)).mean())
                rate = _rate(items, queries, k)
                yield {
                    "k": k,
                    "index": name,
                    "effort": effort,
                    "own": effort == own,
                    "recall": round(recall, 4),
                    "per_second": round(rate),
                    "build_seconds": round(seconds, 2),
                }
                if effort >= own and (recall >= GOAL or rate < exact.setdefault(k, rate)):
                    break


def best(rows: list[Row]) -> dict[str, dict[str, object]]:
    """The fastest search of each kind of vectors, size and depth that reaches the goal, beside the exact one."""
    found: dict[str, dict[str, object]] = {}
    for row in rows:
        case = f"{row['vectors']} {row['size']} k={row['k']}"
        if row["index"] == "exact":
            found[case] = {"exact": row["per_second"], "best": row["per_second"], "index": "exact"}
        elif row["recall"] >= GOAL and row["per_second"] > found[case]["best"]:
            found[case] |= {"best": row["per_second"], "index": f"{row['index']} {row['effort']}"}
    return found


def _powers(least: int, most: int) -> list[int]:
    """From the least effort, doubled up to the most."""
    return [least << n for n in range(most.bit_length()) if least << n <= most]


def _rate(items: NearestItems, queries: Floats, k: int, seconds: float = 0.5) -> float:
    """Single searches a second: the median of five turns."""
    rates = []
    for _ in range(5):
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < seconds / 5:
            items.search(queries[done % len(queries)][None], k)
            done += 1
        rates.append(done / (time.perf_counter() - start))
    return float(np.median(rates))


def _line(row: Row) -> str:
    own = "*" if row["own"] else " "
    return (
        f"{row['vectors']:<9}{row['size']:>9,}{row['k']:>6}  {row['index']:<8}{row['effort']:>7}{own}"
        f"{row['recall']:>9.4f}{row['per_second']:>10,}{row['build_seconds']:>9.2f}"
    )
