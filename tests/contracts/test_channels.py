"""What every channel promises, whatever it is fitted on and however it is served."""

from dataclasses import replace

import numpy as np
import pytest

from taojin.core.stages import Retriever
from taojin.core.units import FIRST, PAD, UNKNOWN
from taojin.retrieval.channel import TimedChannel
from tests.contracts.every_channel import CHANNELS, FOR_EVERYBODY, REACHES_COLD

USERS = [2, 3, UNKNOWN, 4, 41, 5]
HISTORIES = ([2, 4, 6], [], [1, 1], [3, 1, 60, 58, 61], [5] * 50, list(range(2, 52)))


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
    requests, rows = parity.ask(*HISTORIES, item=[9, 10, 9, 60, 3, 2], user=USERS, **how)
    return replace(requests, past=parity.view.log.before(requests.user, requests.time)), rows


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
