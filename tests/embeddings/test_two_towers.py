"""Two towers learn a planted taste, and serve as they were trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from taojin.core.progress import Silent
from taojin.core.units import PAD, UNKNOWN
from taojin.embeddings.next_item import next_items
from taojin.embeddings.query import TowerQuery
from taojin.embeddings.towers.batches import LikedEvents, RequestReader, read_items
from taojin.embeddings.towers.events import item_vectors
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.network import Forget, TwoTowers, UserTower, export_tower
from taojin.embeddings.towers.zoo import DSSM
from taojin.features.attributes import Id
from taojin.features.feature import Level
from taojin.features.inputs import Inputs
from taojin.features.past import Affinity, Past
from taojin.features.store import Store
from taojin.nn.encoders import Capsules, MeanPool, Recurrent
from taojin.nn.trainer import seeded
from taojin.nn.training import Training
from taojin.nn.transformer import Transformer
from taojin.retrieval.vectors import Nearest

CPU = torch.device("cpu")
TRAINING = Training(learning_rate=2e-2, batch=64, epochs=12, patience=4, device="cpu")
SPEC = DSSM(features=("item", "genres"), dim=8, negatives=Negatives(in_batch=True, uniform=16), training=TRAINING)
ENCODERS = (MeanPool(), Capsules(interests=3), Recurrent(), Transformer(heads=2), Transformer(causal=False))


@pytest.fixture(scope="module")
def embedding(parity):
    return SPEC.fit(parity.view, parity.columns, seed=0, progress=Silent())


def test_the_history_alone_tells_the_taste(parity, embedding):
    found = Nearest("e").fit(parity.view, {"e": embedding}, seed=0).retrieve(*parity.ask([2, 4, 8], [3, 5, 9]), 15)
    assert (found.item % 2 == found.request).mean() > 0.95


def test_a_cold_item_is_near_by_its_attributes(parity, embedding):
    assert np.flatnonzero(embedding.cold).tolist() == [58, 59, 60, 61]
    fitted = Nearest("e", cold=True).fit(parity.view, {"e": embedding}, seed=0)
    found = fitted.retrieve(*parity.ask([2, 4, 8], [3, 5, 9]), 60)
    score = np.zeros((2, 62))
    score[found.request, found.item] = found.found[:, 0]
    even, odd = score[:, [58, 60]].mean(axis=1), score[:, [59, 61]].mean(axis=1)
    assert even[0] > odd[0]
    assert odd[1] > even[1]


def test_every_real_item_has_a_vector_of_length_one(embedding):
    length = np.linalg.norm(embedding.vectors, axis=1)
    np.testing.assert_allclose(length, embedding.known, atol=1e-5)
    assert np.flatnonzero(~embedding.known).tolist() == [PAD, UNKNOWN]


def test_the_same_seed_gives_the_same_vectors(parity):
    short = replace(SPEC, training=replace(TRAINING, epochs=2))
    first, again = (short.fit(parity.view, parity.columns, seed=3, progress=Silent()) for _ in range(2))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert first.query.graph == again.query.graph


def columns_with_users(parity):
    columns = dict(parity.columns)
    for feature in (Id(name="user", entity="user"), Past(name="likes", event="like")):
        columns[feature.name] = feature.fit(parity.view, columns)
    return columns


@pytest.mark.parametrize("features", [("item", "genres"), ("user", "item"), ("likes", "item", "genres")])
@pytest.mark.parametrize(("hidden", "cosine"), [((), True), ((16,), False)])
@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: type(encoder).__name__)
def test_onnx_equals_torch_for_any_number_of_requests(parity, features, hidden, cosine, encoder):
    columns = columns_with_users(parity)
    inputs = Inputs.of(columns[name] for name in (*features, "history"))
    reader = RequestReader(columns, inputs.side(Level.REQUEST), "history", CPU)
    with seeded(0):
        towers = TwoTowers(
            inputs, 8, encoder, hidden=hidden, item_hidden=hidden, dropout=0.5, cosine=cosine, forget=0.5, aged=True
        ).eval()
    rows = next_items(parity.view, "like")
    graph = export_tower(UserTower(towers), reader.read(rows[np.arange(2)].requests))
    query = TowerQuery(graph=graph, inputs=reader.inputs, history="history")
    for some in (np.array([0]), np.arange(40)):  # the first row of a user has no history
        requests = rows[some].requests
        with torch.no_grad():
            expected = towers.users(*reader.read(requests)).numpy()
        found = query.vectors(requests, Store(columns).read(query.features, requests))
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: type(encoder).__name__)
def test_the_network_overfits_64_rows_and_every_parameter_learns(parity, encoder):
    inputs = Inputs.of(columns_with_users(parity)[name] for name in ("user", "likes", "item", "genres", "history"))
    rows = next_items(parity.view, "like")[np.arange(64)]
    reader = RequestReader(columns_with_users(parity), inputs.side(Level.REQUEST), "history", CPU)
    sampler = Negatives(in_batch=True, uniform=64).sampler(torch.ones(62), torch.arange(62) < 58)
    source = LikedEvents.of(rows, reader, sampler, parity.view)
    items = read_items(parity.view, parity.columns, inputs, CPU)
    with seeded(0):
        towers = TwoTowers(inputs, 16, encoder, hidden=(32,), item_hidden=(32,))
        optimizer = torch.optim.Adam(towers.parameters(), lr=2e-2)
        for step in range(150):
            loss = SPEC._loss(towers, items, source.gather(torch.arange(64)))
            optimizer.zero_grad()
            loss.backward()
            if step == 0:
                assert all(parameter.grad.any() for parameter in towers.parameters() if parameter.numel())
            optimizer.step()
    assert loss.item() < 0.2


def test_a_batch_brings_its_own_items_and_uniform_warm_ones(parity):
    rows = next_items(parity.view, "like")
    reader = RequestReader(parity.columns, Inputs(), "history", CPU)
    count = torch.from_numpy(np.bincount(rows.item, minlength=62))
    sampler = Negatives(in_batch=True, uniform=500).sampler(count, torch.arange(62) < 58)
    batch = LikedEvents.of(rows, reader, sampler, parity.view).gather(torch.tensor([5, 9]))
    assert batch.wanted.tolist() == rows.item[[5, 9]].tolist()
    assert set(batch.wanted.tolist()) <= set(batch.sample.item.tolist())
    assert int(batch.sample.item.max()) < 58
    expected = 2 * count[batch.sample.item] / len(rows) + 500 / 58
    times = batch.sample.weight.exp() * expected
    torch.testing.assert_close(times, times.round())
    assert times.sum().item() == pytest.approx(502)
    share = (parity.view.end - rows.requests.time[[5, 9]]) / (parity.view.end - parity.view.log.events.time.min())
    np.testing.assert_allclose(batch.age.numpy(), share, rtol=1e-6)


def test_forgetting_touches_single_categories_in_training_only():
    codes = torch.tensor([[5, 0, 7, 8]]).repeat(1000, 1)
    forget = Forget(0.3, singles=3)
    assert (forget.eval()(codes) == codes).all()
    torch.manual_seed(0)
    seen = forget.train()(codes)
    assert (seen[:, 1] == PAD).all()
    assert (seen[:, 3] == 8).all()
    assert 0.2 < (seen[:, 0] == UNKNOWN).float().mean() < 0.4


def test_features_of_items_must_not_depend_on_the_request(parity):
    columns = dict(parity.columns)
    columns["affinity"] = Affinity(name="affinity", event="like", of="genres").fit(parity.view, columns)
    with pytest.raises(ValueError, match=r"feature 'affinity' of the items depends on who asks, or when"):
        replace(SPEC, features=("item", "affinity")).fit(parity.view, columns, seed=0, progress=Silent())


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (replace(SPEC, features=("item", "genre")), r"no feature 'genre'; there are item, genres, history"),
        (replace(SPEC, features=("item",), history="genres"), r"'genres' is not a history"),
    ],
)
def test_names_are_checked(parity, spec, message):
    with pytest.raises(ValueError, match=message):
        spec.fit(parity.view, parity.columns, seed=0, progress=Silent())


def test_vectors_of_items_do_not_depend_on_the_block(parity, monkeypatch):
    inputs = Inputs.of(parity.columns[name] for name in ("item", "genres", "history"))
    towers = TwoTowers(inputs, 8, MeanPool()).eval()
    items = read_items(parity.view, parity.columns, inputs, CPU)
    whole = item_vectors(towers, items)
    monkeypatch.setattr("taojin.embeddings.towers.events.BLOCK", 7)
    np.testing.assert_allclose(item_vectors(towers, items), whole, atol=1e-6)
