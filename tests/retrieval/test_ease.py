"""EASE, against an inverse of the whole matrix; what it sees and item CF does not."""

import numpy as np
import pytest

from taojin.retrieval.ease import EASE
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.serve import best as serve_best


def plain(view, l2):
    """The paper's weights by the inverse of a dense matrix, in float64."""
    likes = np.zeros((view.n_users, view.n_items))
    likes[view.log.user, view.log.events.item] = 1
    inverse = np.linalg.inv(likes.T @ likes + l2 * np.eye(view.n_items))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def random_view(view_of, seed=3):
    random = np.random.default_rng(seed)
    return view_of(*(random.choice(np.arange(2, 12), random.integers(1, 7), replace=False) for _ in range(30)))


@pytest.mark.parametrize("cells", [5, 1 << 24])
def test_weights_equal_those_of_the_whole_inverse(view_of, beside, monkeypatch, cells):
    monkeypatch.setattr(serve_best, "CELLS", cells)
    view = random_view(view_of)
    fitted, expected = EASE(l2=(3.0,)).fit(view, {}, seed=0), plain(view, 3.0)
    for i in range(2, view.n_items):
        assert beside(fitted, i) == pytest.approx({j: expected[i, j] for j in range(2, 12) if j != i}, abs=1e-6)


def test_the_largest_by_magnitude_are_kept_with_their_signs(view_of, beside):
    view = random_view(view_of)
    fitted, expected = EASE(l2=(3.0,), neighbours=4).fit(view, {}, seed=0), plain(view, 3.0)
    for i in range(2, view.n_items):
        largest = np.argsort(-np.abs(expected[i]))[:4]
        assert beside(fitted, i) == pytest.approx({int(j): expected[i, j] for j in largest}, abs=1e-6)
    assert (fitted.similarity < 0).any()


def test_what_a_third_item_explains_is_not_counted_twice(view_of, beside):
    # Whoever likes 2 likes 3, and half of those who like 3 like 4, with 2 or without: 2 says nothing of 4 that 3 does
    # not say already.
    histories = [[2, 3, 4], [2, 3], [3, 4], [3]] * 8 + [[9]] * 8
    view = view_of(*histories)
    cosine = beside(ItemCF(similarity="cosine", shrinkage=0.0).fit(view, {}, seed=0), 2)
    linear = beside(EASE(l2=(1.0,)).fit(view, {}, seed=0), 2)
    assert cosine[4] == pytest.approx(0.5)
    assert abs(linear[4]) < 0.1 * linear[3]


def test_the_l2_of_several_is_chosen_by_held_out_likes(parity):
    # With so much weight on small weights, every item weighs nearly the same.
    spec = EASE(l2=(1e9, 10.0))
    chosen, good = spec.fit(parity.view, {}, seed=0), EASE(l2=(10.0,)).fit(parity.view, {}, seed=0)
    np.testing.assert_array_equal(chosen.similarity, good.similarity)


def test_a_catalogue_that_does_not_fit_memory_is_refused(parity):
    with pytest.raises(ValueError, match=r"EASE: 56 items need a matrix of 0\.0 GiB, and memory=1e-06 allows 16 items"):
        EASE(memory=1e-6).fit(parity.view, {}, seed=0)


def test_rare_items_may_be_left_out(view_of, beside):
    view = view_of([2, 3], [2, 3], [2, 4])
    fitted = EASE(at_least=2, l2=(1.0,)).fit(view, {}, seed=0)
    assert beside(fitted, 4) == {}
    assert set(beside(fitted, 2)) == {3}


def test_no_events_no_neighbours(view_of):
    assert len(EASE().fit(view_of([], []), {}, seed=0).item) == 0


def test_one_l2_is_needed():
    with pytest.raises(ValueError, match=r"EASE.l2: expected one number or more"):
        EASE(l2=())


def test_an_l2_that_is_lost_beside_the_counts_is_refused(view_of):
    with pytest.raises(ValueError, match=r"EASE.l2: 1e-12 is too small for \d+ items"):
        EASE(l2=(1e-12,)).fit(view_of(*[range(2, 10)] * 20), {}, seed=0)
