"""Walks over facts: which paths count is learned, and what they lead to equals plain sums."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from taojin.core.batch import Requests, Rows
from taojin.core.events import Events
from taojin.core.units import DAY
from taojin.data.dataset import Log
from taojin.retrieval import meta_paths
from taojin.retrieval.meta_paths import MetaPaths
from taojin.retrieval.owners import Owners, pauses
from taojin.retrieval.serve.for_owners import ForOwners


def facts_of(parity, facts, **how):
    head, relation, tail = ([fact[place] for fact in facts] for place in range(3))
    table = pa.table({"head": head, "relation": relation, "tail": tail})
    return replace(parity.view, context={"triples": table}, **how)


@pytest.fixture(scope="module")
def shop(parity):
    """Who made an item decides who likes it; the label says nothing; `next` joins items with items."""
    label = np.random.default_rng(0).integers(0, 6, 62)
    maker = [(f"i{row}", "maker", f"m{row % 4}") for row in range(2, 62)]
    return facts_of(parity, [*maker, *[(f"l{label[row]}", "labels", f"i{row}") for row in range(2, 62)]])


def of_request(found, request):
    rows = slice(found.offsets[request], found.offsets[request + 1])
    return dict(zip(found.item[rows].tolist(), found.found[rows, 0].tolist(), strict=True))


def test_a_relation_that_says_nothing_of_likes_gets_next_to_no_weight(shop):
    weights = MetaPaths(popularity=0.0).weights(shop, seed=0)
    assert set(weights) == {"maker", "labels"}
    assert weights["maker"] > 0
    assert weights["labels"] < 0.15 * weights["maker"]


def test_walks_equal_plain_sums(parity, shop):
    spec = MetaPaths(popularity=0.5, cold=True, neighbours=1000)
    weights = spec.weights(shop, seed=0)
    fitted = spec.fit(shop, {}, seed=0)
    liked = shop.counts(shop.kinds.bits("like"))
    holders = defaultdict(set)
    for fact in shop.context["triples"].to_pylist():
        ends = (fact["head"], fact["tail"]) if fact["head"][0] == "i" else (fact["tail"], fact["head"])
        holders[fact["relation"], ends[1]].add(int(ends[0][1:]))
    expected = defaultdict(float)
    for (relation, _), items in holders.items():
        if 5 in items:
            total = sum(np.sqrt(liked[item] + 1) for item in items)
            for item in items - {5}:
                expected[item] += weights[relation] * np.sqrt(liked[item] + 1) / total
    found = of_request(fitted.retrieve(*parity.ask([5]), 1000), 0)
    assert found == pytest.approx({item: score for item, score in expected.items() if score > 0}, rel=1e-4)


def test_blocks_do_not_matter(parity, shop, monkeypatch):
    whole = MetaPaths().fit(shop, {}, seed=0)
    monkeypatch.setattr(meta_paths, "CELLS", 5 * shop.n_items)
    blocks = MetaPaths().fit(shop, {}, seed=0)
    np.testing.assert_array_equal(whole.item, blocks.item)
    np.testing.assert_allclose(whole.similarity, blocks.similarity, rtol=1e-6)


def test_a_new_item_is_reached_through_its_facts_if_asked_for(parity, shop):
    new = {58, 59, 60, 61}
    assert not new & set(MetaPaths().fit(shop, {}, seed=0).item.tolist())
    found = MetaPaths(cold=True).fit(shop, {}, seed=0).retrieve(*parity.ask([2, 6]), 1000)
    assert new & set(found.item.tolist())


def test_items_joined_with_items_are_one_step_away(parity):
    # Whoever likes an item likes the one that a fact names as the next of its kind.
    facts = [(f"i{row}", "goes with", f"i{2 + row % 56}") for row in range(2, 58, 2)]
    view = facts_of(parity, [*facts, ("i5", "maker", "m")])
    fitted = MetaPaths().fit(view, {}, seed=0)
    assert set(MetaPaths().weights(view, seed=0)) == {"goes with", "goes with ->", "maker"}
    found = of_request(fitted.retrieve(*parity.ask([2], [7], [5]), 10), 0)
    assert 4 in found
    assert len(of_request(fitted.retrieve(*parity.ask([57]), 10), 0)) == 0  # isolated


def test_an_entity_of_too_many_items_is_not_walked_over(shop):
    assert MetaPaths(widest=3).fit(shop, {}, seed=0).item.size == 0


def test_without_pairs_there_is_nothing_to_learn(parity, shop):
    one = replace(shop, log=shop.log.where(np.arange(len(shop.log)) == 0))
    with pytest.raises(ValueError, match="no user has two events 'like'"):
        MetaPaths().fit(one, {}, seed=0)
    with pytest.raises(ValueError, match="no relation 'category'; they have maker, labels"):
        MetaPaths(owners=Owners(event="like")).fit(shop, {}, seed=0)


# Phones 2, 3 (acme) and 4, 5 (rival), cases 6 (acme) and 7 (rival); 8 has no brand. User 2 had 2 and user 3 had 6.
GOODS = [
    *[(f"i{row}", "brand", "acme" if row in (2, 3, 6) else "rival") for row in range(2, 8)],
    *[(f"i{row}", "category", "phone" if row < 6 else "case") for row in range(2, 8)],
    *[(f"i{row}", "shop", "here") for row in range(2, 9)],
]


def owning(parity, times, **how):
    """Two users' likes as purchases, and a request of each at 100 days."""
    item, user = np.array([2, 6, *[9, 10] * 6]), np.array([2, 3, *[4, 4] * 6])
    time = np.array([times, times, *np.repeat(np.arange(6), 2)])
    events = Events(item, np.full(len(item), parity.view.kinds.all, np.uint32), np.zeros(len(item), np.float32), time)
    view = facts_of(parity, GOODS, log=Log.of(user, events, parity.view.n_users))
    fitted = MetaPaths(cold=True, owners=Owners(event="like", **how)).fit(view, {}, seed=0)
    past = view.log.before(np.array([2, 3]), np.full(2, 100 * DAY))
    requests, rows = parity.ask([2], [6], time=[100 * DAY] * 2)
    return fitted, replace(requests, past=past), rows


