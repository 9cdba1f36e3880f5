"""Users: who they are, what they like, and how that changes.

Shapes: U users, A axes of taste, N pairs.
"""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from taojin.core.units import YEAR, Floats, Ints
from taojin.world.genres import AXES, ERA
from taojin.world.hours import END, REGIONS, START

AGES = {"under 18": 0.05, "18-24": 0.19, "25-34": 0.33, "35-44": 0.20, "45-54": 0.14, "55+": 0.09}
"""Brackets and their shares, about those of MovieLens-1M."""
GENDERS = {"female": 0.45, "male": 0.51, "other": 0.04}
REGION_SHARES = {"americas": 0.35, "europe": 0.30, "africa": 0.07, "asia": 0.23, "oceania": 0.05}

COHORT = 0.25
"""Share of the variance of tastes that age, gender and region explain."""
DRIFT = 0.08
"""Share of the variance of tastes that comes and goes."""
PERIOD = (1.5, 5.0)
"""Years in which what comes and goes has come back."""
NEWCOMERS = 0.5
"""Share of users who register during the log; the others were there before it."""


@dataclass(frozen=True)
class Tastes:
    """U users.

    age, gender, region     int64[U], places in AGES, GENDERS and REGIONS
    registered  int64[U]        milliseconds
    stable      float32[U, A]   the part of a taste that stays, cohort included
    swing       float32[2, U, A]    the part that comes and goes: amplitudes of cosine and sine
    period      float32[U]      milliseconds
    openness    float32[U]      how readily a user watches, mean 0, variance 1
    generosity  float32[U]      how high a user rates, mean 0, variance 1
    """

    age: Ints
    gender: Ints
    region: Ints
    registered: Ints
    stable: Floats
    swing: Floats
    period: Floats
    openness: Floats
    generosity: Floats

    def __len__(self) -> int:
        return len(self.registered)

    def at(self, user: Ints, time: Ints) -> Floats:
        """Tastes of users (0 the first) at these times, float32[..., A]; over users, variance about 1 on every axis."""
        angle = (2 * np.pi * (time - START) / self.period[user]).astype(np.float32)[..., None]
        return self.stable[user] + np.cos(angle) * self.swing[0, user] + np.sin(angle) * self.swing[1, user]

    def table(self) -> pa.Table:
        """What everybody may know of the users."""
        return pa.table(
            {
                "age": pa.array(tuple(AGES)).take(pa.array(self.age)),
                "gender": pa.array(tuple(GENDERS)).take(pa.array(self.gender)),
                "region": pa.array(tuple(REGIONS)).take(pa.array(self.region)),
                "registered": pa.array(self.registered),
            }
        )


def tastes(n: int, rng: np.random.Generator) -> Tastes:
    """n users."""
    age = rng.choice(len(AGES), n, p=tuple(AGES.values()))
    gender = rng.choice(len(GENDERS), n, p=tuple(GENDERS.values()))
    region = rng.choice(len(REGIONS), n, p=tuple(REGION_SHARES[name] for name in REGIONS))
    by_age, by_gender, by_region = (
        rng.standard_normal((len(names), len(AXES)), np.float32) for names in (AGES, GENDERS, REGIONS)
    )
    # The older the viewer, the older the films.
    by_age[:, ERA] = np.linspace(1.5, -1.5, len(AGES))
    cohort = (by_age[age] + by_gender[gender] + by_region[region]) / math.sqrt(3)
    cohort -= cohort.mean(axis=0)
    own = rng.standard_normal((n, len(AXES)), np.float32)
    stable = math.sqrt(COHORT) * cohort + math.sqrt(1 - COHORT - DRIFT) * own
    swing = math.sqrt(DRIFT) * rng.standard_normal((2, n, len(AXES)), np.float32)
    period = (rng.uniform(*PERIOD, n) * YEAR).astype(np.float32)
    newcomer = rng.random(n) < NEWCOMERS
    before = START - rng.exponential(2 * YEAR, n)
    during = START + rng.random(n) * 0.8 * (END - START)
    registered = np.where(newcomer, during, before).astype(np.int64)
    openness, generosity = rng.standard_normal((2, n), np.float32)
    return Tastes(age, gender, region, registered, stable, swing, period, openness, generosity)
