"""What every channel promises, whatever it is fitted on and however it is served."""

from dataclasses import replace

import numpy as np
import pytest

from taojin.core.progress import Silent
from taojin.core.stages import Retriever
from taojin.core.units import DAY, FIRST, PAD
from taojin.embeddings.content import TfIdf
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.joined import Joined
from taojin.embeddings.knowledge.trans_e import TransE
from taojin.embeddings.towers.dssm import DSSM
from taojin.embeddings.walks.deepwalk import DeepWalk
from taojin.embeddings.walks.eges import EGES
from taojin.embeddings.walks.node2vec import Node2Vec
from taojin.nn.trainer import Training
from taojin.retrieval.channel import TimedChannel
from taojin.retrieval.hot import Hot
from taojin.retrieval.interest_tags import InterestTags
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.meta_paths import MetaPaths
from taojin.retrieval.owners import Owners
from taojin.retrieval.popular import Popular
from taojin.retrieval.top_rated import TopRated
from taojin.retrieval.vectors import Nearest

SHORT = Training(learning_rate=1e-2, batch=128, epochs=2, device="cpu")
EMBEDDERS = {
    "item2vec": Item2Vec(dim=8, training=SHORT),
    "dssm": DSSM(features=("item", "genres"), dim=8, uniform=16, training=SHORT),
    "deepwalk": DeepWalk(dim=8, walks=2, length=8, training=SHORT),
    "node2vec": Node2Vec(dim=8, walks=2, length=8, training=SHORT),
    "eges": EGES(side=("genres",), dim=8, walks=2, length=8, training=SHORT),
    "content": TfIdf(columns=("genres", "studio"), dim=4),
    "joined": Joined(parts={"item2vec": Item2Vec(dim=8, training=SHORT), "content": TfIdf(columns=("genres",), dim=4)}),
    "trans_e": TransE(dim=8, training=SHORT),
}
CHANNELS = {
    "hot": Hot(window=40 * DAY),
    "popular": Popular(),
    "top_rated": TopRated(),
    "tags": InterestTags(),
    "tags_of_item": InterestTags(of="item"),
    "item_cf": ItemCF(),
    "item_cf_of_item": ItemCF(of="item"),
    "item2vec": Nearest("item2vec"),
    "item2vec_of_item": Nearest("item2vec", of="item"),
    "dssm": Nearest("dssm"),
    "dssm_of_item": Nearest("dssm", of="item"),
    "deepwalk": Nearest("deepwalk"),
    "deepwalk_of_item": Nearest("deepwalk", of="item"),
    "node2vec": Nearest("node2vec"),
    "eges": Nearest("eges"),
    "content": Nearest("content"),
    "content_of_item": Nearest("content", of="item"),
    "joined": Nearest("joined"),
    "joined_of_item": Nearest("joined", of="item"),
    "trans_e": Nearest("trans_e"),
    "meta_paths": MetaPaths(),
    "meta_paths_of_item": MetaPaths(of="item"),
    "meta_paths_for_owners": MetaPaths(owners=Owners(brand="studio", category="studio", event="like")),
}
FOR_EVERYBODY = ("hot", "popular", "top_rated", "dssm")
"""Channels that have something for a stranger without a history."""
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
    return parity.ask(*HISTORIES, item=[9, 10, 9, 60, 3, 2], **how)


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


def test_an_item_that_training_never_met_is_never_proposed(retriever, parity):
    # Rows 58 to 61 have no event, but attributes, and they stand in a history and as a start.
    found = retriever.retrieve(*asked(parity), 1000)
    assert not set(found.item.tolist()) & {58, 59, 60, 61}


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
