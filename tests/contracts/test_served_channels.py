"""Every channel saved, loaded by a fresh process that cannot load what trains, and asked over HTTP."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pyarrow as pa
import pytest

from taojin.bundle.bundle import Bundle, Fitted
from taojin.bundle.manifest import Manifest
from taojin.bundle.save import save
from taojin.features.store import Store
from taojin.live.sqlite import SQLiteStore
from taojin.pipeline import Pipeline
from taojin.retrieval.vectors import Nearest
from taojin.scene import Cutoffs
from taojin.serving.question import Question
from taojin.serving.recommender import Recommender
from tests.contracts.every_channel import CHANNELS

HEAVY = ("torch", "ibis", "duckdb", "scipy", "lightgbm", "pyspark")
SERVE = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[2].split(",")))  # None: importing it is an error
from taojin.serving.server import serve
serve(sys.argv[1], host="127.0.0.1", port=0, ready=lambda address: print(address, flush=True))
"""
COLD = "dssm_cold"
"""A channel that may propose what has attributes alone."""
ASKED = (
    {"user": "u3"},
    {"user": "u24"},
    {"user": "nobody"},
    {"history": ["i4", "i6", "no such item"]},
)


@pytest.fixture(params=CHANNELS)
def name(request):
    return request.param


def scene_of(name: str) -> str:
    return "similar" if name.endswith("_of_item") else "for_you"


def questions(name: str) -> list[dict[str, object]]:
    scene = scene_of(name)
    start = {"item": "i9"} if scene == "similar" else {}
    return [{**question, **start, "scene": scene, "channels": [name], "n": 20} for question in ASKED]


@pytest.fixture(scope="module")
def fitted_bundle(parity, embeddings) -> Bundle:
    """All channels in two scenes, in memory."""
    specs = {**CHANNELS, COLD: Nearest("dssm", cold=True)}
    scenes = {}
    for scene in ("for_you", "similar"):
        names = [name for name in specs if scene_of(name) == scene]
        scenes[scene] = Pipeline(
            store=Store(parity.columns),
            channels={name: specs[name].fit(parity.view, embeddings, seed=0) for name in names},
            quotas=dict.fromkeys(names, parity.view.n_items),
            rules={},
            preranker=None,
            ranker=None,
            value=None,
            rerankers={},
            cutoffs=Cutoffs(),
            last_resort=None,
            consumed=parity.view.kinds.all,
            items=parity.view.n_items,
        )
    view = parity.view
    ids = list(view.item_vocabulary.ids)
    items = view.items.add_column(0, "title", pa.array(ids)).add_column(0, "item", pa.array(ids))
    fitted = Fitted(view.kinds, view.clock, view.log, scenes, "like", view.end)
    return Bundle(Path("channels"), Manifest("channels", "1", "", "", {}), fitted, view.users, items, ())


@pytest.fixture(scope="module")
def saved_bundle(fitted_bundle, tmp_path_factory) -> Path:
    bundle = fitted_bundle
    return save(
        tmp_path_factory.mktemp("served") / "channels",
        name=bundle.name,
        experiment=Cutoffs(),
        fitted=bundle.fitted,
        users=bundle.users,
        items=bundle.items,
        golden=(),
    )


@pytest.fixture(scope="module")
def address(saved_bundle) -> Iterator[str]:
    """Where a fresh process serves the saved bundle."""
    command = [sys.executable, "-c", SERVE, str(saved_bundle), ",".join(HEAVY)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    where = process.stdout.readline().strip()
    assert where, process.stderr.read()
    yield where
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


@pytest.fixture(scope="module")
def in_process(fitted_bundle, tmp_path_factory) -> Iterator[Recommender]:
    """The same bundle as it was fitted, never saved."""
    store = SQLiteStore(tmp_path_factory.mktemp("live") / "live.sqlite")
    yield Recommender(fitted_bundle, store)
    store.close()


def post(address: str, question: dict[str, object]) -> dict:
    body = json.dumps(question).encode()
    asked = Request(f"{address}/v1/recommend", body, {"Content-Type": "application/json"})
    with urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def test_a_fresh_process_without_torch_serves_the_channel_as_it_was_fitted(name, address, in_process):
    for question in questions(name):
        served = post(address, question)
        expected = in_process.recommend(Question(**question))
        assert [item["id"] for item in served["items"]] == [item.id for item in expected]
        np.testing.assert_allclose([item["score"] for item in served["items"]], [item.score for item in expected])
        assert served["degraded"] == []


def test_a_new_item_with_attributes_alone_is_reachable_through_a_cold_channel(address):
    question = {"user": "u3", "n": 60, "scene": "for_you"}
    new = {"i58", "i59", "i60", "i61"}
    cold = {item["id"] for item in post(address, {**question, "channels": [COLD]})["items"]}
    assert new & cold
    warm = {item["id"] for item in post(address, {**question, "channels": ["dssm"]})["items"]}
    assert not new & warm
