"""Association, against a loop over pairs; what it sees and item CF does not."""

from collections import defaultdict

import numpy as np
import pytest

from taojin.core.units import HOUR
from taojin.retrieval.association import Association
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.serve import best as serve_best


def plain(view, spec):
    """Strengths by a loop over all ordered pairs of events of each user."""
    strength, log = defaultdict(float), view.log
    count = np.bincount(log.events.item, minlength=view.n_items)
    for start, stop in zip(log.offsets[:-1], log.offsets[1:], strict=True):
        events = list(range(max(start, stop - spec.longest), stop))
        session = np.concatenate([[0], np.cumsum(np.diff(log.events.time[events]) > spec.gap)]) if events else []
        for a, one in enumerate(events):
            for b, other in enumerate(events):
                distance, i, j = abs(a - b), log.events.item[one], log.events.item[other]
                near = distance <= (spec.window or len(events)) and session[a] == session[b]
                if a == b or i == j or not near:
                    continue
                weight = spec.near ** (distance - 1) * (1.0 if a < b else spec.backward)
                age = view.end - log.events.time[max(one, other)]
                strength[i, j] += weight * 0.5 ** (age / spec.half_life) / (count[i] * count[j]) ** spec.popularity
    return strength


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"near": 0.5, "backward": 0.2},
        {"window": 2},
        {"longest": 5},
        {"gap": 2 * HOUR},
        {"half_life": 30 * HOUR, "popularity": 0.5},
    ],
    ids=str,
)
def test_strengths_equal_a_loop_over_pairs(view_of, beside, how):
    random = np.random.default_rng(1)
    histories = [random.integers(2, 12, random.integers(0, 9)) for _ in range(15)]
    times = [np.sort(random.integers(0, 40, len(history))) * HOUR for history in histories]
    view = view_of(*histories, times=times)
    spec = Association(neighbours=100, **how)
    fitted, expected = spec.fit(view, {}, seed=0), plain(view, spec)
    for i in range(view.n_items):
        assert beside(fitted, i) == pytest.approx({j: s for (a, j), s in expected.items() if a == i}, rel=1e-5)


def test_two_users_halves_add_up(view_of, beside):
    # 0.6 of one user and 0.3 of another make 0.9.
    spec = Association(near=0.5, backward=0.6)
    fitted = spec.fit(view_of([2, 3], [2, 9, 3], [3, 8, 2]), {}, seed=0)
    assert beside(fitted, 3)[2] == pytest.approx(0.6 + 0.3 + 0.5)


def test_what_comes_after_is_told_from_what_came_before(view_of, beside):
    # Always 2, then 3, then 4: item CF has 2 and 4 equally near to 3, association has 4 nearer.
    view = view_of(*[[2, 3, 4]] * 5)
    symmetric = beside(ItemCF(similarity="cosine").fit(view, {}, seed=0), 3)
    directed = beside(Association().fit(view, {}, seed=0), 3)
    assert symmetric[2] == symmetric[4]
    assert directed[4] == pytest.approx(5.0)
    assert directed[2] == pytest.approx(3.5)


def test_pairs_stay_inside_a_session(view_of, beside):
    times = [[0, HOUR, 9 * HOUR, 10 * HOUR]]
    view = view_of([2, 3, 4, 5], times=times)
    assert set(beside(Association(gap=2 * HOUR).fit(view, {}, seed=0), 3)) == {2}
    assert set(beside(Association().fit(view, {}, seed=0), 3)) == {2, 4, 5}


def test_an_unknown_item_takes_a_place_but_is_no_neighbour(view_of, beside):
    fitted = Association(near=0.5).fit(view_of([2, 1, 3]), {}, seed=0)
    assert beside(fitted, 2) == {3: 0.5}
    assert beside(fitted, 1) == {}


def test_blocks_do_not_show(parity, monkeypatch):
    whole = Association().fit(parity.view, {}, seed=0)
    monkeypatch.setattr(serve_best, "CELLS", 300)
    parts = Association().fit(parity.view, {}, seed=0)
    np.testing.assert_array_equal(whole.item, parts.item)
    np.testing.assert_allclose(whole.similarity, parts.similarity, rtol=1e-6)


def test_only_sessions_and_half_lives_need_a_clock():
    assert not Association().needs_clock
    assert Association(gap=HOUR).needs_clock
    assert Association(half_life=HOUR).needs_clock
