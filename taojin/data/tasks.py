"""Tasks: what a ranker predicts, read off what happened between a user and an item.

Shapes: N pairs of a request and an item.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from taojin.core.bounds import Positive, bounded
from taojin.core.units import Floats
from taojin.data.kinds import Kinds


@dataclass(frozen=True)
class Happened:
    """What happened with each pair from the request on.

    code    uint32[N]   kinds of all its events, a bit each; 0 for nothing
    value   float32[N]  value of its last event, NaN for none
    """

    code: NDArray[np.uint32]
    value: Floats

    def any(self, bits: int) -> NDArray[np.bool_]:
        """Which pairs had an event of one of these kinds."""
        return (self.code & np.uint32(bits)) != 0


@runtime_checkable
class Task(Protocol):
    """A spec of a task; a recipe may also write the name of a kind of event, which stands for `Reaction` of it."""

    @property
    def name(self) -> str: ...

    def label(self, happened: Happened, kinds: Kinds) -> Floats:
        """float32[N] in [0, 1], NaN where there is none: such a row teaches this task nothing."""
        ...

    def weight(self, happened: Happened, kinds: Kinds) -> Floats:
        """How much each row counts in the loss of this task, float32[N], >= 0."""
        ...


@dataclass(frozen=True)
class Reaction:
    """Whether an event of this kind happened.

    among   a kind without which there is no label, such as "show" for reactions of which nothing is known elsewhere

    >>> kinds = Kinds(("show", "like"))
    >>> seen = Happened(np.array([3, 1, 0], np.uint32), np.zeros(3, np.float32))
    >>> Reaction("like").label(seen, kinds), Reaction("like", among="show").label(seen, kinds)
    (array([1., 0., 0.], dtype=float32), array([ 1.,  0., nan], dtype=float32))
    """

    name: str
    among: str | None = None

    def label(self, happened: Happened, kinds: Kinds) -> Floats:
        """1 or 0; NaN without an event of `among`."""
        label = happened.any(kinds.bits(self.name)).astype(np.float32)
        known = happened.any(kinds.bits(self.among)) if self.among else True
        return np.where(known, label, np.float32(np.nan))

    def weight(self, happened: Happened, kinds: Kinds) -> Floats:
        """All rows count the same."""
        return np.ones(len(happened.code), np.float32)


@dataclass(frozen=True)
class Amount:
    """The value of an event as a share of `most`: how much of a video was watched, how many stars were given.

    Learned by cross-entropy with a label in [0, 1], whose minimum is the mean, like that of a squared error; a value
    formula gets back the share. Larger values count as `most`.

    >>> seen = Happened(np.array([1, 1, 0], np.uint32), np.array([0.5, 3.0, np.nan], np.float32))
    >>> Amount("watched", event="show", most=2.0).label(seen, Kinds(("show",)))
    array([0.25, 1.  ,  nan], dtype=float32)
    """

    name: str
    event: str
    most: Positive = 1.0

    def __post_init__(self) -> None:
        bounded(self)

    def label(self, happened: Happened, kinds: Kinds) -> Floats:
        """NaN without such an event, or where it has no value."""
        share = np.clip(happened.value / np.float32(self.most), 0, 1).astype(np.float32)
        return np.where(happened.any(kinds.bits(self.event)), share, np.float32(np.nan))

    def weight(self, happened: Happened, kinds: Kinds) -> Floats:
        """All rows count the same."""
        return np.ones(len(happened.code), np.float32)


@dataclass(frozen=True)
class WeightedReaction:
    """Whether an event happened, its rows weighted by the event's value: weighted logistic regression.

    The learned odds, `odds(NAME)` in a value formula, are about the expected value, such as the expected watch time of
    what is shown. Events without a value count nothing.

    unit    values are counted in it, so that the weights are near 1

    Covington, Adams and Sargin, RecSys 2016, https://doi.org/10.1145/2959100.2959190

    >>> seen = Happened(np.array([1, 0], np.uint32), np.array([90.0, np.nan], np.float32))
    >>> WeightedReaction("watch_time", event="click", unit=60.0).weight(seen, Kinds(("click",)))
    array([1.5, 1. ], dtype=float32)
    """

    name: str
    event: str
    unit: Positive = 1.0

    def __post_init__(self) -> None:
        bounded(self)

    def label(self, happened: Happened, kinds: Kinds) -> Floats:
        """1 where the event happened."""
        return happened.any(kinds.bits(self.event)).astype(np.float32)

    def weight(self, happened: Happened, kinds: Kinds) -> Floats:
        """The value of an event that happened, 1 for what did not."""
        value = np.maximum(np.nan_to_num(happened.value, nan=0.0), 0) / np.float32(self.unit)
        return np.where(happened.any(kinds.bits(self.event)), value, 1).astype(np.float32)
