"""Ranked lists, and the channels that are lists."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from taojin.core.units import DAY, FOREVER, HOUR
from taojin.embeddings.seeds import Weighted
from taojin.retrieval.hot import Hot
from taojin.retrieval.interest_tags import InterestTags, tags_of_items
from taojin.retrieval.popular import Popular
from taojin.retrieval.serve.keys import AsOf, Everyone
from taojin.retrieval.serve.lists import Lists
from taojin.retrieval.top_rated import TopRated


def items(found, request=0):
    return found.item[found.offsets[request] : found.offsets[request + 1]].tolist()


def scores(found, request=0):
    return found.found[found.offsets[request] : found.offsets[request + 1], 0].tolist()


def test_the_start_item_leaves_its_place_to_the_next(parity):
    lists = Lists(
        keys=Everyone(), offsets=np.array([0, 3]), item=np.array([9, 4, 7]), score=np.array([3, 2, 1], np.float32)
    )
    found = lists.retrieve(*parity.ask([], [], item=[9, 7]), 2)
    assert items(found, 0) == [4, 7]
    assert items(found, 1) == [9, 4]


def test_what_is_not_allowed_is_skipped_before_the_list_is_cut(parity):
    allowed = np.ones(parity.view.n_items, bool)
    allowed[[9, 4]] = False
    lists = Lists(
        keys=Everyone(), offsets=np.array([0, 3]), item=np.array([9, 4, 7]), score=np.array([3, 2, 1], np.float32)
    )
    assert items(lists.retrieve(*parity.ask([], allowed=allowed), 1)) == [7]


def test_a_request_sees_the_list_of_the_last_tick_before_it(parity):
    lists = Lists(
        keys=AsOf(ticks=np.array([100, 200])),
        offsets=np.array([0, 1, 2]),
        item=np.array([5, 6]),
        score=np.ones(2, np.float32),
    )
    found = lists.retrieve(*parity.ask([], [], [], [], time=[99, 100, 199, 500]), 5)
    assert [items(found, r) for r in range(4)] == [[], [5], [5], [6]]


def test_popular_counts_likes(parity):
    found = Popular().fit(parity.view, {}, seed=0).retrieve(*parity.ask([]), 100)
    count = parity.view.counts(parity.view.kinds.bits("like"))
    assert scores(found) == sorted(count[count > 0], reverse=True)
    assert count[items(found)].tolist() == scores(found)


def test_top_rated_is_the_bayesian_average_computed_by_hand(parity):
    spec = TopRated(strength=3.0, at_least=1)
    found = spec.fit(parity.view, {}, seed=0).retrieve(*parity.ask([]), 100)
    events = parity.view.log.events
    for item, score in zip(items(found), scores(found), strict=True):
        values = events.value[events.item == item]
        assert score == pytest.approx((values.sum() + 3 * events.value.mean()) / (len(values) + 3), rel=1e-6)


def test_top_rated_leaves_out_items_with_few_ratings(parity):
    counts = parity.view.counts(parity.view.kinds.all)
    least = int(np.median(counts[counts > 0]))
    found = TopRated(at_least=least).fit(parity.view, {}, seed=0).retrieve(*parity.ask([]), 100)
    assert sorted(items(found)) == np.flatnonzero(counts >= least).tolist()


def test_top_rated_refuses_events_without_values(parity):
    events = parity.view.log.events
    nothing = replace(events, value=np.full(len(events), np.nan, np.float32))
    view = replace(parity.view, log=replace(parity.view.log, events=nothing))
    with pytest.raises(ValueError, match=r"no event of kind 'rate' has a value"):
        TopRated().fit(view, {}, seed=0)


@pytest.mark.parametrize(("window", "half_life"), [(2 * DAY, DAY), (5 * DAY, HOUR), (FOREVER, FOREVER)])
def test_hot_as_of_a_time_equals_a_loop_over_events(parity, window, half_life):
    spec = Hot(window=window, half_life=half_life, refresh=3 * HOUR)
    events, like = parity.view.log.events, parity.view.kinds.bits("like")
    times = np.arange(-3 * HOUR, parity.view.end + 4 * DAY, 31 * HOUR + 7)
    found = spec.as_of(parity.view, times).retrieve(*parity.ask(*[[]] * len(times), time=times.tolist()), 100)
    for request, time in enumerate(times):
        tick = time // (3 * HOUR) * (3 * HOUR)
        heat = {}
        for item, kinds, at in zip(events.item, events.kinds, events.time, strict=True):
            if kinds & like and tick - window <= at < tick:
                heat[item] = heat.get(item, 0.0) + 2.0 ** ((int(at) - int(tick)) / half_life)
        assert set(items(found, request)) == set(heat)
        expected = [heat[item] for item in items(found, request)]
        np.testing.assert_allclose(scores(found, request), expected, rtol=1e-5)
        assert scores(found, request) == sorted(scores(found, request), reverse=True)


def test_hot_moves_when_one_event_crosses_a_tick(parity):
    events = parity.view.log.events
    at = int(np.flatnonzero(events.kinds & parity.view.kinds.bits("like"))[40])
    tick = int(events.time[at] // HOUR * HOUR)
    hot = Hot(window=HOUR).as_of(parity.view, np.array([tick, tick + HOUR]))
    before, after = (hot.retrieve(*parity.ask([], time=[time]), 100) for time in (tick, tick + HOUR))
    assert events.item[at] not in items(before)
    assert events.item[at] in items(after)


def test_hot_serves_the_state_at_the_end(parity):
    spec = Hot(window=3 * DAY, half_life=DAY, refresh=1)
    now = spec.fit(parity.view, {}, seed=0).retrieve(*parity.ask([]), 100)
    then = spec.as_of(parity.view, np.array([parity.view.end])).retrieve(*parity.ask([]), 100)
    assert items(now) == items(then)
    np.testing.assert_allclose(scores(now), scores(then))


def test_interest_tags_propose_the_best_of_the_tags_that_weigh_most(parity):
    fitted = InterestTags(tags=1, items_per_tag=5).fit(parity.view, {}, seed=0)
    # Half of the items are even, a seventh is g3: liked as often, the rarer tag weighs more.
    found = fitted.retrieve(*parity.ask([3, 10], [2, 4, 6, 8]), 100)
    assert {item % 7 for item in items(found, 0)} == {3}
    assert {item % 2 for item in items(found, 1)} == {0}
    count = parity.view.counts(parity.view.kinds.bits("like"))
    even = np.flatnonzero((np.arange(len(count)) % 2 == 0) & (count > 0))
    assert min(count[items(found, 1)]) == sorted(count[even])[-5]


def test_interest_tags_sum_over_the_tags_that_an_item_has(parity):
    fitted = InterestTags(tags=10, items_per_tag=60).fit(parity.view, {}, seed=0)
    found = fitted.retrieve(*parity.ask([2]), 100)  # even and g2
    count = parity.view.counts(parity.view.kinds.bits("like"))
    even, seventh = (np.log1p(62 / n) for n in (30, sum(row % 7 == 2 for row in range(2, 62))))
    for item, score in zip(items(found), scores(found), strict=True):
        weight = even * (item % 2 == 0) + seventh * (item % 7 == 2)
        assert score == pytest.approx(weight * count[item], rel=1e-5)


def test_interest_tags_of_an_item_read_its_own_tags(parity):
    found = InterestTags(of="item", tags=1).fit(parity.view, {}, seed=0).retrieve(*parity.ask([3], item=[9]), 100)
    assert {item % 7 for item in items(found)} == {2}
    assert 9 not in items(found)


def test_interest_tags_take_a_column_of_single_words(parity):
    found = InterestTags(column="studio").fit(parity.view, {}, seed=0).retrieve(*parity.ask([3]), 100)
    assert {item % 2 for item in items(found)} == {1}


def test_interest_tags_refuse_numbers_and_unknown_columns(parity):
    with pytest.raises(ValueError, match=r"InterestTags: column 'year' must hold words"):
        tags_of_items(parity.view, ("year",))
    with pytest.raises(ValueError, match=r"no column 'genre'"):
        tags_of_items(parity.view, ("genre",))


def test_finer_tags_speak_where_several_items_have_them(view_of, parity):
    # Two running shoes and one tent: the shoes speak as shoes, the tent as a thing for outdoors.
    table = {
        "category": ["shoes", "shoes", "shoes", "outdoors", "outdoors", "shoes", "outdoors", "shoes"],
        "type": ["running", "running", "boots", "tent", "stove", "running", "stove", "boots"],
    }
    view = view_of(list(range(2, 10)), items=10, table=table)
    fitted = InterestTags(column="category", finer=("type",), tags=9).fit(view, {}, seed=0)
    assert sorted(items(fitted.retrieve(*parity.ask([2, 3, 5]), 100))) == [2, 3, 5, 6, 7, 8]
    assert sorted(items(fitted.retrieve(*parity.ask([2, 5]), 100))) == list(range(2, 10))
    coarse = InterestTags(column="category", tags=9).fit(view, {}, seed=0)
    assert sorted(items(coarse.retrieve(*parity.ask([2, 3, 5]), 100))) == list(range(2, 10))


def test_the_finest_tag_of_an_item_speaks_for_it(view_of, parity):
    table = {"category": ["shoes"] * 4, "type": ["running", "running", None, "boots"]}
    view = view_of([2, 3, 4, 5], items=6, table=table)
    fitted = InterestTags(of="item", column="category", finer=("type",)).fit(view, {}, seed=0)
    found = fitted.retrieve(*parity.ask([], [], item=[2, 4]), 100)
    assert items(found, 0) == [3]
    assert items(found, 1) == [2, 3, 5]


def test_what_stands_far_down_in_one_list_may_stand_high_in_another(parity):
    # Two lists of a request: item 7 is the third of both, and the best of all by the sum.
    @dataclass(frozen=True)
    class Both:
        features: tuple[str, ...] = ()

        def find(self, requests, rows):
            return Weighted(np.array([0, 0]), np.array([0, 1]), np.ones(2, np.float32))

    lists = Lists(
        keys=Both(),
        offsets=np.array([0, 3, 6]),
        item=np.array([2, 3, 7, 4, 5, 7]),
        score=np.array([3, 2.5, 2, 3, 2.5, 2], np.float32),
    )
    assert items(lists.retrieve(*parity.ask([]), 1)) == [7]


def test_specs_refuse_a_start_that_is_neither_user_nor_item():
    with pytest.raises(ValueError, match=r"InterestTags.of: expected 'user' or 'item'; got 'film'"):
        InterestTags(of="film")


def test_a_list_that_nobody_filled_proposes_nothing(parity):
    empty = replace(parity.view, log=parity.view.log.where(np.zeros(len(parity.view.log), bool)))
    for spec in (Popular(), Hot(), InterestTags()):
        assert len(spec.fit(empty, {}, seed=0).retrieve(*parity.ask([2], []), 10)) == 0
