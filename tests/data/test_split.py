"""Splits partition the events, keep the future out of training and never separate events of one time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.core.events import Events
from taojin.core.units import FIRST
from taojin.data.dataset import Clock, Log
from taojin.data.split import GivenSplit, HeldOutUsers, LeaveLastOut, Part, TimeSplit, UserTimeSplit


def log_of(times: list[list[int]]) -> Log:
    """A log of users with events at these times."""
    time = np.array([time for user in times for time in user], np.int64)
    user = np.repeat(np.arange(len(times)) + FIRST, [len(user) for user in times])
    n = len(time)
    item = np.arange(n) % 7 + FIRST
    events = Events(item, np.ones(n, np.uint32), np.full(n, np.nan, np.float32), time)
    return Log.of(user.astype(np.int64), events, len(times) + FIRST)


def parts_of(split: UserTimeSplit | TimeSplit | LeaveLastOut | HeldOutUsers, *times: list[int]) -> list[list[int]]:
    """Parts of each user's events, sorted by time."""
    log = log_of(list(times))
    parts = split.assign(log, Clock.REAL)
    return [parts[log.offsets[u] : log.offsets[u + 1]].tolist() for u in range(FIRST, len(log.offsets) - 1)]


def test_user_time_split_cuts_the_last_shares_of_each_user() -> None:
    split = UserTimeSplit(valid=0.1, test=0.2)
    assert parts_of(split, list(range(10)), [5], [1, 2, 3]) == [[0] * 7 + [1] + [2] * 2, [0], [0, 0, 2]]


def test_user_time_split_moves_a_cut_to_the_nearest_gap() -> None:
    split = UserTimeSplit(valid=0.0, test=0.2)
    assert parts_of(split, [1, 2, 3, 4, 5, 6, 7, 8, 8, 8]) == [[0] * 7 + [2] * 3]
    assert parts_of(split, [1, 7, 7, 7, 7, 7, 7, 7, 7, 9]) == [[0] * 9 + [2]]
    # Two gaps are as near: the later one.
    assert parts_of(split, [1, 2, 3, 4, 5, 6, 7, 8, 8, 9]) == [[0] * 9 + [2]]
    # Everything at once cannot be cut.
    assert parts_of(split, [3] * 10) == [[0] * 10]


def test_time_split_cuts_all_users_at_the_same_times() -> None:
    parts = parts_of(TimeSplit(valid=0.2, test=0.3), [1, 4, 5, 9], [2, 3, 6, 7, 8, 10])
    assert parts == [[0, 0, 0, 2], [0, 0, 1, 1, 2, 2]]


def test_time_split_refuses_data_without_a_clock_by_name() -> None:
    with pytest.raises(ValueError, match=r"TimeSplit.*clock of this data is ORDER; use UserTimeSplit or LeaveLastOut"):
        TimeSplit().assign(log_of([[0, 1, 2]]), Clock.ORDER)


def test_leave_last_out_takes_the_last_time_and_the_one_before() -> None:
    assert parts_of(LeaveLastOut(), [1, 2, 3, 4], [1, 2], [1, 2, 5, 5], [4, 4, 4]) == [
        [0, 0, 1, 2],
        [0, 0],
        [0, 1, 2, 2],
        [0, 0, 0],
    ]


def test_held_out_users_have_no_event_in_training() -> None:
    times = [list(range(10))] * 40
    parts = parts_of(HeldOutUsers(valid=0.1, test=0.2, targets=0.3, seed=3), *times)
    kept = [p for p in parts if set(p) == {Part.TRAIN}]
    valid = [p for p in parts if p == [Part.PAST] * 7 + [Part.VALID] * 3]
    test = [p for p in parts if p == [Part.PAST] * 7 + [Part.TEST] * 3]
    assert (len(kept), len(valid), len(test)) == (28, 4, 8)
    assert parts == parts_of(HeldOutUsers(valid=0.1, test=0.2, targets=0.3, seed=3), *times)
    assert parts != parts_of(HeldOutUsers(valid=0.1, test=0.2, targets=0.3, seed=4), *times)


def test_given_split_is_what_the_data_says() -> None:
    log = log_of([[1, 2, 3]])
    with pytest.raises(ValueError, match="name no part"):
        GivenSplit().assign(log, Clock.REAL)
    given = np.array([0, 2, 1], np.uint8)
    assert GivenSplit().assign(Log(log.offsets, log.events, given), Clock.REAL).tolist() == [0, 2, 1]


@pytest.mark.parametrize(("valid", "test"), [(0.5, 0.5), (-0.1, 0.2), (0.1, 0.0), (0.0, 1.0)])
def test_shares_that_leave_nothing_are_refused(valid: float, test: float) -> None:
    for split in (UserTimeSplit, TimeSplit, HeldOutUsers):
        with pytest.raises(ValueError, match="shares"):
            split(valid=valid, test=test)


SPLITS = (UserTimeSplit(), UserTimeSplit(valid=0.3, test=0.3), TimeSplit(), LeaveLastOut(), HeldOutUsers(test=0.4))
users = st.lists(st.lists(st.integers(0, 12), max_size=25), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(users, st.sampled_from(SPLITS))
def test_parts_are_in_order_of_time_and_ties_stay_together(
    times: list[list[int]], split: UserTimeSplit | TimeSplit | LeaveLastOut | HeldOutUsers
) -> None:
    log = log_of(times)
    parts = split.assign(log, Clock.REAL)
    assert parts.shape == (len(log),)
    assert parts.dtype == np.uint8
    rank = {Part.TRAIN: 0, Part.PAST: 0, Part.VALID: 1, Part.TEST: 2}
    for user in range(len(log.offsets) - 1):
        mine = slice(log.offsets[user], log.offsets[user + 1])
        order = [rank[Part(part)] for part in parts[mine]]
        assert order == sorted(order)
        part_of_time: dict[int, set[int]] = {}
        for time, part in zip(log.events.time[mine].tolist(), parts[mine].tolist(), strict=True):
            part_of_time.setdefault(time, set()).add(part)
        assert all(len(there) == 1 for there in part_of_time.values())
        assert not {Part.TRAIN, Part.PAST} <= set(parts[mine].tolist())


@settings(max_examples=60, deadline=None)
@given(users)
def test_a_global_cut_leaves_no_training_event_after_a_test_event_of_anybody(times: list[list[int]]) -> None:
    log = log_of(times)
    parts, time = TimeSplit(valid=0.2, test=0.3).assign(log, Clock.REAL), log.events.time
    if (parts == Part.TRAIN).any() and (parts == Part.TEST).any():
        assert time[parts == Part.TRAIN].max() < time[parts == Part.TEST].min()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=30), st.sampled_from([0.1, 0.2, 0.5]))
def test_a_cut_is_at_the_gap_nearest_to_its_share_as_a_plain_loop_says(times: list[int], share: float) -> None:
    times.sort()
    n = len(times)
    wanted = n - int(np.floor(n * share + 0.5))
    gaps = [place for place in range(n + 1) if place in (0, n) or times[place] != times[place - 1]]
    nearest = min(gaps, key=lambda gap: (abs(gap - wanted), -gap))
    (parts,) = parts_of(UserTimeSplit(valid=0.0, test=share), times)
    assert parts == [Part.TRAIN] * nearest + [Part.TEST] * (n - nearest)


def test_every_split_says_what_it_guards() -> None:
    for split in (*SPLITS, GivenSplit()):
        assert len(split.guards) > 20
