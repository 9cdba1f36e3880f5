"""`python -m benchmarks latency RUN`: one request at a time through the funnel, in process, on one core.

By stage, and beside the bare kernels on the same inputs (vector searches, ONNX runs): what the funnel adds to them is
the overhead ratio, whole request / bare kernels. The speed of the core is measured in between; a run in which it varied
too much is repeated, and the figures are printed as they were and as scaled to a core of 75 GFLOP/s.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable

import faiss
import numpy as np

from benchmarks.calibration import calibrate
from taojin.bundle.bundle import Bundle
from taojin.core.batch import Requests
from taojin.core.events import Pasts
from taojin.core.trace import Trace
from taojin.data.dataset import Clock
from taojin.embeddings.query import TowerQuery
from taojin.pipeline import STAGES, Pipeline
from taojin.ranking.onnx import OnnxRanker
from taojin.retrieval.serve.nearest import NearestItems

QUIET_GFLOPS = 75.0
"""An fp32 matrix product on one core of the machine that the goals are meant for; milliseconds are scaled to it."""
STEADY = 0.2
"""A run whose calibration varied by more is repeated."""
TRIES = 4
ROUND = 50
"""Requests between two calibrations."""


def main(arguments: list[str]) -> None:
    """Measure, print a table, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks latency", description=__doc__)
    parser.add_argument("run", help="folder of a trained run")
    parser.add_argument("--scene", default="for_you")
    parser.add_argument("--requests", type=int, default=500)
    options = parser.parse_args(arguments)
    if os.environ.get("OMP_NUM_THREADS") != "1":  # is read when NumPy and faiss are loaded: start again with it
        os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks", "latency", *arguments])
    faiss.omp_set_num_threads(1)
    bundle = Bundle.load(options.run)
    for attempt in range(1, TRIES + 1):
        figures = measure(bundle, bundle.scenes[options.scene], options.requests)
        if figures["gflops_varied_by"] <= STEADY:
            break
        print(f"try {attempt}: the core's speed varied by {figures['gflops_varied_by']:.0%}", flush=True)
    for name, value in figures.items():
        print(f"{name:<32} {value:10.3f}")
    print(json.dumps({"run": str(options.run), "scene": options.scene, **figures}))


def measure(bundle: Bundle, pipeline: Pipeline, n: int) -> dict[str, float]:
    """Milliseconds of single requests by stage, of the bare kernels, and their ratio."""
    requests = [_request(bundle, user) for user in _users(bundle, n)]
    for request in requests[:20]:
        pipeline.recommend(request)
    speed = [calibrate(1).gflops]
    whole, stages = [], {stage: [] for stage in STAGES}
    bare: dict[str, list[float]] = {}
    for number, request in enumerate(requests, 1):
        trace = Trace()
        start = time.perf_counter()
        pipeline.recommend(request, trace)
        whole.append((time.perf_counter() - start) * 1e3)
        for stage in STAGES:
            stages[stage].append(sum(step.ms for step in trace.steps if step.stage == stage))
        if number % ROUND == 0:
            speed.append(calibrate(1).gflops)
    for number, request in enumerate(requests, 1):
        for kernel, ms in _kernels(pipeline, request).items():
            bare.setdefault(kernel, []).append(ms)
        if number % ROUND == 0:
            speed.append(calibrate(1).gflops)
    kernels = sum(float(np.median(ms)) for ms in bare.values())
    gflops = float(np.median(speed))
    return {
        **{f"p{q}_ms": float(np.percentile(whole, q)) for q in (50, 95, 99)},
        "p50_ms_scaled": float(np.median(whole)) * gflops / QUIET_GFLOPS,
        **{f"{stage}_p50_ms": float(np.median(ms)) for stage, ms in stages.items()},
        **{f"bare_{kernel}_p50_ms": float(np.median(ms)) for kernel, ms in bare.items()},
        "overhead_ratio": float(np.median(whole)) / kernels,
        "gflops": gflops,
        "gflops_varied_by": (max(speed) - min(speed)) / gflops,
        "requests": float(len(requests)),
    }


def _users(bundle: Bundle, n: int) -> np.ndarray:
    """Users with a past, evenly spread."""
    users = np.flatnonzero(np.diff(bundle.history.offsets))
    return users[np.linspace(0, len(users) - 1, min(n, len(users))).astype(np.int64)]


def _request(bundle: Bundle, user: int) -> Requests:
    log, one = bundle.history, np.array([user])
    start, stop = log.offsets[one], log.offsets[one + 1]
    now = np.array([bundle.fitted.since]) if bundle.clock is Clock.REAL else stop - start
    return Requests(one, np.zeros(1, np.int64), now, one.astype(np.uint64), Pasts(log.events, start, stop))


def _kernels(pipeline: Pipeline, request: Requests) -> dict[str, float]:
    """Milliseconds of the vector searches, the tower and the rankers alone, on the inputs of this request."""
    stages = pipeline.run(request)
    found = {"search": 0.0, "tower": 0.0}
    for name, channel in pipeline.channels.items():
        if isinstance(channel, NearestItems):
            rows = pipeline.store.read(channel.features, request)
            query = channel.query
            if isinstance(query, TowerQuery):
                found["tower"] += _ms(lambda q=query, r=rows: q.vectors(request, r))
            vector = query.vectors(request, rows)[0]
            found["search"] += _ms(lambda c=channel, v=vector, k=pipeline.quotas[name]: c.search(v, k))
    for stage, ranker, before in (
        ("preranking", pipeline.preranker, "rules"),
        ("ranking", pipeline.ranker, "preranking"),
    ):
        if isinstance(ranker, OnnxRanker):
            packed = ranker.inputs.pack(pipeline.store.read(ranker.features, request, stages[before]))
            feed = {name: value for name, value in packed._asdict().items() if name in ranker.read}
            found[f"{stage}_onnx"] = _ms(lambda s=ranker.session, f=feed: s.run(None, f))
    return found


def _ms(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3
