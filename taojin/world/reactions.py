"""What a user does with a film that is shown: look, watch, rate, like.

Every probability of the world is a formula of this file; `truth.py` states them, `events.py` draws from them.

Shapes: N times a film was shown.
"""

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import Floats, Ints

LOOK_EXPONENT = 0.20
"""Position p, from 0, is looked at with probability (p + 1) ** -LOOK_EXPONENT."""

WATCH = {"constant": -0.5, "appeal": 2.8, "quality": 0.4, "openness": 0.5}
"""Log odds that a film which is looked at is watched, and then rated."""

RATING = {"constant": 2.65, "appeal": 0.7, "quality": 0.55, "generosity": 0.45}
"""Stars that a user gives on average to a film that is watched."""
RATING_NOISE = 0.45
"""Scale of the logistic noise of a rating before it is rounded, stars; its deviation is 1.81 times that."""

LIKED = 3.5
"""From this many stars on, a rating is a like."""
STEP = 0.5
"""Ratings are multiples of this, from STEP to 5."""


def looks(position: Ints) -> Floats:
    """Probability that a place of the list, from 0, is looked at, float32[N]."""
    return np.power(position + 1, -LOOK_EXPONENT, dtype=np.float32)


def watches(appeal: Floats, quality: Floats, openness: Floats) -> Floats:
    """Log odds that what is looked at is watched and rated, float32[N]."""
    person = WATCH["constant"] + WATCH["openness"] * openness
    return person + WATCH["appeal"] * appeal + WATCH["quality"] * quality


def stars(appeal: Floats, quality: Floats, generosity: Floats) -> Floats:
    """Mean rating, before rounding, of what is watched, float32[N]."""
    person = RATING["constant"] + RATING["generosity"] * generosity
    return person + RATING["appeal"] * appeal + RATING["quality"] * quality


def rating(mean: Floats, chance: NDArray[np.float64]) -> Floats:
    """The rating that chance, evenly drawn from (0, 1), gives: logistic around the mean, in half stars, float32[N]."""
    noise = np.log(chance / (1 - chance))
    return np.clip(np.rint((mean + RATING_NOISE * noise) / STEP) * STEP, STEP, 5.0).astype(np.float32)


def likes(watch: Floats, mean: Floats) -> Floats:
    """Probability that what is looked at is watched and liked, float32[N]."""
    # A rating is rounded to LIKED or more from half a step below it on.
    return sigmoid(watch) * sigmoid((mean - (LIKED - STEP / 2)) / RATING_NOISE)


def sigmoid(logit: Floats) -> Floats:
    """Probability of these log odds."""
    return np.reciprocal(1 + np.exp(-logit))
