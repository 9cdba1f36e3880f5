"""Items beside items, against plain loops."""

from collections import defaultdict

import numpy as np
import pytest

from taojin.embeddings.seeds import HistorySeeds, ItemSeed
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.serve import best as serve_best
from taojin.retrieval.serve.neighbours import BLOCK, Neighbours


def random_neighbours(seeds, items=62, each=7):
    random = np.random.default_rng(3)
    rows = [random.choice(np.arange(2, items), each, replace=False) for _ in range(items - 2)]
    return Neighbours(
        seeds=seeds,
        offsets=np.concatenate(([0, 0, 0], np.cumsum([len(row) for row in rows]))),
        item=np.concatenate(rows),
        similarity=random.random(each * (items - 2)).astype(np.float32),
    )


def by_item(found, request):
    rows = slice(found.offsets[request], found.offsets[request + 1])
    return dict(zip(found.item[rows].tolist(), found.found[rows, 0].tolist(), strict=True))


def test_scores_are_the_decayed_sums_of_similarities(parity):
    fitted = random_neighbours(HistorySeeds(decay=0.5))
    random = np.random.default_rng(0)
    # More requests than a block holds, and one without a history at its edge.
    histories = [random.integers(2, 62, random.integers(0, 9)).tolist() for _ in range(BLOCK + 40)]
    histories[BLOCK - 1] = []
    found = fitted.retrieve(*parity.ask(*histories), 100)
    for request, history in enumerate(histories):
        expected = defaultdict(float)
        for steps, liked in enumerate(reversed(history)):
            for at in range(fitted.offsets[liked], fitted.offsets[liked + 1]):
                expected[fitted.item[at]] += 0.5**steps * fitted.similarity[at]
        assert by_item(found, request) == pytest.approx(dict(expected), rel=1e-5)


def test_neighbours_of_the_start_item_alone(parity):
    fitted = random_neighbours(ItemSeed())
    found = fitted.retrieve(*parity.ask([2, 3], [4], item=[9, 0]), 100)
    places = slice(fitted.offsets[9], fitted.offsets[10])
    assert by_item(found, 0) == pytest.approx(dict(zip(fitted.item[places], fitted.similarity[places], strict=True)))
    assert by_item(found, 1) == {}


def users_of(view):
    at = np.flatnonzero(view.log.events.kinds & view.kinds.bits("like"))
    users = defaultdict(set)
    for user, item in zip(view.log.user[at], view.log.events.item[at], strict=True):
        users[item].add(user)
    return users


def rarity(view, users, user):
    liked = sum(user in of_item for of_item in users.values())
    return np.log1p((len(users) - liked + 0.5) / (liked + 0.5))


def saturation(n, mean, k1, b):
    return (k1 + 1) / (1 + k1 * (1 - b + b * n / mean))


def formula(similarity, view, users, i, j):
    """One similarity, written from its definition."""
    both, first, second = users[i] & users[j], len(users[i]), len(users[j])
    match similarity:
        case "cosine":
            return len(both), len(both) / np.sqrt(first * second)
        case "conditional":
            return len(both), len(both) / (first * second**0.3)
    mean = np.mean([len(of_item) for of_item in users.values()])
    weight = sum(rarity(view, users, user) ** 2 for user in both)
    return weight, weight * saturation(first, mean, 1.2, 0.75) * saturation(second, mean, 1.2, 0.75)


@pytest.mark.parametrize("similarity", ["cosine", "conditional", "bm25"])
@pytest.mark.parametrize("shrinkage", [0.0, 3.0])
def test_similarities_equal_their_formula(parity, similarity, shrinkage):
    spec = ItemCF(similarity=similarity, shrinkage=shrinkage, alpha=0.3, neighbours=1000)
    fitted = spec.fit(parity.view, {}, seed=0)
    users = users_of(parity.view)
    for i in range(parity.view.n_items):
        places = slice(fitted.offsets[i], fitted.offsets[i + 1])
        found = dict(zip(fitted.item[places].tolist(), fitted.similarity[places].tolist(), strict=True))
        expected = {}
        for j in users:
            if j != i and i in users and users[i] & users[j]:
                n, value = formula(similarity, parity.view, users, i, j)
                expected[j] = value * n / (n + shrinkage)
        assert found == pytest.approx(expected, rel=1e-5)


def test_only_the_most_similar_are_kept_whatever_the_block(parity, monkeypatch):
    everything = ItemCF(neighbours=1000).fit(parity.view, {}, seed=0)
    monkeypatch.setattr(serve_best, "CELLS", 5 * parity.view.n_items)
    few = ItemCF(neighbours=3).fit(parity.view, {}, seed=0)
    assert np.diff(few.offsets).max() == 3
    for i in range(parity.view.n_items):
        best = slice(everything.offsets[i], min(everything.offsets[i] + 3, everything.offsets[i + 1]))
        np.testing.assert_array_equal(few.item[few.offsets[i] : few.offsets[i + 1]], everything.item[best])


def test_item_cf_finds_the_planted_taste(parity):
    found = ItemCF().fit(parity.view, {}, seed=0).retrieve(*parity.ask([2, 4, 6], [3, 5, 7]), 10)
    assert (found.item % 2 == found.request).all()


def test_item_cf_reads_the_last_events_alone(parity):
    fitted = ItemCF(longest=1).fit(parity.view, {}, seed=0)
    assert len(fitted.item) == 0  # one liked item is beside nothing


def test_item_cf_refuses_a_similarity_it_does_not_have():
    with pytest.raises(ValueError, match=r"similarity 'jaccard'; expected one of cosine, conditional, bm25"):
        ItemCF(similarity="jaccard")
