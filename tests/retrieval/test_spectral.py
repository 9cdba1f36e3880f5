"""Filters on the graph of likes, against dense algebra from the papers."""

from dataclasses import replace

import numpy as np
import pytest

from taojin.embeddings.factors.filters import Filter
from taojin.embeddings.factors.singular import singular
from taojin.embeddings.likes import likes
from taojin.retrieval import spectral
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.spectral import Spectral


def dense(liked, *, user_power, item_power, rank, low_pass, step, steps):
    """The whole matrix between items, by full decompositions."""
    by_user, by_item = (
        np.where(n > 0, np.maximum(n, 1) ** -power, 0)
        for n, power in ((liked.sum(1), user_power), (liked.sum(0), item_power))
    )
    weighted = by_user[:, None] * liked * by_item
    weighted /= np.linalg.norm(weighted, 2)
    linear = weighted.T @ weighted
    vectors = np.linalg.svd(weighted)[2][:rank].T
    back = np.where(by_item > 0, 1 / np.maximum(by_item, 1e-12), 0)
    ideal = by_item[:, None] * (vectors @ vectors.T) * back
    scores = linear + low_pass * ideal
    for _ in range(steps):
        scores = scores - step * scores @ linear
    return scores


SETTINGS = (
    {"user_power": 0.5, "item_power": 0.5, "rank": 4, "low_pass": 0.3, "step": 1.0, "steps": 0},
    {"user_power": 0.5, "item_power": 0.5, "rank": 4, "low_pass": 0.2, "step": 0.5, "steps": 3},
    {"user_power": 0.3, "item_power": 0.4, "rank": 4, "low_pass": 0.2, "step": 1.0, "steps": 1},
)


@pytest.mark.parametrize("how", SETTINGS)
def test_rows_equal_dense_algebra(parity, how):
    liked = likes(parity.view, "like")
    found = Filter.of(liked, seed=0, **how).rows(slice(5, 30)).numpy()
    expected = dense(liked.toarray().astype(np.float64), **how)[5:30]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_singular_vectors_are_those_of_the_dense_matrix(parity):
    liked = likes(parity.view, "like")
    value, vectors = singular(liked, 3, seed=0)
    _, expected, exact = np.linalg.svd(liked.toarray())
    np.testing.assert_allclose(value, expected[:3], rtol=1e-4)
    np.testing.assert_allclose(np.abs(vectors.numpy()), np.abs(exact[:3].T), atol=1e-3)


@pytest.mark.parametrize("cells", [1 << 25, 100])
def test_the_largest_cells_are_kept_whatever_the_block(parity, monkeypatch, cells):
    monkeypatch.setattr(spectral, "CELLS", cells)
    spec = Spectral(rank=8, neighbours=5)
    fitted = spec.fit(parity.view, {}, seed=0)
    how = {name: getattr(spec, name) for name in ("user_power", "item_power", "rank", "low_pass", "step", "steps")}
    whole = dense(likes(parity.view, "like").toarray().astype(np.float64), **how)
    np.fill_diagonal(whole, 0)
    assert np.diff(fitted.offsets).tolist() == [0, 0, *[5] * 56, 0, 0, 0, 0]
    for item in range(2, 58):
        places = slice(fitted.offsets[item], fitted.offsets[item + 1])
        np.testing.assert_allclose(fitted.similarity[places], np.sort(whole[item])[:-6:-1], rtol=1e-3)
        assert item not in fitted.item[places]


def test_the_low_pass_sees_what_two_items_have_in_common_beyond_their_users(bridged):
    asked = bridged.ask([2], [5])
    found = Spectral(rank=2, steps=0).fit(bridged.view, {}, seed=0).retrieve(*asked, 10)
    assert [sorted(found.item[found.request == r].tolist()) for r in (0, 1)] == [[3, 4], [6, 7]]
    beside = ItemCF(shrinkage=0).fit(bridged.view, {}, seed=0).retrieve(*asked, 10)
    assert beside.item.tolist() == [4, 7]


def test_it_finds_the_planted_taste(parity):
    found = Spectral(rank=8).fit(parity.view, {}, seed=0).retrieve(*parity.ask([2, 4, 6], [3, 5, 7]), 10)
    assert (found.item % 2 == found.request).all()


def test_a_single_like_has_no_neighbours(bridged):
    alone = replace(bridged.view, log=bridged.view.log.where(np.arange(len(bridged.view.log)) == 0))
    fitted = Spectral().fit(alone, {}, seed=0)
    assert len(fitted.item) == 0


def test_it_is_of_users_or_items():
    with pytest.raises(ValueError, match=r"Spectral.of: expected 'user' or 'item'; got 'basket'"):
        Spectral(of="basket")


def test_without_singular_vectors_only_the_linear_filter_is_left(parity):
    linear = Spectral(rank=0).fit(parity.view, {}, seed=0)
    unweighted = Spectral(rank=8, low_pass=0.0).fit(parity.view, {}, seed=0)
    np.testing.assert_array_equal(linear.item, unweighted.item)
