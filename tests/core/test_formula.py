"""Formulas over tasks: what they say, and what they refuse."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taojin.core.formula import Formula

CLICK = np.array([0.1, 0.5, 0.9], np.float32)
LIKE = np.array([0.5, 0.2, 0.0], np.float32)
SAID = {"click": CLICK, "like": LIKE, "add-to-cart": LIKE}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("click", CLICK),
        ("click - 2 * like", CLICK - 2 * LIKE),
        ("click * (0.2 + like) ** 0.5", CLICK * np.sqrt(0.2 + LIKE)),
        ("log1p(odds(click)) / 2", np.log1p(CLICK / (1 - CLICK)) / 2),
        ("max(click, like) + min(click, 0.3)", np.maximum(CLICK, LIKE) + np.minimum(CLICK, 0.3)),
        ("-exp(sqrt(click)) + log(click)", -np.exp(np.sqrt(CLICK)) + np.log(CLICK)),
        ('1e-1 * ["add-to-cart"] + click', 0.1 * LIKE + CLICK),
        ("3", np.full(3, 3)),
    ],
)
def test_it_is_what_numpy_says(text: str, expected: np.ndarray) -> None:
    found = Formula(text)(SAID)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@example({"\N{MASCULINE ORDINAL INDICATOR}": 1.0, "o": 2.0, "class": 3.0}, 0)
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.floats(-5, 5), min_size=1, max_size=4), st.integers(0, 99))
def test_weights_are_a_sum_whatever_the_names(weights: dict[str, float], seed: int) -> None:
    said = {task: np.random.default_rng(seed).random(5).astype(np.float32) for task in weights}
    expected = sum(weight * said[task] for task, weight in weights.items())
    formula = Formula.weighted(weights)
    np.testing.assert_allclose(formula(said), expected, rtol=1e-4, atol=1e-5)
    assert formula.names == tuple(weights)


@pytest.mark.parametrize(
    "text",
    [
        "", "click +", "click like", "__import__('os')", "click.shape", "click[0]", "(lambda: 1)()",
        "click if like else 1",
        "click and like", "'text'", "[click]", "f(click)", "log(click, 2)", "log()", "max(click)", "log(x=click)",
        "True",
        "click @ like", "click == like", "1j",
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="value: expected a formula of numbers, tasks"):
        Formula(text)


def test_tasks_that_are_not_there_are_named() -> None:
    with pytest.raises(ValueError, match="no task 'buy'; the ranker predicts click, like"):
        Formula("click + buy")({"click": CLICK, "like": LIKE})
    with pytest.raises(ValueError, match=r"scene 'home': task 'clik' is not declared; did you mean 'click'\?"):
        Formula("clik").check(("click", "like"), "scene 'home'")


def test_what_divides_by_nothing_is_not_finite_and_does_not_stop() -> None:
    found = Formula("click / 0 + log(like - 1)")({"click": CLICK, "like": LIKE})
    assert not np.isfinite(found).any()
    assert math.isfinite(Formula("odds(click)")({"click": np.ones(1, np.float32)})[0])


@pytest.mark.parametrize("text", ["like / 0", "log(0 * like)", "sqrt(-like)", "like * 1e39", "-" * 1_900 + "like"])
def test_what_is_never_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no finite number for any prediction|too large|too deep"):
        Formula(text).check(("like",), "scene 'for_you'")


def test_a_formula_that_is_a_number_somewhere_is_taken() -> None:
    Formula("1 / (like - 0.001)").check(("like",), "scene 'for_you'")


@pytest.mark.parametrize("weight", [math.nan, math.inf, None, "x", True])
def test_weights_are_finite_numbers(weight: object) -> None:
    with pytest.raises(ValueError, match=r"value: weight of 'like': expected a finite number; got "):
        Formula.weighted({"like": weight})  # type: ignore[dict-item]


def test_a_formula_has_an_end() -> None:
    with pytest.raises(ValueError, match=r"it is 139,997 letters long, of 2,000 at most"):
        Formula(" + ".join(["like"] * 20_000))
