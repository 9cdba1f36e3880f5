"""What is new: latest, fresh, followed."""

import numpy as np
import pyarrow as pa
import pytest

from taojin.core.units import DAY, HOUR
from taojin.retrieval.follow import Follow
from taojin.retrieval.fresh import Fresh
from taojin.retrieval.latest import Latest
from taojin.retrieval.serve.keys import Everyone
from taojin.retrieval.serve.lists import NewestLists

DATES = {"released": [3 * DAY, DAY, None, 2 * DAY, 3 * DAY, 9 * DAY]}  # of items 2 to 7


def test_latest_proposes_what_is_out_newest_first(view_of, parity, found_items):
    fitted = Latest().fit(view_of([2], items=8, table=DATES), {}, seed=0)
    found = fitted.retrieve(*parity.ask([], [], [], [], time=[0, 2 * DAY, 3 * DAY - 1, 20 * DAY]), 10)
    assert [found_items(found, request) for request in range(4)] == [[], [5, 3], [5, 3], [7, 2, 6, 5, 3]]
    assert found.found[:, 0].tolist()[:2] == [0, -1]


def test_fresh_items_age_between_two_requests(view_of, parity, found_items):
    fitted = Fresh(age=DAY).fit(view_of([2], items=8, table=DATES), {}, seed=0)
    found = fitted.retrieve(*parity.ask([], [], [], time=[3 * DAY, 4 * DAY - 1, 4 * DAY]), 10)
    assert [found_items(found, request) for request in range(3)] == [[2, 6], [2, 6], []]


def test_what_is_not_allowed_leaves_its_place(view_of, parity, found_items):
    allowed = np.ones(8, bool)
    allowed[[7, 2]] = False
    fitted = Latest().fit(view_of([2], items=8, table=DATES), {}, seed=0)
    found = fitted.retrieve(*parity.ask([], [], item=[6, 0], time=[20 * DAY] * 2, allowed=allowed), 2)
    assert [found_items(found, request) for request in range(2)] == [[5, 3], [6, 5]]


def test_the_newest_of_many_lists_equal_a_loop(parity):
    random = np.random.default_rng(4)
    since = np.sort(random.integers(0, 50, 60))[::-1] * HOUR
    item = np.concatenate([2 + random.permutation(40)[:30], 2 + random.permutation(40)[:30]])
    fitted = NewestLists(keys=Everyone(), offsets=np.array([0, 60]), item=item, since=since, age=9 * HOUR)
    times = random.integers(0, 60, 25) * HOUR
    found = fitted.retrieve(*parity.ask(*[[]] * 25, time=times.tolist()), 7)
    for request, time in enumerate(times):
        there = {}
        for one, at in zip(item.tolist(), since.tolist(), strict=True):
            if at <= time < at + 9 * HOUR:
                there[one] = max(there.get(one, 0), at)
        expected = sorted(there, key=lambda one: (-there[one], one))[:7]
        rows = slice(found.offsets[request], found.offsets[request + 1])
        assert found.item[rows].tolist() == expected


def test_dates_that_are_none_are_refused(parity):
    with pytest.raises(ValueError, match=r"Latest: column 'studio' must hold dates \(int64 milliseconds\), not string"):
        Latest(since="studio").fit(parity.view, {}, seed=0)
    with pytest.raises(ValueError, match=r"Fresh: the items have no column 'born'"):
        Fresh(since="born").fit(parity.view, {}, seed=0)


def following(view_of, *pairs):
    users, authors = zip(*pairs, strict=True)
    table = {**DATES, "author": [["ann"], ["ann", "bob"], ["bob"], ["bob"], ["eve"], None]}
    context = {"follows": pa.table({"user": users, "author": authors})}
    return view_of([2], [3], [4], items=8, table=table, context=context)


def test_follow_proposes_the_newest_of_followed_authors(view_of, parity, found_items):
    view = following(view_of, ("u2", "ann"), ("u2", "bob"), ("u3", "eve"), ("u3", "eve"))
    found = Follow().fit(view, {}, seed=0).retrieve(*parity.ask([], [], [], [], user=[2, 3, 4, 1]), 10)
    # Item 3 is by two authors and stands there once; item 4 has no date.
    assert [found_items(found, request) for request in range(4)] == [[2, 5, 3], [6], [], []]


def test_unknown_ids_are_left_out_and_refused_where_no_row_is_known(view_of, parity, found_items):
    some = following(view_of, ("u2", "ann"), ("nobody", "ann"), ("u3", "nobody"))
    assert found_items(Follow().fit(some, {}, seed=0).retrieve(*parity.ask([], user=[2]), 10)) == [2, 3]
    none = following(view_of, ("7", "ann"), ("8", "zoe"))
    with pytest.raises(
        ValueError,
        match=r"Follow: table 'follows': no row of its 2 names ids that the data has; unknown are 2 of column 'user', "
        r"1 of column 'author', such as '7'; write ids as",
    ):
        Follow().fit(none, {}, seed=0)


def test_a_table_that_is_not_there_is_named(view_of):
    with pytest.raises(ValueError, match=r"Follow: the data brings no table 'follows'"):
        Follow().fit(view_of([2], items=8, table={**DATES, "author": ["ann"] * 6}), {}, seed=0)
