"""Baselines against plain loops; the validation part alone chooses."""

from dataclasses import replace

import numpy as np
import pytest

from taojin.core.units import DAY, FIRST, PAD
from taojin.evaluation.baselines import Again, Popular, PopularRecent, best_unseen, choose
from taojin.evaluation.cases import Cases
from taojin.evaluation.judge import fit_baselines
from taojin.evaluation.recommended import Recommended
from taojin.evaluation.tuned_item_cf import Grid, ItemCFAlone, tune_item_cf
from taojin.retrieval.item_cf import Similarity

SMALL = Grid(
    similarity=((Similarity.COSINE, 0.5), (Similarity.BM25, 0.5)),
    shrinkage=(0.0, 5.0),
    neighbours=(5, 50),
    half_life=(float("inf"), 4.0),
)


def had(found: Cases, request: int) -> set[int]:
    past = found.requests.past
    return set(past.events.item[past.start[request] : past.end[request]].tolist())


def best(scores: dict[int, float], seen: set[int], k: int) -> list[int]:
    """Plain: highest score first, ties by item."""
    items = sorted((item for item in scores if item not in seen), key=lambda item: (-scores[item], item))
    return items[:k]


def test_popularity_equals_counting_in_a_loop(world) -> None:
    log, view = world.view.log, world.view
    likes = {item: 0.0 for item in range(FIRST, view.n_items)}
    for item, kinds in zip(log.events.item.tolist(), log.events.kinds.tolist(), strict=True):
        likes[item] += bool(kinds & view.kinds.bits("like"))
    lists = Popular.fit(view, view.kinds.bits("like")).recommend(world.test.requests, 12)
    for request, items in enumerate(lists.item.tolist()):
        assert items == best(likes, had(world.test, request), 12)
        assert lists.score[request].tolist() == [likes[item] for item in items]


@pytest.mark.parametrize("days", [1, 10])
def test_recent_popularity_counts_the_window_before_each_request(world, days: int) -> None:
    view, requests = world.view, world.test.requests
    liked = (view.log.events.kinds & view.kinds.bits("like")) != 0
    item, time = view.log.events.item[liked], view.log.events.time[liked]
    lists = PopularRecent.fit(view, view.kinds.bits("like"), days * DAY).recommend(requests, 8)
    for request, (now, items) in enumerate(zip(requests.time.tolist(), lists.item.tolist(), strict=True)):
        recent, ever = item[(time >= now - days * DAY) & (time < now)], item[time < now]
        scores = {i: (recent == i).sum() * 1_000 + (ever == i).sum() for i in range(FIRST, view.n_items)}
        assert items == best(scores, had(world.test, request), 8)


def test_an_event_at_the_time_of_the_request_is_not_recent(world) -> None:
    found = PopularRecent(
        item=np.array([5, 6, 6]), time=np.array([99, 100, 101]), window=1, items=world.view.n_items, had=0
    )
    at_100 = replace(world.test.requests[:1], time=np.array([100]))
    assert found.recommend(at_100, 1).item[0, 0] == 5


def test_recent_popularity_is_refused_without_a_clock(ordered_world) -> None:
    with pytest.raises(ValueError, match="clock REAL"):
        PopularRecent.fit(ordered_world.view, 2, DAY)


def test_lists_longer_than_what_is_left_end_in_padding(world) -> None:
    view = world.view
    scores = np.where(np.arange(view.n_items) < 6, 1.0, -np.inf)
    lists = best_unseen(lambda block: np.tile(scores, (len(block), 1)), world.test.requests, had=0, k=200)
    assert lists.item.shape == (len(world.test), 200)
    assert (lists.item[:, :4] == [2, 3, 4, 5]).all()
    assert (lists.item[:, 4:] == PAD).all()


