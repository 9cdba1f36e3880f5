"""The remedy of a mistyped name."""

import difflib
from collections.abc import Collection


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The end of a message about a name that is not known: the closest one, else all there are.

    >>> did_you_mean("tiem", ("time", "item"))
    "did you mean 'time'?"
    >>> did_you_mean("price", ("time", "item"))
    'there are time, item'
    """
    close = difflib.get_close_matches(name.lower(), [other.lower() for other in known], n=1)
    if close:
        return f"did you mean {next(other for other in known if other.lower() == close[0])!r}?"
    return f"there are {', '.join(known) or 'none'}"
