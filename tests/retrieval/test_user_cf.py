"""User CF, against a loop over users."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from taojin.core.units import DAY
from taojin.retrieval.serve import best as serve_best
from taojin.retrieval.user_cf import UserCF


def likes_of(view):
    at = view.log.events.matching(view.kinds.bits("like")).position
    likes = defaultdict(list)
    for user, item in zip(view.log.user[at], view.log.events.item[at], strict=True):
        likes[user].append(item)
    return likes


def plain(view, history, me, spec):
    """The mean over the most similar users of what they liked, by loops."""
    likes = likes_of(view)
    n = np.bincount([item for of_user in likes.values() for item in of_user], minlength=view.n_items)
    weight = [np.log1p(view.n_users / max(count, 1)) if spec.rare else 1.0 for count in n]
    cosine = {}
    for user, liked in likes.items():
        both = sum(weight[item] ** 2 for item in history if item in liked)
        if both and user != me:
            cosine[user] = both / np.sqrt(sum(weight[item] ** 2 for item in liked))
    nearest = sorted(cosine, key=lambda user: (-cosine[user], user))[: spec.users]
    score = defaultdict(float)
    for user in nearest:
        for place, item in enumerate(reversed(likes[user])):
            score[item] += cosine[user] / sum(cosine[v] for v in nearest) * spec.newest**place
    return dict(score)


def by_item(found, request):
    rows = slice(found.offsets[request], found.offsets[request + 1])
    return dict(zip(found.item[rows].tolist(), found.found[rows, 0].tolist(), strict=True))


@pytest.mark.parametrize("how", [{}, {"users": 3, "rare": True}, {"newest": 0.5}], ids=str)
@pytest.mark.parametrize("cells", [200, 1 << 24])
def test_scores_equal_a_loop_over_users(parity, monkeypatch, how, cells):
    monkeypatch.setattr(serve_best, "CELLS", cells)
    spec, histories, users = UserCF(**how, decay=1.0), [[2, 4, 6, 9], [], [33, 35], [3, 60, 5]], [2, 3, 5, 1]
    found = spec.fit(parity.view, {}, seed=0).retrieve(*parity.ask(*histories, user=users), 1000)
    for request, (history, me) in enumerate(zip(histories, users, strict=True)):
        assert by_item(found, request) == pytest.approx(plain(parity.view, history, me, spec), rel=1e-4)


def test_nobody_is_their_own_neighbour(view_of, parity, found_items):
    view = view_of([2, 3, 4], [2, 5], [6, 7])
    fitted = UserCF().fit(view, {}, seed=0)
    found = fitted.retrieve(*parity.ask([2, 3, 4], [2, 3, 4], user=[2, 1]), 10)
    assert found_items(found, 0) == [2, 5]
    assert set(found_items(found, 1)) == {2, 3, 4, 5}


def test_a_history_that_moved_since_training_finds_other_neighbours(view_of, parity, found_items):
    # User 2 was of the first taste when the channel was fitted; what counts is what is liked now.
    fitted = UserCF(users=1).fit(view_of([2, 3], [2, 3, 4], [8, 9, 10]), {}, seed=0)
    then, now = (fitted.retrieve(*parity.ask(history, user=[2]), 10) for history in ([2, 3], [8, 9]))
    assert found_items(then) == [2, 3, 4]
    assert found_items(now) == [8, 9, 10]


def test_the_newest_of_the_neighbours_come_first(view_of, parity, found_items):
    view = view_of([2, 7, 6, 5])
    fitted = UserCF(newest=0.5).fit(view, {}, seed=0)
    assert found_items(fitted.retrieve(*parity.ask([2]), 10)) == [5, 6, 7, 2]


def test_events_before_the_window_are_not_read(view_of, parity, found_items):
    view = view_of([2, 3, 4], times=[[0, 8 * DAY, 9 * DAY]])
    week, ever = UserCF(window=7 * DAY), UserCF()
    assert found_items(ever.fit(view, {}, seed=0).retrieve(*parity.ask([3]), 10)) == [2, 3, 4]
    assert found_items(week.fit(view, {}, seed=0).retrieve(*parity.ask([3]), 10)) == [3, 4]
    assert found_items(week.fit(view, {}, seed=0).retrieve(*parity.ask([2]), 10)) == []
    assert week.needs_clock
    assert not ever.needs_clock


def test_an_item_liked_twice_stands_once_where_it_was_liked_last(view_of, parity, found_items):
    fitted = UserCF(newest=0.5).fit(view_of([2, 3, 2]), {}, seed=0)
    found = fitted.retrieve(*parity.ask([2]), 10)
    assert found_items(found) == [2, 3]
    assert found.found[:, 0].tolist() == [1.0, 0.5]


def test_the_row_of_unknown_users_is_nobodys_neighbour(view_of, parity):
    view = view_of([2, 3])
    log = replace(view.log, offsets=np.array([0, 0, 2, 2]))
    assert len(UserCF().fit(replace(view, log=log), {}, seed=0).retrieve(*parity.ask([2]), 10)) == 0