def test_what_the_user_had_last_comes_newest_first(world) -> None:
    requests = world.valid.requests
    found = Again(items=world.view.n_items).recommend(requests, 5)
    for row in range(0, len(requests), 7):
        past = requests.past.events.item[requests.past.start[row] : requests.past.end[row]].tolist()
        last = list(dict.fromkeys(past[::-1]))[:5]
        assert found.item[row].tolist() == [*last, *[PAD] * (5 - len(last))]


def test_where_things_come_back_they_are_found_and_shown_again(world) -> None:
    free = fit_baselines(world.view, world.valid, event="like", grid=SMALL, had=0)
    assert set(free) - set(fit_baselines(world.view, world.valid, event="like", grid=SMALL)) == {"again"}
    for name in ("popular", "item_cf"):
        found = free[name].recommend(world.valid.requests, 20).item
        assert any(had(world.valid, row) & set(found[row].tolist()) for row in range(len(found))), name


def test_no_request_gives_no_list(world) -> None:
    lists = Popular.fit(world.view, 2).recommend(world.test.requests[:0], 7)
    assert lists.item.shape == (0, 7)


def test_the_choice_is_made_by_validation_ndcg(world) -> None:
    class Fixed:
        def __init__(self, name: str, right: bool):
            self.setting, self.right = {"name": name}, right

        def recommend(self, requests, k):
            first = world.valid.item[world.valid.offsets[:-1]][:, None]
            item = first if self.right else np.full_like(first, PAD)
            return Recommended(item, np.zeros(item.shape))

    chosen = choose([Fixed("wrong", False), Fixed("right", True), Fixed("late", True)], world.valid)
    assert chosen.setting["name"] == "right"
    assert chosen.setting["validation_ndcg@10"] > 0


def test_nothing_can_be_chosen_without_validation_cases(world) -> None:
    with pytest.raises(ValueError, match="no validation case"):
        choose([Popular.fit(world.view, 2)], world.valid.only(np.empty(0, np.int64)))


def test_item_cf_equals_a_loop_over_histories(world) -> None:
    view = world.view
    chosen = tune_item_cf(view, world.valid, event="like", grid=replace(SMALL, neighbours=(6,), half_life=(4.0,)))
    fitted = chosen.baseline
    assert isinstance(fitted, ItemCFAlone)
    table = fitted.table
    lists = fitted.recommend(world.test.requests, 10)
    past = world.test.requests.past
    for request, items in enumerate(lists.item.tolist()):
        rows = range(past.start[request], past.end[request])
        liked = [past.events.item[row] for row in rows if past.events.kinds[row] & view.kinds.bits("like")]
        scores: dict[int, float] = {}
        for age, item in enumerate(reversed(liked)):
            for at in range(table.offsets[item], min(table.offsets[item] + 6, table.offsets[item + 1])):
                neighbour = int(table.item[at])
                scores[neighbour] = scores.get(neighbour, 0.0) + 0.5 ** (age / 4) * float(table.similarity[at])
        expected = sorted((s for i, s in scores.items() if i not in had(world.test, request)), reverse=True)[:10]
        assert np.trim_zeros(lists.score[request]).tolist() == pytest.approx(expected)
        assert all(scores[i] == pytest.approx(s) for i, s in zip(items, lists.score[request], strict=True) if i != PAD)


def test_tuned_item_cf_learns_the_planted_taste(world) -> None:
    chosen = tune_item_cf(world.view, world.valid, event="like", grid=SMALL)
    items = chosen.recommend(world.test.requests, 5).item
    own = (items % 2 == world.test.requests.user[:, None] % 2)[items != PAD]
    assert own.mean() > 0.8
    assert set(chosen.setting) == {
        "similarity", "alpha", "shrinkage", "neighbours", "half_life", "validation_ndcg@10",
    }  # fmt: skip


def test_item_cf_needs_no_clock(ordered_world) -> None:
    chosen = tune_item_cf(ordered_world.view, ordered_world.valid, event="like", grid=SMALL)
    assert chosen.validation_ndcg > 0
