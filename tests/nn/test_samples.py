"""Samples: joined parts keep each row beside its own request, and labels that teach nothing are refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.core.batch import Rows
from taojin.nn.samples import Samples, join

TASKS = ("like", "click")


def samples(of: list[int], requests: int, start: int, *, by_task: bool) -> Samples:
    """Rows that carry the number of their request and their own, counted from `start`."""
    n, place = len(of), np.array(of, np.int64)
    row, request = np.arange(n) + 1000 * start, np.arange(requests) + 1000 * start
    history = np.repeat(request[:, None, None], 2, axis=1)
    weight = np.stack([row, row + 0.5], axis=1) if by_task else row
    return Samples(
        Rows({"request": request, "history": history}, {"row": row, "of": request[place]}, place),
        np.stack([row % 2, (row + 1) % 2], axis=1).astype(np.float32),
        TASKS,
        (row % 3).astype(np.uint8),
        weight.astype(np.float32),
    )


@st.composite
def parts(draw: st.DrawFn) -> list[Samples]:
    """Some parts; requests may have no row, and rows of a request need not be side by side."""
    found = []
    for start in range(draw(st.integers(1, 4))):
        requests = draw(st.integers(1, 5))
        of = draw(st.lists(st.integers(0, requests - 1), min_size=1, max_size=8))
        found.append(samples(of, requests, start, by_task=draw(st.booleans())))
    return found


@settings(deadline=None)
@given(parts())
def test_joined_rows_stand_in_order_beside_their_own_request(parts: list[Samples]) -> None:
    found = join(parts)
    assert len(found) == sum(len(part) for part in parts) and found.tasks == TASKS
    np.testing.assert_array_equal(found.rows.spread("request"), found.rows.candidate["of"])
    np.testing.assert_array_equal(found.rows.spread("history")[:, 1, 0], found.rows.candidate["of"])
    for name in ("request", "history", "row", "of"):
        np.testing.assert_array_equal(found.rows[name], np.concatenate([part.rows[name] for part in parts]))
    np.testing.assert_array_equal(found.labels, np.concatenate([part.labels for part in parts]))
    np.testing.assert_array_equal(found.origin, np.concatenate([part.origin for part in parts]))
    np.testing.assert_array_equal(found.weights, np.concatenate([part.weights for part in parts]))


@settings(deadline=None)
@given(parts(), st.data())
def test_some_of_the_joined_rows_keep_what_is_theirs(parts: list[Samples], data: st.DataObject) -> None:
    found = join(parts)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(found), max_size=len(found))), np.bool_)
    some = found.where(mask)
    np.testing.assert_array_equal(some.rows.spread("request"), found.rows.candidate["of"][mask])
    np.testing.assert_array_equal(some.rows.candidate["row"], found.rows.candidate["row"][mask])
    np.testing.assert_array_equal(some.labels, found.labels[mask])
    np.testing.assert_array_equal(some.weight, found.weight[mask])


@settings(deadline=None)
@given(parts())
def test_rows_without_a_request_column_still_have_requests_of_their_own(parts: list[Samples]) -> None:
    bare = [replace(part, rows=replace(part.rows, request={})) for part in parts]
    of = join(bare).rows.of
    pairs = [(number, int(place)) for number, part in enumerate(bare) for place in part.rows.of]
    assert [of[a] == of[b] for a in range(len(of)) for b in range(len(of))] == [a == b for a in pairs for b in pairs]


@pytest.mark.parametrize("by_task", [False, True])
def test_a_part_without_rows_joins_like_any_other(by_task: bool) -> None:
    some, none = (samples(of, 2, start, by_task=by_task) for start, of in enumerate(([0, 1, 1], [])))
    found = join([some, none])
    assert len(found) == 3
    np.testing.assert_array_equal(found.weights, some.weights)


def test_the_weight_of_a_row_counts_in_every_task() -> None:
    one, each = (samples([0, 0, 1], 2, 1, by_task=by_task) for by_task in (False, True))
    assert one.weights.tolist() == [[1000, 1000], [1001, 1001], [1002, 1002]]
    assert each.weights.tolist() == [[1000, 1000.5], [1001, 1001.5], [1002, 1002.5]]


def labelled(*labels: float) -> Samples:
    """Rows whose first task is fine and whose second has these labels."""
    found = samples([0] * len(labels), 1, 2, by_task=False)
    return replace(found, labels=np.stack([found.labels[:, 0], np.array(labels, np.float32)], axis=1))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ((1, 1, 1), "got 3 labels, all of them 1 in 3 rows; take more rows, or leave the task out"),
        ((0, np.nan, 0), "got 2 labels, all of them 0 in 3 rows"),
        ((0.25, 0.25, np.nan), "got 2 labels, all of them 0.25 in 3 rows"),
        ((np.nan, 1, np.nan), "got 1 labels, all of them 1 in 3 rows"),
        ((np.nan, np.nan, np.nan), "got no label at all in 3 rows; take more rows, or leave the task out"),
        ((0, 1, 2), "expected labels from 0 to 1, got 0 to 2"),
        ((-1, 1, np.nan), "expected labels from 0 to 1, got -1 to 1"),
        ((0, 1, np.inf), "expected labels from 0 to 1, got 0 to inf"),
        ((5, 5, 5), "expected labels from 0 to 1, got 5 to 5"),
    ],
)
def test_labels_that_teach_nothing_are_refused_with_their_task(labels: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^here, task 'click': .*{message}"):
        labelled(*labels).check_labels("here")


@pytest.mark.parametrize("labels", [(0, 1, np.nan), (0.2, 0.4, np.nan), (0, 1e-3, 0)])
def test_labels_that_differ_are_taken(labels: tuple[float, ...]) -> None:
    labelled(*labels).check_labels("here")


def test_no_rows_teach_nothing() -> None:
    with pytest.raises(ValueError, match=r"here, task 'like': .*got no label at all in 0 rows"):
        labelled().check_labels("here")


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_weights_that_are_none_are_refused(bad: float) -> None:
    found = labelled(0, 1, 1)
    weight = found.weight.copy()
    weight[1] = bad
    with pytest.raises(ValueError, match=f"here, task 'like': expected finite weights of rows, 0 or more; got {bad:g}"):
        replace(found, weight=weight).check_labels("here")


def test_rows_that_weigh_nothing_teach_nothing() -> None:
    found = labelled(0, 1, 1)
    weight = found.weights.copy()
    weight[1:, 1] = 0
    with pytest.raises(
        ValueError, match=r"'click': .*got 1 labels, all of them 0 \(and 2 of rows that weigh nothing\)"
    ):
        replace(found, weight=weight).check_labels("here")
