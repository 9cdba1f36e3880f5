"""A history becomes a vector as the plain formula says, whoever else asks."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.core.units import UNKNOWN
from taojin.embeddings.factors import query
from taojin.embeddings.factors.query import FoldIn, UserAndHistory
from taojin.embeddings.seeds import HistorySeeds

DIM = 5


def items(seed=1):
    found = np.random.default_rng(seed).normal(size=(62, DIM)).astype(np.float32)
    found[[0, 1, 60]] = 0
    return found


def fold_in(decay=0.8):
    vectors = items()
    gram = (0.1 * vectors.T @ vectors).astype(np.float32)
    seeds = HistorySeeds(decay=decay)
    return FoldIn(seeds=seeds, items=vectors, gram=gram, strength=0.3, offset=2.0, power=0.5)


def user_and_history(power=0.5):
    users = np.random.default_rng(2).normal(size=(42, DIM)).astype(np.float32)
    users[:2] = 0
    return UserAndHistory(seeds=HistorySeeds(decay=0.8), users=users, items=items(), power=power)


def least_squares(fitted, history):
    """The minimum, as a regression with one row per item, root of the catalogue's part and root of the penalty."""
    weight = np.array([0.8**steps for steps in reversed(range(len(history)))])
    known = fitted.items[history].any(axis=1)
    liked, weight = fitted.items[history][known], weight[known]
    penalty = fitted.strength * (weight.sum() + fitted.offset) ** fitted.power
    rows = [np.sqrt(weight)[:, None] * liked, np.linalg.cholesky(fitted.gram).T, np.sqrt(penalty) * np.eye(DIM)]
    wanted = np.concatenate([np.sqrt(weight), np.zeros(2 * DIM)])
    return np.linalg.lstsq(np.concatenate(rows), wanted, rcond=None)[0]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(2, 61), max_size=12), min_size=1, max_size=6))
def test_folding_in_is_least_squares(parity, histories):
    fitted = fold_in()
    found = fitted.vectors(*parity.ask(*histories))
    assert found.shape == (len(histories), 1, DIM)
    assert found.dtype == np.float32
    for vector, history in zip(found[:, 0], histories, strict=True):
        if set(history) <= {60}:
            assert not vector.any()
        else:
            np.testing.assert_allclose(vector, least_squares(fitted, history), rtol=1e-4, atol=1e-5)


def test_blocks_of_requests_change_nothing(parity, monkeypatch):
    random = np.random.default_rng(0)
    histories = [random.integers(2, 62, random.integers(0, 9)).tolist() for _ in range(9)]
    together = fold_in().vectors(*parity.ask(*histories))
    monkeypatch.setattr(query, "BLOCK", 2)
    np.testing.assert_allclose(fold_in().vectors(*parity.ask(*histories)), together, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_a_user_is_moved_by_the_history(parity, power):
    fitted = user_and_history(power)
    requests, rows = parity.ask([4, 60, 9, 9], [], [60, 1], [7])
    requests = replace(requests, user=np.array([5, 6, 7, UNKNOWN]))
    found = fitted.vectors(requests, rows)[:, 0]
    weight = np.array([0.8**3, 0.8, 1])
    moved = weight @ fitted.items[[4, 9, 9]] / weight.sum() ** power
    np.testing.assert_allclose(found[0], fitted.users[5] + moved, rtol=1e-5)
    np.testing.assert_array_equal(found[1:3], fitted.users[[6, 7]])
    np.testing.assert_allclose(found[3], fitted.items[7], rtol=1e-5)


@pytest.mark.parametrize("fitted", [fold_in(), user_and_history()])
def test_a_stranger_without_a_known_item_asks_for_nothing(parity, fitted):
    assert not fitted.vectors(*parity.ask([], [1, 1], [60])).any()
    assert fitted.vectors(*parity.ask([2])).any()
    none, rows = parity.ask([2])
    nobody = fitted.vectors(none[:0], replace(rows, request={"history": rows.request["history"][:0]}))
    assert nobody.shape == (0, 1, DIM)
