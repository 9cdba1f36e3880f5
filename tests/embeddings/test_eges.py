"""EGES learns which attributes of items count, and places new items by them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from taojin.core.progress import Silent
from taojin.core.units import FIRST, UNKNOWN
from taojin.embeddings.walks.deepwalk import DeepWalk
from taojin.embeddings.walks.eges import EGES
from taojin.features.attributes import Attribute
from taojin.nn.training import Training
from taojin.retrieval.vectors import Nearest

TRAINING = Training(learning_rate=3e-2, batch=8, epochs=12, patience=12, embedding_l2=1e-3, device="cpu")
SPEC = EGES(side=("studio", "noise"), lead=2.0, dim=8, walks=20, length=12, window=4, training=TRAINING)


@pytest.fixture(scope="module")
def shop(parity):
    """Parity with an attribute that says nothing: what is liked depends on `studio` alone."""
    noise = np.random.default_rng(5).integers(0, 2, parity.view.items.num_rows)
    items = parity.view.items.append_column("noise", pa.array([f"n{value}" for value in noise]))
    view = replace(parity.view, items=items)
    columns = dict(parity.columns)
    for name in ("studio", "noise"):
        columns[name] = Attribute(name=name, column=name).fit(view, columns)
    return replace(parity, view=view, columns=columns)


@pytest.fixture(scope="module")
def embedding(shop):
    return SPEC.fit(shop.view, shop.columns, seed=0, progress=Silent())


def test_an_attribute_that_says_nothing_loses_its_weight(shop, embedding):
    assert embedding.parts == ("itself", "studio", "noise")
    warm = shop.view.counts(shop.view.kinds.all) > 0
    np.testing.assert_allclose(embedding.weights[FIRST:].sum(axis=1), 1, rtol=1e-5)
    _, studio, noise = embedding.weights[warm].mean(axis=0)
    assert noise < 0.05
    assert studio > 5 * noise


def test_a_new_item_is_found_by_its_attribute_and_deepwalk_has_none(shop, embedding):
    assert np.flatnonzero(embedding.cold).tolist() == [58, 59, 60, 61]
    found = Nearest("e", cold=True).fit(shop.view, {"e": embedding}, seed=0).retrieve(*shop.ask([2, 4], [3, 5]), 30)
    new = found.item >= 58
    assert new.sum() >= 3
    assert (found.item[new] % 2 == found.request[new]).all()
    walk = DeepWalk(dim=8, walks=1, length=4, training=replace(TRAINING, epochs=1))
    assert not walk.fit(shop.view, shop.columns, seed=0, progress=Silent()).known[58:].any()


def test_reserved_rows_have_no_vector_and_the_seed_decides(shop):
    short = replace(SPEC, training=replace(TRAINING, epochs=1))
    first, again = (short.fit(shop.view, shop.columns, seed=3, progress=Silent()) for _ in range(2))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert not first.vectors[: UNKNOWN + 1].any()
    assert np.isfinite(first.vectors).all()


@pytest.mark.parametrize(
    ("side", "message"),
    [
        ((), "names no attribute"),
        (("studios",), "no feature 'studios'"),
        (("history",), "'history' is not of the items"),
    ],
)
def test_what_cannot_be_side_information_is_refused(shop, side, message):
    with pytest.raises(ValueError, match=message):
        replace(SPEC, side=side).fit(shop.view, shop.columns, seed=0, progress=Silent())
