"""Titles of films, composed of words, no two the same.

Shapes: I films.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.units import Ints
from taojin.world import words
from taojin.world.genres import GENRES

# Share of the titles, and the parts. Every pattern has the film's noun, which belongs to its first genre, and no two
# patterns can give the same words, so that titles which differ in genre or pattern differ.
_PATTERNS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (0.18, ("The ", "{adjective}", " ", "{noun}")),
    (0.15, ("{adjective}", " ", "{noun}", "s")),
    (0.10, ("The ", "{noun}", " of ", "{place}")),
    (0.12, ("{given}", "'s ", "{noun}")),
    (0.12, ("The ", "{noun}", " and the ", "{thing}")),
    (0.06, ("{noun}", "s in ", "{place}")),
    (0.06, ("My ", "{noun}", ", ", "{given}")),
    (0.06, ("{number}", " ", "{noun}", "s")),
    (0.06, ("When the ", "{noun}", " ", "{verb}")),
    (0.02, ("{noun}",)),
    (0.07, ("The ", "{adjective}", " ", "{noun}", " of ", "{place}")),
)

_WORDS = {
    "{adjective}": words.ADJECTIVES,
    "{place}": words.PLACES,
    "{given}": words.GIVEN_NAMES,
    "{thing}": words.THINGS,
    "{number}": words.NUMBERS,
    "{verb}": words.VERBS,
}


def vocabulary(text: str) -> list[str]:
    """The words of a list; a hyphen keeps two words together.

    >>> vocabulary("Silver-Mine Posse")
    ['Silver Mine', 'Posse']
    """
    return [word.replace("-", " ") for word in text.split()]


def distinct(n: int, capacity: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """n choices out of `capacity`, and how often each was chosen before: together no two are the same."""
    if n <= capacity:
        return rng.choice(capacity, n, replace=False), np.zeros(n, np.int64)
    place = np.arange(n)
    return rng.permutation(capacity)[place % capacity], place // capacity


def titles(genre: Ints, rng: np.random.Generator) -> pa.Array:
    """A title for each film, string[I]; `genre` is the place in GENRES of its first genre, int64[I]."""
    share = np.array([weight for weight, _ in _PATTERNS])
    pattern = rng.choice(len(_PATTERNS), len(genre), p=share / share.sum())
    cell = genre * len(_PATTERNS) + pattern
    order = np.argsort(cell, kind="stable")
    stops = np.searchsorted(cell[order], np.arange(len(GENRES) * len(_PATTERNS) + 1))
    pieces = []
    for at, (start, stop) in enumerate(pairwise(stops)):
        name, (_, parts) = GENRES[at // len(_PATTERNS)], _PATTERNS[at % len(_PATTERNS)]
        pieces.append(_compose(parts, name, int(stop - start), rng))
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return pa.concat_arrays(pieces).take(pa.array(back))


def _compose(parts: Sequence[str], genre: str, n: int, rng: np.random.Generator) -> pa.Array:
    """n titles of one pattern and genre; when the words run out, a sequel."""
    lists = {part: vocabulary(_WORDS.get(part, words.NOUNS[genre])) for part in parts if part.startswith("{")}
    capacity = int(np.prod([len(choices) for choices in lists.values()]))
    code, sequel = distinct(n, capacity, rng)
    columns: list[pa.Array | str] = []
    for part in parts:
        if part in lists:
            code, choice = np.divmod(code, len(lists[part]))
            columns.append(pa.array(lists[part], pa.string()).take(pa.array(choice)))
        else:
            columns.append(part)
    number = pc.binary_join_element_wise(" ", pa.array(sequel + 1).cast(pa.string()), "")
    columns.append(pc.if_else(pa.array(sequel > 0), number, ""))
    return pc.binary_join_element_wise(*columns, "")
