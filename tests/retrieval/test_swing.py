"""Swing, against a loop over pairs of users; what it sees and item CF does not."""

from itertools import combinations

import numpy as np
import pytest

from taojin.retrieval import swing
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.swing import Swing


def plain(view, spec):
    """The paper's sum, pair of users by pair of users."""
    likes = [set(view.log.events.item[a:b]) for a, b in zip(view.log.offsets[:-1], view.log.offsets[1:], strict=True)]
    n = np.bincount([item for of_user in likes for item in of_user], minlength=view.n_items)
    scores = {}
    for u, v in combinations(range(len(likes)), 2):
        both = likes[u] & likes[v]
        for i in both:
            for j in both - {i}:
                weight = (len(likes[u]) * len(likes[v])) ** -spec.heavy / (spec.alpha + len(both))
                scores[i, j] = scores.get((i, j), 0.0) + weight / (n[i] * n[j]) ** spec.popularity
    return scores


@pytest.mark.parametrize("how", [{}, {"alpha": 5.0, "heavy": 0.0}, {"popularity": 0.5}], ids=str)
@pytest.mark.parametrize("dense", [0, 10_000])
def test_swings_equal_a_loop_over_pairs_of_users(view_of, beside, monkeypatch, how, dense):
    monkeypatch.setattr(swing, "DENSE_USERS", dense)
    random = np.random.default_rng(2)
    view = view_of(*(random.choice(np.arange(2, 12), random.integers(0, 7), replace=False) for _ in range(20)))
    spec = Swing(neighbours=100, **how)
    fitted, expected = spec.fit(view, {}, seed=0), plain(view, spec)
    for i in range(view.n_items):
        assert beside(fitted, i) == pytest.approx({j: s for (a, j), s in expected.items() if a == i}, rel=1e-5)


def test_users_who_share_little_else_bind_closer(view_of, beside):
    # Of the users of item 2, as many like 3 as 4. Those of 3 share everything, a crowd that does the same always;
    # those of 4 have nothing else in common. Item CF sees no difference, swing does.
    crowd = [[2, 3, 5, 6]] * 4
    others = [[2, 4, 7, 8], [2, 4, 9, 10], [2, 4, 11, 12], [2, 4, 13, 14]]
    view = view_of(*crowd, *others, items=15)
    cosine = beside(ItemCF(similarity="cosine").fit(view, {}, seed=0), 2)
    found = beside(Swing().fit(view, {}, seed=0), 2)
    assert cosine[3] == cosine[4]
    assert found[4] > 1.5 * found[3]


def test_one_common_user_makes_no_swing(view_of):
    fitted = Swing().fit(view_of([2, 3], [2, 4], [5]), {}, seed=0)
    assert len(fitted.item) == 0


def test_the_users_of_a_popular_item_may_be_drawn_and_the_sum_is_about_the_same(parity, beside):
    exact = Swing(users=0, neighbours=1000).fit(parity.view, {}, seed=0)
    drawn = [Swing(users=4, neighbours=1000).fit(parity.view, {}, seed=seed) for seed in range(30)]
    mean = np.mean([fitted.similarity.sum() for fitted in drawn])
    assert mean == pytest.approx(exact.similarity.sum(), rel=0.1)


def test_one_drawn_user_is_refused():
    with pytest.raises(ValueError, match=r"Swing: users=1; expected 2 or more"):
        Swing(users=1)
