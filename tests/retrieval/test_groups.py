"""Lists by what is known of people: segments, regions, friends; and campaigns, which are for everybody."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from taojin.core.batch import merge
from taojin.core.units import DAY, HOUR
from taojin.retrieval.campaign import Campaign
from taojin.retrieval.region import Region
from taojin.retrieval.segments import Segments
from taojin.retrieval.social import Social

PEOPLE = {
    "user": ["u2", "u3", "u4", "u5"],
    "gender": ["w", "w", "m", None],
    "age": [18, 35, 18, 18],
    "region": ["north", "north", "south", ""],
}


def people(view_of, **context):
    return view_of([2, 3], [2, 4], [5, 6], [5, 7], users=PEOPLE, context=context)


def saying(asked, **context):
    requests, rows = asked
    return replace(requests, context={name: np.array(words) for name, words in context.items()}), rows


def test_a_user_gets_the_list_of_the_narrowest_group_that_says_enough(view_of, parity, found_items):
    spec = Segments(columns=("gender", "age"), at_least=2)
    found = spec.fit(people(view_of), {}, seed=0).retrieve(*parity.ask([], [], [], [], [], user=[2, 3, 4, 5, 1]), 10)
    assert found_items(found, 0) == [2, 3]  # w and 18
    assert found_items(found, 1) == [2, 4]  # w and 35
    assert found_items(found, 2) == [5, 6]
    everybody = [2, 5, 3, 4, 6, 7]
    assert found_items(found, 3) == everybody  # without the gender, the age says nothing
    assert found_items(found, 4) == everybody


def test_a_group_with_few_events_gives_way_to_the_wider_one(view_of, parity, found_items):
    spec = Segments(columns=("gender", "age"), at_least=3)
    found = spec.fit(people(view_of), {}, seed=0).retrieve(*parity.ask([], [], user=[2, 4]), 10)
    assert found_items(found, 0) == [2, 3, 4]  # all of w, who have four events
    assert found_items(found, 1) == [2, 5, 3, 4, 6, 7]


def test_a_stranger_is_served_by_what_the_request_says(view_of, parity, found_items):
    fitted = Segments(columns=("gender", "age"), at_least=1).fit(people(view_of), {}, seed=0)
    asked = saying(parity.ask([], [], [], user=[1, 1, 2]), gender=["m", "x", "m"])
    found = fitted.retrieve(*asked, 10)
    assert found_items(found, 0) == [5, 6]
    assert found_items(found, 1) == [2, 5, 3, 4, 6, 7]
    assert found_items(found, 2) == [5, 6]  # said now, before what the table knows


def test_region_is_where_the_request_comes_from_else_home(view_of, parity, found_items):
    fitted = Region(at_least=1).fit(people(view_of), {}, seed=0)
    asked = parity.ask([], [], [], user=[2, 5, 1])
    assert [found_items(fitted.retrieve(*asked, 2), request) for request in range(3)] == [[2, 3], [2, 5], [2, 5]]
    travelling = fitted.retrieve(*saying(asked, region=["south", "north", "south"]), 2)
    assert [found_items(travelling, request) for request in range(3)] == [[5, 6], [2, 3], [5, 6]]


def test_segments_without_events_or_columns(view_of, parity):
    nothing = view_of([], [], users={"user": ["u2", "u3"], "region": ["north", None]})
    assert len(Region().fit(nothing, {}, seed=0).retrieve(*parity.ask([], user=[2]), 5)) == 0
    with pytest.raises(ValueError, match=r"Segments: no column"):
        Segments(columns=())
    with pytest.raises(ValueError, match=r"Segments: the users have no column 'town'"):
        Region(columns=("town",)).fit(nothing, {}, seed=0)


def friends(*pairs):
    one, other = zip(*pairs, strict=True)
    return pa.table({"user": one, "friend": other})


def test_social_counts_friends_and_prefers_their_newest(view_of, parity, found_items):
    view = people(view_of, friends=friends(("u2", "u4"), ("u2", "u5"), ("u2", "u2"), ("u4", "u2"), ("u2", "gone")))
    found = Social(newest=0.9).fit(view, {}, seed=0).retrieve(*parity.ask([], [], [], user=[2, 4, 1]), 10)
    assert found_items(found, 0) == [5, 6, 7]  # two like 5; 6 and 7 are the last of one each
    assert found.found[:3, 0] == pytest.approx([1.8, 1.0, 1.0])
    assert found_items(found, 1) == [3, 2]
    assert found_items(found, 2) == []


def test_following_is_no_friendship_where_it_is_not_mutual(view_of, parity, found_items):
    view = people(view_of, friends=friends(("u2", "u4")))
    asked = parity.ask([], [], user=[2, 4])
    one_way, both = (Social(mutual=mutual).fit(view, {}, seed=0).retrieve(*asked, 10) for mutual in (False, True))
    assert [found_items(one_way, 0), found_items(one_way, 1)] == [[6, 5], []]
    assert [found_items(both, 0), found_items(both, 1)] == [[6, 5], [3, 2]]


def campaigns(view_of, **columns):
    rows = {"item": ["i4", "i7", "gone", "i4", "i9"], **columns}
    return view_of([2], context={"campaigns": pa.table(rows)})


def test_a_campaign_is_shown_in_its_order_while_it_runs(view_of, parity, found_items):
    view = campaigns(view_of, first=[0, DAY, 0, 0, None], last=[DAY, 3 * DAY, 9, 5 * DAY, None])
    spec = Campaign(start="first", stop="last")
    found = spec.fit(view, {}, seed=0).retrieve(*parity.ask([], [], [], time=[0, DAY, 9 * DAY]), 10)
    assert [found_items(found, request) for request in range(3)] == [[4, 9], [7, 4, 9], [9]]
    assert not found.keep.any()
    assert spec.needs_clock
    assert not Campaign(slot="slot").needs_clock


def test_a_forced_slot_goes_through_the_merge_and_is_never_cut(view_of, parity):
    view = campaigns(view_of, slot=[None, 3, 1, None, 1])
    requests, rows = parity.ask([])
    found = Campaign(slot="slot").fit(view, {}, seed=0).retrieve(requests, rows, 10)
    assert dict(zip(found.item.tolist(), found.slot.tolist(), strict=True)) == {4: -1, 7: 2, 9: 0}
    assert found.item.tolist() == [7, 9, 4]
    assert found.keep.tolist() == [True, True, False]
    plain = replace(found, slot=np.full(3, -1, np.int16), keep=np.zeros(3, bool), channels=("other",))
    merged = merge([plain, replace(found, channels=("campaign",))], 1)
    assert merged.slot.tolist() == [-1, 2, 0]
    best = merged.with_score("final", np.array([1.0, 0.0, 0.0])).top(1, "final")
    assert best.item.tolist() == [7, 9]


def test_campaign_tables_are_checked(view_of):
    with pytest.raises(ValueError, match=r"Campaign: column 'slot' holds 0; expected places from 1 on"):
        Campaign(slot="slot").fit(campaigns(view_of, slot=[1, 0, 1, 2, 3]), {}, seed=0)
    with pytest.raises(ValueError, match=r"Campaign: column 'slot' must hold whole numbers, not string"):
        Campaign(slot="slot").fit(campaigns(view_of, slot=["a"] * 5), {}, seed=0)
    with pytest.raises(ValueError, match=r"Campaign: table 'campaigns' has no column 'until'"):
        Campaign(stop="until").fit(campaigns(view_of), {}, seed=0)
    ends_first = campaigns(view_of, first=[0, 7, 0, 0, 0], last=[1, 7, 1, 1, 1])
    with pytest.raises(ValueError, match=r"starts at 7 and stops at 7: expected a start before the stop"):
        Campaign(start="first", stop="last").fit(ends_first, {}, seed=0)


def test_an_empty_table_is_no_campaign_and_no_error(view_of, parity):
    empty = view_of([2], context={"campaigns": pa.table({"item": pa.array([], pa.string())})})
    assert len(Campaign().fit(empty, {}, seed=0).retrieve(*parity.ask([]), 5)) == 0


def test_times_may_be_timestamps(view_of, parity, found_items):
    hours = pa.array([HOUR * n for n in range(5)], pa.timestamp("ms"))
    fitted = Campaign(start="first").fit(campaigns(view_of, first=hours), {}, seed=0)
    assert found_items(fitted.retrieve(*parity.ask([], time=[HOUR]), 5)) == [4, 7]
