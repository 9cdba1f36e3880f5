"""What every channel promises, whatever it is fitted on and however it is served."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pyarrow as pa
import pytest

from taojin.bundle import Bundle, Fitted, save
from taojin.core.progress import Silent
from taojin.core.stages import Retriever
from taojin.core.units import DAY, FIRST, PAD, UNKNOWN
from taojin.embeddings.content import TfIdf
from taojin.embeddings.factors.als import ALS
from taojin.embeddings.factors.bpr import BPR
from taojin.embeddings.factors.lightgcn import LightGCN
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.joined import Joined
from taojin.embeddings.knowledge.trans_e import TransE
from taojin.embeddings.towers.losses import GBCE
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.zoo import DSSM, MIND, BERT4Rec, GRU4Rec, NeuralCF, SASRec, YouTubeDNN
from taojin.embeddings.walks.deepwalk import DeepWalk
from taojin.embeddings.walks.eges import EGES
from taojin.embeddings.walks.node2vec import Node2Vec
from taojin.features.store import Store
from taojin.live.sqlite import SQLiteStore
from taojin.nn.trainer import Training
from taojin.pipeline import Pipeline
from taojin.retrieval.association import Association
from taojin.retrieval.campaign import Campaign
from taojin.retrieval.channel import TimedChannel
from taojin.retrieval.content import Content
from taojin.retrieval.ease import EASE
from taojin.retrieval.follow import Follow
from taojin.retrieval.fresh import Fresh
from taojin.retrieval.hot import Hot
from taojin.retrieval.interest_tags import InterestTags
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.latest import Latest
from taojin.retrieval.meta_paths import MetaPaths
from taojin.retrieval.owners import Owners
from taojin.retrieval.popular import Popular
from taojin.retrieval.region import Region
from taojin.retrieval.segments import Segments
from taojin.retrieval.social import Social
from taojin.retrieval.spectral import Spectral
from taojin.retrieval.swing import Swing
from taojin.retrieval.top_rated import TopRated
from taojin.retrieval.user_cf import UserCF
from taojin.retrieval.vectors import Nearest
from taojin.scene import Cutoffs
from taojin.serving.question import Question
from taojin.serving.recommender import Recommender

SHORT = Training(learning_rate=1e-2, batch=128, epochs=2, device="cpu")
FEW = Negatives(in_batch=True, uniform=16)
EMBEDDERS = {
    "item2vec": Item2Vec(dim=8, training=SHORT),
    "dssm": DSSM(features=("item", "genres"), dim=8, negatives=FEW, training=SHORT),
    "youtube_dnn": YouTubeDNN(dim=8, hidden=(16,), negatives=FEW, training=SHORT),
    "mind": MIND(features=("item", "genres"), dim=8, negatives=FEW, training=SHORT),
    "neural_cf": NeuralCF(features=("item",), dim=8, negatives=FEW, training=SHORT),
    "sasrec": SASRec(dim=8, training=SHORT),
    "bert4rec": BERT4Rec(dim=8, training=SHORT),
    "gru4rec": GRU4Rec(dim=8, loss=GBCE(), negatives=FEW, training=SHORT),
    "als": ALS(dim=8, iterations=3),
    "bpr": BPR(dim=8, training=SHORT),
    "lightgcn": LightGCN(dim=8, training=SHORT),
    "deepwalk": DeepWalk(dim=8, walks=2, length=8, training=SHORT),
    "node2vec": Node2Vec(dim=8, walks=2, length=8, training=SHORT),
    "eges": EGES(side=("genres",), dim=8, walks=2, length=8, training=SHORT),
    "tf_idf": TfIdf(columns=("genres", "studio"), dim=4),
    "joined": Joined(parts={"item2vec": Item2Vec(dim=8, training=SHORT), "content": TfIdf(columns=("genres",), dim=4)}),
    "trans_e": TransE(dim=8, training=SHORT),
}
CHANNELS = {
    "hot": Hot(window=40 * DAY),
    "popular": Popular(),
    "top_rated": TopRated(),
    "tags": InterestTags(),
    "tags_of_item": InterestTags(of="item"),
    "tags_of_levels": InterestTags(column="studio", finer=("genres",)),
    "latest": Latest(),
    "fresh": Fresh(age=60 * DAY),
    "follow": Follow(),
    "social": Social(),
    "campaign": Campaign(slot="slot"),
    "segments": Segments(columns=("gender", "region"), at_least=10),
    "region": Region(at_least=10),
    "user_cf": UserCF(),
    "user_cf_newest": UserCF(newest=0.5, window=20 * DAY),
    "item_cf": ItemCF(),
    "item_cf_of_item": ItemCF(of="item"),
    "swing": Swing(),
    "swing_of_item": Swing(of="item"),
    "association": Association(),
    "association_of_item": Association(of="item", gap=DAY, half_life=20 * DAY, popularity=0.5),
    "ease": EASE(l2=(10.0,)),
    "ease_of_item": EASE(of="item", neighbours=5),
    "content": Content(texts=("blurb",)),
    "content_of_item": Content(of="item"),
    "content_of_known": Content(cold=False),
    "item2vec": Nearest("item2vec"),
    "item2vec_of_item": Nearest("item2vec", of="item"),
    "dssm": Nearest("dssm"),
    "dssm_of_item": Nearest("dssm", of="item"),
    "youtube_dnn": Nearest("youtube_dnn"),
    "mind": Nearest("mind"),
    "neural_cf": Nearest("neural_cf"),
    "sasrec": Nearest("sasrec"),
    "bert4rec": Nearest("bert4rec"),
    "gru4rec": Nearest("gru4rec"),
    "sasrec_of_item": Nearest("sasrec", of="item"),
    "dssm_cold": Nearest("dssm", cold=True),
    "als": Nearest("als"),
    "als_of_item": Nearest("als", of="item"),
    "bpr": Nearest("bpr"),
    "lightgcn": Nearest("lightgcn"),
    "spectral": Spectral(rank=8),
    "spectral_of_item": Spectral(rank=8, of="item"),
    "deepwalk": Nearest("deepwalk"),
    "deepwalk_of_item": Nearest("deepwalk", of="item"),
    "node2vec": Nearest("node2vec"),
    "eges": Nearest("eges"),
    "tf_idf": Nearest("tf_idf"),
    "tf_idf_of_item": Nearest("tf_idf", of="item"),
    "joined": Nearest("joined"),
    "joined_of_item": Nearest("joined", of="item"),
    "trans_e": Nearest("trans_e"),
    "meta_paths": MetaPaths(),
    "meta_paths_of_item": MetaPaths(of="item"),
    "meta_paths_for_owners": MetaPaths(owners=Owners(brand="studio", category="studio", event="like")),
}
FOR_EVERYBODY = (
    *("hot", "popular", "top_rated", "latest", "fresh", "campaign", "segments", "region"),
    *("dssm", "dssm_cold", "youtube_dnn", "mind", "neural_cf"),
)
"""Channels that have something for a stranger without a history."""
REACHES_COLD = ("latest", "fresh", "follow", "campaign", "content", "content_of_item", "dssm_cold")
"""Channels that propose items without a training event: they know them by attributes, dates or orders."""
USERS = [2, 3, UNKNOWN, 4, 41, 5]
HISTORIES = ([2, 4, 6], [], [1, 1], [3, 1, 60, 58, 61], [5] * 50, list(range(2, 52)))


@pytest.fixture(scope="module")
def embeddings(parity):
    return {name: spec.fit(parity.view, parity.columns, seed=0, progress=Silent()) for name, spec in EMBEDDERS.items()}


@pytest.fixture(params=CHANNELS)
def name(request):
    return request.param


@pytest.fixture
def retriever(name, parity, embeddings):
    spec = CHANNELS[name]
    fitted = spec.fit(parity.view, embeddings, seed=0)
    assert isinstance(fitted, Retriever)
    return fitted


def asked(parity, **how):
    return parity.ask(*HISTORIES, item=[9, 10, 9, 60, 3, 2], user=USERS, **how)


def of_request(found, request):
    rows = slice(found.offsets[request], found.offsets[request + 1])
    return found.item[rows], found.found[rows, 0]


@pytest.mark.parametrize("k", [1, 5, 1000])
def test_at_most_k_real_items_each_once_and_best_first(retriever, parity, k):
    found = retriever.retrieve(*asked(parity), k)
    assert found.channels == ("",)
    assert len(found.offsets) == len(HISTORIES) + 1
    for request in range(len(HISTORIES)):
        item, score = of_request(found, request)
        assert len(item) <= min(k, parity.view.n_items - FIRST)
        assert len(np.unique(item)) == len(item)
        assert (item >= FIRST).all()
        assert np.isfinite(score).all()
        assert (np.diff(score) <= 0).all()
        place = found.place[found.offsets[request] : found.offsets[request + 1], 0]
        np.testing.assert_array_equal(place, np.arange(1, len(item) + 1))


def test_a_batch_equals_single_requests(retriever, parity):
    requests, rows = asked(parity)
    together = retriever.retrieve(requests, rows, 7)
    for request in range(len(HISTORIES)):
        one = slice(request, request + 1)
        alone = retriever.retrieve(
            requests[one], replace(rows, request={name: column[one] for name, column in rows.request.items()}), 7
        )
        item, score = of_request(together, request)
        np.testing.assert_array_equal(alone.item, item)
        np.testing.assert_allclose(alone.found[:, 0], score, rtol=1e-4, atol=1e-6)


def test_no_requests_no_candidates(retriever, parity):
    requests, rows = asked(parity)
    nobody = replace(rows, request={name: column[:0] for name, column in rows.request.items()})
    assert len(retriever.retrieve(requests[:0], nobody, 5)) == 0


def test_the_same_seed_gives_the_same_candidates(name, parity, embeddings):
    first, again = (CHANNELS[name].fit(parity.view, embeddings, seed=4).retrieve(*asked(parity), 20) for _ in range(2))
    np.testing.assert_array_equal(first.item, again.item)
    np.testing.assert_array_equal(first.found, again.found)


@pytest.mark.parametrize("name", [name for name in CHANNELS if not name.endswith("_of_item")])
def test_a_stranger_gets_what_does_not_need_a_history(name, retriever, parity):
    found = retriever.retrieve(*parity.ask([], [1]), 5)
    expected = 5 if name in FOR_EVERYBODY else 0
    assert np.diff(found.offsets).tolist() == [expected, expected]


def test_an_item_that_training_never_met_is_proposed_by_those_who_say_so_alone(name, retriever, parity):
    # Rows 58 to 61 have no event, but attributes, and they stand in a history and as a start.
    found = retriever.retrieve(*asked(parity), 1000)
    assert bool(set(found.item.tolist()) & {58, 59, 60, 61}) == (name in REACHES_COLD)


def test_it_proposes_something(retriever, parity):
    assert len(retriever.retrieve(*asked(parity), 5))


def test_only_allowed_items_are_proposed_and_k_of_them_where_there_are_so_many(retriever, parity):
    allowed = np.zeros(parity.view.n_items, bool)
    allowed[[7, 8, 9, 10, 60]] = True
    everything = retriever.retrieve(*asked(parity), 1000)
    found = retriever.retrieve(*asked(parity, allowed=allowed), 1000)
    assert allowed[found.item].all()
    for request in range(len(HISTORIES)):
        item, score = of_request(everything, request)
        kept, its_score = of_request(found, request)
        np.testing.assert_array_equal(kept, item[allowed[item]])
        np.testing.assert_allclose(its_score, score[allowed[item]], rtol=1e-4, atol=1e-6)
    nothing = np.zeros(parity.view.n_items, bool)
    assert len(retriever.retrieve(*asked(parity, allowed=nothing), 5)) == 0


def test_the_item_that_a_request_starts_from_is_not_proposed(retriever, parity):
    requests, rows = asked(parity)
    found = retriever.retrieve(requests, rows, 1000)
    assert (found.item != requests.item[found.request]).all()
    assert (found.item != PAD).all()


def test_it_reads_features_of_requests_only(retriever, parity):
    for feature in retriever.features:
        assert feature in parity.columns
        assert parity.columns[feature].level == "request"


@pytest.mark.parametrize("timed", [name for name, spec in CHANNELS.items() if isinstance(spec, TimedChannel)])
def test_a_timed_channel_never_proposes_what_happened_later(timed, parity):
    events = parity.view.log.events
    times = np.sort(np.random.default_rng(0).integers(0, parity.view.end, 20))
    fitted = CHANNELS[timed].as_of(parity.view, times)
    found = fitted.retrieve(*parity.ask(*[[]] * len(times), time=times.tolist()), 1000)
    earliest = np.full(parity.view.n_items, np.iinfo(np.int64).max)
    np.minimum.at(earliest, events.item, events.time)
    assert len(found)
    assert (earliest[found.item] < times[found.request]).all()


# From here on: every channel saved, loaded by a fresh process that cannot load what trains, and asked over HTTP.

HEAVY = ("torch", "ibis", "duckdb", "scipy", "lightgbm", "pyspark")
SERVE = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[3].split(",")))  # None: importing it is an error
from taojin.serving.server import serve
serve(sys.argv[1], sys.argv[2], host="127.0.0.1", port=0, ready=lambda address: print(address, flush=True))
"""
COLD = "dssm_cold"
"""A channel that may propose what has attributes alone."""
ASKED = (
    {"user": "u3"},
    {"user": "u24"},
    {"user": "nobody"},
    {"history": ["i4", "i6", "no such item"]},
)


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
            value={},
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
    return Bundle(Path("channels"), "channels", "1", "2026-01-01", fitted, view.users, items, ())


@pytest.fixture(scope="module")
def saved_bundle(fitted_bundle, tmp_path_factory) -> Path:
    bundle = fitted_bundle
    return save(
        tmp_path_factory.mktemp("served") / "channels",
        name=bundle.name,
        created=bundle.created,
        experiment=Cutoffs(),
        fitted=bundle.fitted,
        users=bundle.users,
        items=bundle.items,
        golden=(),
    )


@pytest.fixture(scope="module")
def address(saved_bundle) -> Iterator[str]:
    """Where a fresh process serves the saved bundle."""
    live = saved_bundle.with_name("live.sqlite")
    command = [sys.executable, "-c", SERVE, str(saved_bundle), str(live), ",".join(HEAVY)]
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