def served(fitted: ForOwners, requests: Requests, rows: Rows, k: int = 100):
    everything = Everything(len(fitted.brand))
    found = replace(fitted, of=everything).retrieve(requests, rows, k)
    return [set(of_request(found, request)) for request in range(len(requests))]


class Everything:
    """Proposes items 2 to 8 to everybody."""

    features = ()

    def __init__(self, items):
        self.items = items

    def retrieve(self, requests, rows, k):
        from taojin.core.batch import Candidates

        item = np.tile(np.arange(2, 9), len(requests))
        offsets = np.arange(len(requests) + 1) * 7
        return Candidates.proposed("", offsets, item, np.tile(np.arange(7, 0, -1), len(requests)).astype(np.float32))


def test_an_owner_is_not_sent_to_a_rival_but_to_what_goes_with_it(parity):
    fitted, requests, rows = owning(parity, 99 * DAY, cycle=False)
    phone, case = served(fitted, requests, rows)
    assert phone == {2, 3, 6, 7, 8}  # of another category nothing is owned
    assert case == {2, 3, 4, 5, 6, 8}
    assert served(fitted, requests, rows, k=1) == [{2}, {2}]
    free, requests, rows = owning(parity, 99 * DAY, cycle=False, rivals=False)
    assert served(free, requests, rows) == [set(range(2, 9))] * 2


def test_an_item_comes_again_only_when_its_cycle_is_over(parity):
    fitted, requests, rows = owning(parity, 90 * DAY, rivals=False)
    assert not fitted.cycle.any()  # nobody bought twice in a category
    cycle = np.where(np.arange(len(fitted.cycle)) < 6, 30 * DAY, 5 * DAY)
    phone, case = served(replace(fitted, cycle=cycle), requests, rows)
    assert (2 in phone, 6 in case) == (False, True)
    assert phone == set(range(3, 9))


def test_the_cycle_is_the_median_pause_of_a_category(parity):
    item = np.array([2, 2, 2, 2, 3, 3, 4, 4, 5, 9, 9])
    user = np.array([2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2])
    time = np.array([0, 4, 14, 0, 1, 8, 0, 99, 0, 5, 6])
    kinds = parity.view.kinds
    events = Events(item, np.full(11, kinds.all, np.uint32), np.zeros(11, np.float32), time)
    view = replace(parity.view, log=Log.of(user, events, parity.view.n_users))
    category = np.zeros(parity.view.n_items, np.int64)
    category[[2, 3]], category[[4, 5]] = 63, 64
    found = pauses(view, kinds.all, category, 1)
    assert (found[63], found[64], found[:63].any()) == (7, 99, False)  # pauses of 4, 10 and 7
    assert pauses(view, kinds.all, category, 2)[64] == 0


def test_a_clock_is_needed_for_cycles_only():
    assert not MetaPaths().needs_clock
    assert MetaPaths(owners=Owners()).needs_clock
    assert not MetaPaths(owners=Owners(cycle=False)).needs_clock
