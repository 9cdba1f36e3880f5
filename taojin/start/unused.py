"""Why a column of a log is not used, and why one that is named like a time cannot be read as one."""

from collections.abc import Callable, Mapping

import numpy as np

from taojin.data.columns import Number, Time
from taojin.start.attributes import useless
from taojin.start.happened import Happened
from taojin.start.keys import IDS, TIMES, Told, how
from taojin.start.profile import FIRST_MOMENT, LAST_MOMENT, MOMENTS, Profile, words_of

EXCEL = (20_000, 80_000)
"""Days since 1900 between which numbers may be times of Excel: 1954 and 2119."""
EXPECTED = "2019-10-01 23:59:59 (ISO 8601), 31/12/2019 23:59 or the like, or seconds or milliseconds since 1970"


def unused(
    columns: Mapping[str, Profile],
    time: Time | None,
    happened: Happened,
    known: Mapping[str, str],
    at: Callable[[int], str],
) -> list[Told]:
    """A line for each of these columns of a log; a loud one for what should have been the time.

    known   column -> reason, where it has been told already
    at      says where a row stands
    """
    found = []
    for name, column in columns.items():
        # "day of week" and the like are parts of a time.
        timely = column.words & {*TIMES} and "of" not in column.words and not column.any_of(IDS)
        if timely and time is None and column.moments is None and column.distinct > 1:
            found.append(Told("WARNING", name, f"named like a time, and cannot be read as one: {_no_time(column, at)}"))
        else:
            reason = useless(column) or known.get(name) or _reason(column, time, happened)
            found.append(Told("-", name, f"not used: {reason}"))
    return sorted(found, key=lambda one: one.what != "WARNING")


def _reason(column: Profile, time: Time | None, happened: Happened) -> str:
    if {*words_of(column.name)[-1:]} & {*IDS}:
        return "a further identifier"
    if column.moments is not None:
        if time is not None:
            return f"a second time beside {time.source}"
        return "numbers that could be times, and not named so; rename it, such as time, if they are"
    if column.flag:
        return "says yes or no, to no kind of event that its name tells, or to one that another column has"
    if column.numbers is not None:
        other = f"; the value of an event is {happened.value}" if happened.value else ""
        return f"a number that is no rating, quantity or duration by its name{other}"
    return "words that differ from event to event, and are no known kinds of event"


def _no_time(column: Profile, at: Callable[[int], str]) -> str:
    """What stands there and where, what is expected, and the remedy."""
    if column.numbers is not None:
        return _no_moment(column, at)
    tried = column.written_times
    reads = [int((~time.read(column.some).wrong).sum()) for time in tried]
    most = tried[int(np.argmax(reads))]
    wrong = most.read(column.text).wrong
    like_most = max(reads) > len(column.some) / 2
    row = int(np.flatnonzero(wrong)[0])
    what = f"{column.text[row].as_py()!r} ({at(row)})"
    if like_most:
        return f"{what} is not {how(most)}, as most cells are; mend such cells and call `taojin new` again"
    return f"{what} is none; expected {EXPECTED}; write it so and call `taojin new` again"


def _no_moment(column: Profile, at: Callable[[int], str]) -> str:
    numbers = Number("").read(column.text).values.to_numpy()
    rows = int(np.nanargmin(numbers)), int(np.nanargmax(numbers))
    first, last = (f"{column.text[row].as_py()} ({at(row)})" for row in rows)
    low, high = (float(numbers[row]) for row in rows)
    units = [
        unit
        for number in (low, high)
        for unit, factor in MOMENTS.items()
        if FIRST_MOMENT * factor <= number <= LAST_MOMENT * factor
    ]
    if len(set(units)) > 1:
        counted = " and ".join(
            f"{what} counts {unit.name.lower()}" for what, unit in zip((first, last), units, strict=True)
        )
        return f"{counted} since 1970; write all in one unit and call `taojin new` again"
    if EXCEL[0] <= low <= high <= EXCEL[1]:
        return (
            f"{first} is a day as Excel counts them; expected {EXPECTED}; give the cells the format yyyy-mm-dd "
            "hh:mm:ss there, save and call `taojin new` again"
        )
    wrong = first if low < FIRST_MOMENT else last
    return (
        f"{wrong} lies outside 1973 to 2096 in seconds, milliseconds or microseconds since 1970; expected {EXPECTED}; "
        "write it so, or leave such rows out, and call `taojin new` again"
    )
