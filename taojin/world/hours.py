"""When people watch films: the two years of the log, the seasons, the week and the hours of a day.

Local time; the regions say how far it is from UTC.
"""

import numpy as np

from taojin.core.units import DAY, HOUR, Ints

START = 1_672_531_200_000
"""2023-01-01 00:00 UTC."""
DAYS = 730
END = START + DAYS * DAY
"""The first moment after the log."""

REGIONS = {"americas": -6, "europe": 1, "africa": 2, "asia": 8, "oceania": 10}
"""Hours that local time is ahead of UTC."""

_MONTH = np.array((1.25, 1.15, 1.05, 0.95, 0.85, 0.80, 0.80, 0.85, 0.90, 1.05, 1.10, 1.25))
_WEEKDAY = np.array((0.80, 0.80, 0.85, 0.90, 1.20, 1.45, 1.30))  # from Monday
_WORKING = np.array((4, 2, 1, 0.5, 0.5, 0.5, 1, 2, 2, 2, 2, 2, 4, 4, 3, 3, 4, 6, 10, 16, 20, 20, 16, 9.0))
_FREE = np.array((9, 5, 3, 1, 0.5, 0.5, 0.5, 1, 3, 5, 7, 8, 9, 10, 11, 11, 11, 11, 12, 15, 18, 19, 17, 13.0))


def moments(since: Ints, hours_ahead: Ints, rng: np.random.Generator) -> Ints:
    """A time in UTC for each, int64[N], when people of that local time watch: after the day of `since`, before END."""
    days = np.arange(DAYS)
    date = (START // DAY + days).astype("datetime64[D]")
    month = date.astype("datetime64[M]").astype(np.int64) % 12
    weekday = (date.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    busy = np.concatenate(([0.0], np.cumsum(_MONTH[month] * _WEEKDAY[weekday])))
    # From the day after registration to the last but one: local time may be most of a day away from UTC.
    first = np.clip((since - START) // DAY + 1, 1, DAYS - 2)
    drawn = busy[first] + rng.random(len(since)) * (busy[DAYS - 1] - busy[first])
    day = np.clip(np.searchsorted(busy, drawn, side="right") - 1, first, DAYS - 2)
    free = (weekday[day] >= 5).astype(np.int64)
    of_day = np.cumsum(np.stack((_WORKING, _FREE)), axis=1)
    # Working days fill the scale from 0 to 1, free ones from 1 to 2.
    scale = (of_day / of_day[:, -1:] + np.array([[0], [1]])).ravel()
    hour = np.searchsorted(scale, free + rng.random(len(since)), side="right") % 24
    within = rng.integers(0, HOUR, len(since))
    return START + day * DAY + hour * HOUR + within - hours_ahead * HOUR
