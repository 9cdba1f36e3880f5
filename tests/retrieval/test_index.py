"""Ways to search vectors: against a matrix product, under filters, and with items that come and go."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from taojin.bundle.save import Leaves
from taojin.core.spec import decode, encode
from taojin.core.units import FIRST, Floats
from taojin.retrieval.serve.index import HNSW, IVF, LSH, Auto, Exact, Quantised, bits_of, member
from taojin.retrieval.serve.nearest import NearestItems
from taojin.retrieval.serve.structure import Structure

ITEMS, D = 2_002, 16
INDEXES = {
    "exact": Exact(),
    "ivf": IVF(),
    "hnsw": HNSW(),
    "quantised": Quantised(),
    "lsh": LSH(bits=128),
    "auto": Auto(),
    "auto_lists": Auto(exact=100),
}


def clustered(n: int, seed: int = 0) -> Floats:
    """Unit vectors around forty centres, as learned vectors are."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(40, D))
    vectors = centres[random.integers(0, 40, n)] + 0.4 * random.normal(size=(n, D))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS = clustered(ITEMS)
REAL = np.arange(ITEMS) >= FIRST
QUERIES = clustered(50, seed=1)


@dataclass(frozen=True)
class Given:
    """Queries that are the test's own."""

    queries: Floats
    features: tuple[str, ...] = ()

    def vectors(self, requests, rows):
        return self.queries[:, None]


def items(index: object, **how: object) -> NearestItems:
    return NearestItems(**{"vectors": VECTORS, "searched": REAL, "query": Given(QUERIES), "index": index, **how})


def nearest(allowed: np.ndarray, k: int, vectors: Floats = VECTORS) -> np.ndarray:
    product = np.where(allowed, QUERIES @ vectors.T, -np.inf)
    return np.argsort(-product, axis=1, kind="stable")[:, :k]


def recall(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.mean([len(set(f) & set(t)) / len(t) for f, t in zip(found.tolist(), true.tolist(), strict=True)]))


@pytest.fixture(scope="module", params=INDEXES)
def index(request):
    return INDEXES[request.param]


@pytest.fixture(scope="module")
def served(index):
    return items(index).built()


@pytest.mark.parametrize("k", [1, 10, 200])
def test_what_is_found_is_near_and_its_scores_are_products(served, k):
    found = served.search(QUERIES, k)
    assert recall(found.item, nearest(REAL, k)) >= 0.97
    np.testing.assert_allclose(found.score, np.einsum("nd,nkd->nk", QUERIES, VECTORS[found.item]), rtol=1e-5, atol=1e-6)
    assert (np.diff(found.score, axis=1) <= 1e-6).all()


@pytest.mark.parametrize("share", [0.5, 0.05, 0.002])
def test_a_filter_is_kept_exactly_and_answered_in_full(served, share):
    allowed = REAL & (np.random.default_rng(2).random(ITEMS) < share)
    k = min(30, int(allowed.sum()))
    found = served.search(QUERIES, k, allowed)
    assert found.item.shape == (len(QUERIES), k)
    assert allowed[found.item].all()
    assert recall(found.item, nearest(allowed, k)) >= 0.97


def test_nothing_allowed_nothing_found(served):
    assert served.search(QUERIES, 5, np.zeros(ITEMS, bool)).item.shape == (len(QUERIES), 0)


def test_more_than_there_is_gives_all_there_is(served):
    found = served.search(QUERIES[:2], 5_000)
    assert [sorted(row) for row in found.item.tolist()] == [list(range(FIRST, ITEMS))] * 2


def test_one_query_alone_finds_the_same(served):
    together = served.search(QUERIES, 20)
    for place, query in enumerate(QUERIES[:10]):
        alone = served.search(query[None], 20)
        np.testing.assert_allclose(alone.score[0], together.score[place], rtol=1e-5, atol=1e-6)


def test_removed_items_are_gone_and_new_ones_are_there_at_once(served):
    gone = nearest(REAL, 5)[:, 0]
    beyond = np.array([ITEMS + 3, ITEMS + 9])
    changed = served.remove(gone).add(beyond, QUERIES[:2])
    assert changed._structure is served._structure, "nothing is built again"
    found = changed.search(QUERIES, 10)
    assert not np.isin(found.item, gone).any()
    assert found.item[:2, 0].tolist() == beyond.tolist()
    assert np.isin(served.search(QUERIES, 1).item, gone).mean() > 0.9, "the one it was made from is as it was"


def test_an_item_that_is_added_again_has_its_new_vector_alone(served):
    item = np.array([7])
    changed = served.add(item, QUERIES[:1]).add(item, QUERIES[1:2])
    found = changed.search(QUERIES[:2], ITEMS)
    assert [(row == 7).sum() for row in found.item] == [1, 1]
    assert found.item[1, 0] == 7
    back = changed.remove(item).search(QUERIES[:2], ITEMS)
    assert not (back.item == 7).any()


