"""Durations as people write them."""

import re

from taojin.core.units import DAY, HOUR, MINUTE, SECOND

UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def duration(text: str) -> int:
    """Milliseconds of a number with a unit: 90s, 15m, 1h or 2d.

    >>> duration("15m")
    900000
    """
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*([smhd])", text.strip())
    if found is None or not float(found[1]):
        raise ValueError(f"{text!r}: expected a number above zero with s, m, h or d, such as 90s, 15m or 1h")
    return round(float(found[1]) * UNITS[found[2]])
