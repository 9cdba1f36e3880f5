"""What vectors are learned from and judged on."""

from dataclasses import replace

import numpy as np
import pytest

from taojin.core.batch import Requests
from taojin.core.events import Events, Pasts
from taojin.data.dataset import Log
from taojin.embeddings.next_item import NextItems, gain, hold_out, next_items


def test_a_row_sees_what_lies_strictly_before_it(parity):
    # Times cut down to a few values, so that many events of a user share one.
    events = replace(parity.view.log.events, time=parity.view.log.events.time % 86_400_000 // 14_400_000)
    view = replace(parity.view, log=Log.of(parity.view.log.user, events, parity.view.n_users))
    rows = next_items(view, "like")
    before = view.log.before(rows.requests.user, rows.requests.time)
    np.testing.assert_array_equal(rows.requests.past.start, before.start)
    np.testing.assert_array_equal(rows.requests.past.end, before.end)
    assert len(rows) == 40 * 12


def test_only_last_rows_are_held_out_and_no_row_is_lost(parity):
    rows = next_items(parity.view, "like")
    learned, held = hold_out(rows, share=0.5, most=100, seed=0)
    assert len(held) == 20
    np.testing.assert_array_equal(np.sort(np.concatenate([learned, held])), np.arange(len(rows)))
    for position in held:
        after = rows.requests.user[position + 1 :]
        assert rows.requests.user[position] not in after
    assert len(hold_out(rows, share=0.5, most=7, seed=0)[1]) == 7


def test_users_of_one_row_are_learned_from_alone(parity):
    rows = next_items(parity.view, "like")
    single = rows[np.array([0, 12, 13])]  # one row of the first user, two of the second
    learned, held = hold_out(single, share=1.0, most=9, seed=0)
    assert (learned.tolist(), held.tolist()) == ([0, 1], [2])
    with pytest.raises(ValueError, match="nothing to learn from"):
        hold_out(rows[np.array([0, 12])], share=1.0, most=9, seed=0)


def request_that_had(*items):
    """One request whose user has had these items."""
    events = Events(
        np.array(items, np.int64),
        np.ones(len(items), np.uint32),
        np.zeros(len(items), np.float32),
        np.arange(len(items)),
    )
    past = Pasts(events, np.zeros(1, int), np.array([len(items)]))
    return Requests(np.array([2]), np.zeros(1, int), np.array([99]), np.zeros(1, np.uint64), past)


@pytest.mark.parametrize(
    ("scores", "had", "place"),
    [
        ([9, 9, 5, 1, 2, 3], [], 1),  # PAD and UNKNOWN do not count
        ([0, 0, 5, 6, 7, 3], [], 3),
        ([0, 0, 5, 6, 7, 3], [4], 2),  # what the user has had does not count
        ([0, 0, 5, 6, 7, 3], [2, 3, 4], 1),  # the wanted one does, though it is had again
        ([0, 0, 5, 5, 5, 3], [], 2),  # of two equal ones, one is taken to come before
    ],
)
def test_gain_by_hand(scores, had, place):
    items = np.array(scores, np.float32)[:, None]
    rows = NextItems(request_that_had(*had), np.array([2]))
    assert gain(np.ones((1, 1), np.float32), items, rows) == pytest.approx(1 / np.log2(1 + place))


def test_vectors_that_are_no_numbers_gain_nothing(parity):
    rows = next_items(parity.view, "like")[np.arange(3)]
    queries, items = np.ones((3, 2), np.float32), np.ones((parity.view.n_items, 2), np.float32)
    assert 0 < gain(queries, items, rows) < 1
    items[5] = np.nan
    assert np.isnan(gain(queries, items, rows))