def test_added_items_obey_the_filter(served, parity):
    changed = served.add(np.array([5, ITEMS + 1]), np.repeat(QUERIES[:1], 2, axis=0))
    allowed = REAL.copy()
    allowed[5] = False
    assert not np.isin(changed.search(QUERIES, ITEMS, allowed).item, [5, ITEMS + 1]).any()


def test_the_built_index_is_in_the_bundle_where_building_it_takes_time(served, index, tmp_path):
    for folder in ("arrays", "files"):
        (tmp_path / folder).mkdir()
    fitted = replace(served, query=None)
    data = encode(fitted, Leaves(tmp_path).write)
    loaded = decode(data, lambda leaf: np.load(tmp_path / "arrays" / leaf["array"]))
    assert (loaded.structure is None) == isinstance(served._index, Exact)
    first, again = served.search(QUERIES, 50), loaded.search(QUERIES, 50)
    np.testing.assert_array_equal(again.item, first.item)
    np.testing.assert_allclose(again.score, first.score, rtol=1e-6)


def test_the_same_vectors_give_the_same_index(index):
    first, again = (Structure.of(_chosen(index), np.flatnonzero(REAL), VECTORS[REAL]) for _ in range(2))
    np.testing.assert_array_equal(first.effort, again.effort)
    np.testing.assert_array_equal(first.search(QUERIES, 20).item, again.search(QUERIES, 20).item)


def test_the_effort_grows_with_the_depth_and_ends_where_everything_is_looked_at():
    built = Structure.of(IVF(), np.flatnonzero(REAL), VECTORS[REAL])
    efforts = [built.effort_for(k) for k in (1, 10, 50, 100, 500, 5_000, 10**6)]
    assert efforts == sorted(efforts)
    assert efforts[-1] == IVF().most(ITEMS - FIRST)


def test_auto_takes_the_exact_index_up_to_its_size():
    assert Auto(exact=10).for_size(10) == Exact()
    assert Auto(exact=10, recall=0.9).for_size(11) == IVF(recall=0.9)


@pytest.mark.parametrize("few", [1, 3, 12])
def test_a_handful_of_vectors_can_be_indexed_in_any_way(index, few):
    small = NearestItems(vectors=VECTORS[:few], searched=np.ones(few, bool), query=Given(QUERIES), index=index).built()
    assert sorted(small.search(QUERIES[:1], 20).item[0].tolist()) == list(range(few))


def test_all_vectors_alike_is_no_trouble(index):
    alike = np.ones((300, D), np.float32)
    same = NearestItems(vectors=alike, searched=np.ones(300, bool), query=Given(QUERIES), index=index).built()
    found = same.search(QUERIES[:2], 40).item
    assert [len(set(row)) for row in found.tolist()] == [40, 40]


def test_vectors_that_are_not_finite_are_refused(index, served):
    broken = VECTORS.copy()
    broken[9] = np.nan
    with pytest.raises(ValueError, match="expected finite vectors, 1 of 2000 are not"):
        items(index, vectors=broken).search(QUERIES, 5)
    with pytest.raises(ValueError, match="add: expected finite vectors"):
        served.add(np.array([9]), broken[9:10])
    with pytest.raises(ValueError, match=r"shape \(1, 16\), got shape \(1, 3\)"):
        served.add(np.array([9]), np.zeros((1, 3), np.float32))


def test_a_mask_of_bits_knows_its_members():
    mask = np.random.default_rng(3).random(101) < 0.5
    row = np.arange(-3, 140)
    expected = [0 <= r < 101 and bool(mask[r]) for r in row]
    assert member(bits_of(mask), row).tolist() == expected


def _chosen(index):
    return index.for_size(ITEMS - FIRST) if isinstance(index, Auto) else index


def test_items_of_equal_vectors_are_as_good_as_each_other():
    distinct = np.random.default_rng(0).standard_normal((100, 16), np.float32)
    vectors = np.repeat(distinct, 50, axis=0)
    built = Structure.of(IVF(lists=50), np.arange(len(vectors)), vectors)
    # Ten of fifty copies: whichever they are, the list of the query holds them.
    assert built.effort[0] <= 4


def test_the_effort_is_measured_with_the_queries_that_will_come():
    vectors = clustered(4_000)
    near, far = vectors[:200], np.random.default_rng(5).standard_normal((200, D)).astype(np.float32)
    place = np.arange(len(vectors))
    alone, easy, hard = (Structure.of(IVF(), place, vectors, asked) for asked in (None, near, far))
    assert easy.effort[0] == alone.effort[0] < hard.effort[0]
    nobody = Structure.of(IVF(), place, vectors, np.zeros((3, D), np.float32))  # zero asks for nothing
    np.testing.assert_array_equal(nobody.effort, alone.effort)
