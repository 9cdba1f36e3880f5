"""What is wrong with a request, in parts, so that a person and a program can both act on it."""

import difflib
from collections.abc import Collection
from dataclasses import dataclass

MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """The one argument of a `ValueError` that a caller can fix.

    >>> str(ValueError(Problem("scene", "one of for_you, similar", "'foryou'", "did you mean 'for_you'?")))
    "scene: expected one of for_you, similar, got 'foryou'; did you mean 'for_you'?"
    """

    where: str
    expected: str
    got: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, got {self.got}; {self.remedy}"


def known(name: str, names: Collection[str], where: str) -> str:
    """The name, if it is one of the names; else a `ValueError` with those that are close."""
    if name in names:
        return name
    there = list(names)
    close = difflib.get_close_matches(name, there, n=1)
    rest = f", ... ({len(there)} in all)" if len(there) > MOST_NAMED else ""
    expected = f"one of {', '.join(there[:MOST_NAMED])}{rest}" if there else "nothing, since there are none"
    remedy = f"did you mean {close[0]!r}?" if close else "take one of these"
    raise ValueError(Problem(where, expected, repr(name), remedy))
