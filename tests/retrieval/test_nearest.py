"""Nearest vectors, against a matrix product."""

from dataclasses import dataclass

import numpy as np
import pytest

from taojin.core.units import FIRST, Floats
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.query import MeanOfItems
from taojin.embeddings.seeds import HistorySeeds
from taojin.retrieval.serve.nearest import NearestItems
from taojin.retrieval.vectors import Nearest

ITEMS, D = 62, 8
VECTORS = np.random.default_rng(5).normal(size=(ITEMS, D)).astype(np.float32)
REAL = np.arange(ITEMS) >= FIRST


@dataclass(frozen=True)
class Given:
    """Queries that are the test's own, float32[R, Q, D]."""

    queries: Floats
    features: tuple[str, ...] = ()

    def vectors(self, requests, rows):
        return self.queries


def queries(requests, several):
    return np.random.default_rng(6).normal(size=(requests, several, D)).astype(np.float32)


@pytest.mark.parametrize("several", [1, 3])
def test_nearest_equals_the_best_product_with_any_query_vector(parity, several):
    asked = queries(4, several)
    fitted = NearestItems(vectors=VECTORS, searched=REAL, query=Given(asked))
    found = fitted.retrieve(*parity.ask([], [], [], []), 7)
    product = np.where(REAL, np.einsum("rqd,id->rqi", asked, VECTORS).max(axis=1), -np.inf)
    expected = np.argsort(-product, axis=1)[:, :7]
    np.testing.assert_array_equal(found.item.reshape(4, 7), expected)
    np.testing.assert_allclose(found.found.reshape(4, 7), np.take_along_axis(product, expected, axis=1), rtol=1e-4)


def test_a_zero_vector_asks_for_nothing(parity):
    asked = queries(3, 2)
    asked[1] = 0
    asked[2, 0] = 0
    found = NearestItems(vectors=VECTORS, searched=REAL, query=Given(asked)).retrieve(*parity.ask([], [], []), 5)
    assert np.diff(found.offsets).tolist() == [5, 0, 5]


def test_only_what_is_allowed_and_searched_is_found(parity):
    allowed = np.zeros(ITEMS, bool)
    allowed[[4, 5, 20, 21]] = True
    searched = REAL.copy()
    searched[5] = False
    fitted = NearestItems(vectors=VECTORS, searched=searched, query=Given(queries(2, 1)))
    found = fitted.retrieve(*parity.ask([], [], item=[4, 0], allowed=allowed), 10)
    assert [sorted(found.item[found.request == r]) for r in (0, 1)] == [[20, 21], [4, 20, 21]]


def test_no_vectors_no_candidates(parity):
    nothing = NearestItems(vectors=VECTORS, searched=np.zeros(ITEMS, bool), query=Given(queries(1, 1)))
    assert len(nothing.retrieve(*parity.ask([]), 5)) == 0


def embedding():
    cold = np.arange(ITEMS) >= 58
    return Embedding(VECTORS, REAL, cold, MeanOfItems(seeds=HistorySeeds(), items=VECTORS))


@pytest.mark.parametrize(("cold", "most"), [(False, 58), (True, ITEMS)])
def test_items_without_events_are_proposed_only_where_the_spec_says_so(parity, cold, most):
    found = Nearest("e", cold=cold).fit(parity.view, {"e": embedding()}, seed=0).retrieve(*parity.ask([2]), 100)
    assert sorted(found.item) == list(range(FIRST, most))


def test_of_an_item_is_by_cosine_and_leaves_the_item_out(parity):
    fitted = Nearest("e", of="item").fit(parity.view, {"e": embedding()}, seed=0)
    found = fitted.retrieve(*parity.ask([2], [3], item=[9, 0]), 100)
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    expected = [item for item in np.argsort(-unit @ unit[9]) if FIRST <= item < 58 and item != 9]
    assert found.item.tolist() == expected


def test_an_unknown_embedding_is_named_with_its_nearest():
    with pytest.raises(ValueError, match=r"no embedding 'item2vek'.*did you mean 'item2vec'"):
        Nearest("item2vek").fit(None, {"item2vec": embedding()}, seed=0)
