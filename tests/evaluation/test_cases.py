"""Which requests are judged, what they may look at, and what is relevant to them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from taojin.core.events import Events
from taojin.core.units import FIRST
from taojin.data.dataset import Clock, Dataset, Log
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary
from taojin.evaluation.cases import Cases, cases, found_relevant

KINDS = Kinds(("rate", "like"))
RATE, LIKE = KINDS.bits("rate"), KINDS.bits("rate", "like")
TRAIN, VALID, TEST = 0, 1, 2

Event = tuple[int, int, int, int, int]
"""user, item (rows), time, kinds, part"""


def dataset(events: Sequence[Event], users: int = 4, items: int = 20) -> tuple[Dataset, np.ndarray]:
    user, item, time, kinds, part = np.array(events, np.int64).T
    log = Log.of(user, Events(item, kinds.astype(np.uint32), np.ones(len(item), np.float32), time), users + FIRST)
    names, titles = tuple(f"u{n}" for n in range(users)), tuple(f"i{n}" for n in range(items))
    tables = pa.table({"user": names}), pa.table({"item": titles})
    order = np.lexsort((item, time, user))
    data = Dataset(*tables, Vocabulary(names), Vocabulary(titles), kinds=KINDS, clock=Clock.REAL, log=log, name="toy")
    return data, part[order].astype(np.uint8)


def judged(events: Sequence[Event], which: int = TEST, **settings: int) -> Cases:
    return cases(*dataset(events), which, KINDS.bits("like"), **{"min_past": 1, **settings})


def past_items(found: Cases) -> list[list[int]]:
    past = found.requests.past
    return [past.events.item[a:b].tolist() for a, b in zip(past.start, past.end, strict=True)]


def relevant(found: Cases) -> list[list[int]]:
    return [part.tolist() for part in np.split(found.item, found.offsets[1:-1])]


def test_a_test_request_sees_training_and_validation_but_nothing_of_the_test() -> None:
    events = [(2, 5, 10, RATE, TRAIN), (2, 6, 20, LIKE, VALID), (2, 7, 30, LIKE, TEST), (2, 8, 40, LIKE, TEST)]
    found = judged(events)
    assert found.requests.time.tolist() == [30]
    assert past_items(found) == [[5, 6]]
    assert relevant(found) == [[7, 8]]
    assert past_items(judged(events, VALID)) == [[5]]
    assert relevant(judged(events, VALID)) == [[6]]


def test_an_event_at_the_very_time_of_the_request_is_not_seen() -> None:
    events = [(2, 5, 10, RATE, TRAIN), (2, 6, 30, RATE, TRAIN), (2, 7, 30, LIKE, TEST)]
    assert past_items(judged(events)) == [[5]]


def test_relevant_are_distinct_new_liked_items() -> None:
    events = [
        (2, 5, 10, RATE, TRAIN),
        (2, 6, 30, RATE, TEST),  # not liked
        (2, 7, 31, LIKE, TEST),
        (2, 7, 32, LIKE, TEST),  # again
        (2, 5, 33, LIKE, TEST),  # liked now, but had before
        (2, 6, 34, LIKE, TEST),  # liked at the second time, and not had before the request
    ]
    assert relevant(judged(events)) == [[6, 7]]


def test_what_counts_as_had_is_for_the_caller_to_say() -> None:
    events = [(2, 5, 10, RATE, TRAIN), (2, 6, 20, LIKE, TRAIN), (2, 5, 30, LIKE, TEST), (2, 6, 40, LIKE, TEST)]
    assert relevant(judged([*events, (2, 7, 50, LIKE, TEST)])) == [[7]]
    assert relevant(judged(events, had=0)) == [[5, 6]]
    assert relevant(judged(events, had=KINDS.bits("like") & ~RATE)) == [[5]]


def test_users_without_enough_past_or_without_a_like_are_left_out_and_counted() -> None:
    events = [
        *((2, item, item, LIKE, TRAIN) for item in range(3, 8)),
        (2, 9, 50, LIKE, TEST),
        (3, 3, 1, LIKE, TRAIN),
        (3, 9, 50, LIKE, TEST),
        *((4, item, item, LIKE, TRAIN) for item in range(3, 8)),
        (4, 9, 50, RATE, TEST),
        (5, 3, 1, LIKE, TRAIN),
    ]
    found = judged(events, min_past=5)
    assert found.requests.user.tolist() == [2]
    assert found.past.tolist() == [5]
    assert (found.short_past, found.nothing_relevant) == (1, 1)


def test_seeds_belong_to_users_whoever_else_is_judged() -> None:
    one = [(2, 5, 10, RATE, TRAIN), (2, 7, 30, LIKE, TEST)]
    other = [(3, 5, 10, RATE, TRAIN), (3, 7, 30, LIKE, TEST)]
    together = judged(one + other).requests.seed
    assert together.tolist() == [*judged(one).requests.seed, *judged(other).requests.seed]
    assert len(set(together.tolist())) == 2
    assert judged(one, seed=1).requests.seed[0] != together[0]


def test_positions_serve_as_times_where_only_the_order_is_known() -> None:
    events = [(user, 3 + place, place, LIKE, TRAIN if place < 3 else TEST) for user in (2, 3) for place in range(5)]
    found = judged(events)
    assert found.requests.time.tolist() == [3, 3]
    assert past_items(found) == [[3, 4, 5], [3, 4, 5]]


def test_nobody_to_judge_gives_no_case() -> None:
    found = judged([(2, 5, 10, LIKE, TRAIN)])
    assert len(found) == 0
    assert found.offsets.tolist() == [0]


@pytest.mark.parametrize("seed", range(3))
def test_cases_equal_a_plain_loop_over_users(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = 150
    user, item, time = random.integers(2, 6, n), random.integers(2, 22, n), random.integers(0, 60, n)
    kinds = random.choice([RATE, LIKE], n)
    part = np.where(time < 30, TRAIN, np.where(time < 40, VALID, TEST))
    found = judged(list(zip(user, item, time, kinds, part, strict=True)), min_past=3)
    expected = {}
    for u in range(2, 6):
        at = time[(user == u) & (part == TEST)].min()
        before = (user == u) & (time < at)
        liked = (user == u) & (part == TEST) & (kinds == LIKE)
        new = sorted(set(item[liked]) - set(item[before]))
        if before.sum() >= 3 and new:
            expected[u] = (at, sorted(item[before]), new)
    assert found.requests.user.tolist() == list(expected)
    got = zip(found.requests.time.tolist(), map(sorted, past_items(found)), relevant(found), strict=True)
    assert list(got) == list(expected.values())


def test_some_of_the_cases_keep_their_relevant_items() -> None:
    events = [(u, 5, 10, RATE, TRAIN) for u in (2, 3, 4)] + [(u, 4 + u, 30, LIKE, TEST) for u in (2, 3, 4)]
    some = judged(events).only(np.array([0, 2]))
    assert some.requests.user.tolist() == [2, 4]
    assert relevant(some) == [[6], [8]]


def test_relevant_items_are_found_among_candidates_of_the_own_request_in_any_order() -> None:
    events = [(u, 5, 10, RATE, TRAIN) for u in (2, 3)] + [(u, item, 30, LIKE, TEST) for u in (2, 3) for item in (7, 8)]
    found = found_relevant(judged(events), np.array([0, 2, 3]), np.array([9, 8, 7]))
    assert found.tolist() == [False, True, True, False]
