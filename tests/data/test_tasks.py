"""Tasks: their labels and weights against a plain loop over pairs, and what a weighted task teaches."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from taojin.core.formula import Formula
from taojin.data.kinds import Kinds
from taojin.data.tasks import Amount, Happened, Reaction, Task, WeightedReaction
from taojin.nn.losses import binary_cross_entropy

NAMES = ("show", "click", "like", "watch")
KINDS = Kinds(NAMES)
Pair = tuple[set[str], float]

VALUES = st.one_of(st.just(math.nan), st.floats(-100, 1e6, width=32))
PAIRS = st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), VALUES), max_size=20)
NAME = st.sampled_from(NAMES)
SIZES = st.floats(1e-3, 1e5)


def happened(pairs: list[Pair]) -> Happened:
    code = [KINDS.bits(*names) if names else 0 for names, _ in pairs]
    return Happened(np.array(code, np.uint32), np.array([value for _, value in pairs], np.float32))


def check(found: np.ndarray, expected: list[float], pairs: list[Pair]) -> None:
    assert found.dtype == np.float32 and found.shape == (len(pairs),)
    np.testing.assert_allclose(found, np.array(expected, np.float32), rtol=1e-5, atol=1e-6)


@settings(deadline=None)
@given(PAIRS, NAME, st.none() | NAME)
def test_a_reaction_is_one_where_it_happened_and_unknown_where_nothing_tells(
    pairs: list[Pair], name: str, among: str | None
) -> None:
    expected = []
    for names, _ in pairs:
        if among is not None and among not in names:
            expected.append(math.nan)
        else:
            expected.append(1.0 if name in names else 0.0)
    task = Reaction(name, among=among)
    check(task.label(happened(pairs), KINDS), expected, pairs)
    check(task.weight(happened(pairs), KINDS), [1.0] * len(pairs), pairs)


@settings(deadline=None)
@given(PAIRS, NAME, SIZES)
def test_an_amount_is_the_share_of_the_most_where_there_is_a_value(pairs: list[Pair], event: str, most: float) -> None:
    expected = []
    for names, value in pairs:
        if event not in names or math.isnan(value):
            expected.append(math.nan)
        else:
            expected.append(min(max(value / most, 0.0), 1.0))
    task = Amount("amount", event=event, most=most)
    check(task.label(happened(pairs), KINDS), expected, pairs)
    check(task.weight(happened(pairs), KINDS), [1.0] * len(pairs), pairs)


@settings(deadline=None)
@given(PAIRS, NAME, SIZES)
def test_a_weighted_reaction_counts_its_events_by_their_value(pairs: list[Pair], event: str, unit: float) -> None:
    label, weight = [], []
    for names, value in pairs:
        label.append(1.0 if event in names else 0.0)
        if event not in names:
            weight.append(1.0)
        else:
            weight.append(0.0 if math.isnan(value) else max(value, 0.0) / unit)
    task = WeightedReaction("watch_time", event=event, unit=unit)
    check(task.label(happened(pairs), KINDS), label, pairs)
    check(task.weight(happened(pairs), KINDS), weight, pairs)


@pytest.mark.parametrize(
    "task", [Reaction("like"), Amount("amount", event="like"), WeightedReaction("w", event="like")]
)
def test_labels_lie_in_the_unit_interval_and_weights_are_finite_and_not_negative(task: Task) -> None:
    random = np.random.default_rng(0)
    value = np.where(random.random(500) < 0.2, np.nan, random.normal(0, 1e6, 500)).astype(np.float32)
    rows = Happened(random.integers(0, 16, 500).astype(np.uint32), value)
    label, weight = task.label(rows, KINDS), task.weight(rows, KINDS)
    known = label[~np.isnan(label)]
    assert len(known) and ((known >= 0) & (known <= 1)).all()
    assert np.isfinite(weight).all() and (weight >= 0).all()


@pytest.mark.parametrize(
    "task", [Reaction("like"), Reaction("like", among="show"), Amount("a", event="show"), WeightedReaction("w", "like")]
)
def test_no_pair_has_no_label(task: Task) -> None:
    assert task.label(happened([]), KINDS).shape == task.weight(happened([]), KINDS).shape == (0,)


def minimum(label: np.ndarray, weight: np.ndarray) -> float:
    """The one logit that all rows share where their loss, as networks have it, is least."""
    import torch

    labels, weights = torch.from_numpy(label)[:, None], torch.from_numpy(weight)[:, None]

    def slope(logit: float) -> float:
        shared = torch.tensor(logit, dtype=torch.float64, requires_grad=True)
        binary_cross_entropy(shared.expand(len(labels), 1), labels, weights).backward()
        return float(shared.grad)

    return brentq(slope, -15, 15)


def odds(logit: float) -> float:
    probability = np.array([1 / (1 + math.exp(-logit))], np.float32)
    return float(Formula("odds(watch_time)")({"watch_time": probability})[0])


@pytest.mark.parametrize("minutes", [0.5, 2.0, 8.0])
def test_the_odds_of_a_weighted_reaction_are_about_the_expected_watch_time(minutes: float) -> None:
    random, n, rate = np.random.default_rng(1), 200_000, 0.02
    clicked = random.random(n) < rate
    watched = np.where(clicked, random.gamma(2.0, minutes * 60 / 2, n), np.nan)
    code = np.where(clicked, KINDS.bits("show", "click"), KINDS.bits("show")).astype(np.uint32)
    rows = Happened(code, watched.astype(np.float32))
    task = WeightedReaction("watch_time", event="click", unit=60.0)
    found = odds(minimum(task.label(rows, KINDS), task.weight(rows, KINDS)))
    # Nothing is watched of what is not clicked. The odds are too large by the share of clicks, as in the paper.
    assert found == pytest.approx(rate * minutes, rel=0.06)
    assert found == pytest.approx(np.nansum(watched) / 60 / (n - clicked.sum()), rel=1e-3)


def test_the_odds_tell_items_of_long_views_from_items_that_are_clicked_more() -> None:
    """Half as many clicks, eight times as long: plain clicks would put the other item first."""
    random, n, task = np.random.default_rng(2), 50_000, WeightedReaction("watch_time", event="click")
    found = {}
    for name, rate, mean in (("short", 0.10, 1.0), ("long", 0.05, 8.0)):
        clicked = random.random(n) < rate
        value = np.where(clicked, random.exponential(mean, n), np.nan).astype(np.float32)
        rows = Happened(np.where(clicked, KINDS.bits("click"), 0).astype(np.uint32), value)
        label, weight = task.label(rows, KINDS), task.weight(rows, KINDS)
        found[name] = (odds(minimum(label, weight)), odds(minimum(label, np.ones_like(weight))))
    assert found["long"][0] > 2 * found["short"][0]
    assert found["long"][1] < found["short"][1]


def test_an_amount_is_learned_as_its_mean() -> None:
    random = np.random.default_rng(3)
    value = random.uniform(0, 5, 20_000).astype(np.float32)
    rows = Happened(np.full(len(value), KINDS.bits("watch"), np.uint32), value)
    task = Amount("ratio", event="watch", most=4.0)
    logit = minimum(task.label(rows, KINDS), task.weight(rows, KINDS))
    assert 1 / (1 + math.exp(-logit)) == pytest.approx(np.minimum(value, 4).mean() / 4, abs=1e-4)


@pytest.mark.parametrize(
    "bad",
    [0, -1.0, math.nan, math.inf, "2", True, None],
)
def test_sizes_that_are_no_positive_number_are_refused(bad: object) -> None:
    for make, field in (
        (lambda: Amount("ratio", event="watch", most=bad), "Amount.most"),
        (lambda: WeightedReaction("time", event="watch", unit=bad), "WeightedReaction.unit"),
    ):
        with pytest.raises(ValueError, match=rf"{field}: expected a number, above 0; got "):
            make()


@pytest.mark.parametrize(
    "task",
    [
        Reaction("lik"),
        Reaction("show", among="lik"),
        Amount("amount", event="lik"),
        WeightedReaction("time", event="lik"),
    ],
)
def test_a_kind_that_the_data_does_not_have_is_told_with_the_nearest(task: Task) -> None:
    with pytest.raises(ValueError, match=r"event 'lik': this data has show, click, like, watch; did you mean 'like'\?"):
        task.label(happened([({"show"}, 1.0)]), KINDS)
