"""Which events are for training, for validation and for the test.

A spec assigns each event of a log its part. Events of a user that share a time always come into the same part.
Shapes: E events, U users.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import Ints
from taojin.data.dataset import Clock, Log

Parts = NDArray[np.uint8]


class Part(IntEnum):
    """What an event is for.

    PAST    requests may look at it, like at every event before them, but it is neither learned from nor to be found
    """

    TRAIN = 0
    VALID = 1
    TEST = 2
    PAST = 3


@dataclass(frozen=True, kw_only=True)
class UserTimeSplit:
    """The last `test` share of each user's events is the test, the `valid` share before it is validation.

    A cut that would separate events of one time moves to the nearest gap between two times, to the later of two that
    are as near; it may come to lie at the end of the user's events, which leaves that user without a test.
    """

    valid: float = 0.1
    test: float = 0.2

    def __post_init__(self) -> None:
        _check_shares(self.valid, self.test)

    @property
    def guards(self) -> str:
        """What the split protects from, said beside the numbers."""
        return (
            "each user's own future only: what other users did after a test event may have been learned from, "
            "so popularity and taste of later days are known to the models"
        )

    def assign(self, log: Log, clock: Clock) -> Parts:
        """Part of each event, uint8[E]."""
        return _cut(log.events.time, log.offsets, self.valid, self.test)


@dataclass(frozen=True, kw_only=True)
class TimeSplit:
    """The last `test` share of all events is the test, the `valid` share before it is validation."""

    valid: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        _check_shares(self.valid, self.test)

    @property
    def guards(self) -> str:
        """What the split protects from, said beside the numbers."""
        return "the future of everybody: nothing after the first test event was learned from"

    def assign(self, log: Log, clock: Clock) -> Parts:
        """Part of each event, uint8[E]."""
        if clock is not Clock.REAL:
            raise ValueError(
                f"split TimeSplit: needs times that compare between users, but the clock of this data is "
                f"{clock.name}; use UserTimeSplit or LeaveLastOut"
            )
        order = np.argsort(log.events.time, kind="stable")
        parts = np.empty(len(log), np.uint8)
        parts[order] = _cut(log.events.time[order], np.array([0, len(log)]), self.valid, self.test)
        return parts


@dataclass(frozen=True, kw_only=True)
class LeaveLastOut:
    """Each user's last event is the test, the one before is validation.

    Events of the last time go together, where there are several. Users with fewer than three times are for training
    alone, as in SASRec (Kang and McAuley, ICDM 2018, https://arxiv.org/abs/1808.09781).
    """

    @property
    def guards(self) -> str:
        """What the split protects from, said beside the numbers."""
        return (
            "each user's own future only, one step ahead: what other users did after a test event may have been "
            "learned from"
        )

    def assign(self, log: Log, clock: Clock) -> Parts:
        """Part of each event, uint8[E]."""
        user, time = log.user, log.events.time
        fresh = np.ones(len(log), np.bool_)
        fresh[1:] = (user[1:] != user[:-1]) | (time[1:] != time[:-1])
        moment = np.cumsum(fresh)  # of all users together, from 1
        before = np.concatenate(([0], moment))[log.offsets]  # moments of the users before
        from_last = before[user + 1] - moment
        parts = np.full(len(log), Part.TRAIN, np.uint8)
        enough = np.diff(before)[user] >= 3
        parts[enough & (from_last == 0)] = Part.TEST
        parts[enough & (from_last == 1)] = Part.VALID
        return parts


@dataclass(frozen=True, kw_only=True)
class HeldOutUsers:
    """Strong generalisation: whole users are held out, a share for validation and a share for the test.

    The last `targets` share of their events is to be found; the events before it are what requests may look at. No
    event of theirs is learned from (Marlin, 2004; Liang et al., WWW 2018, https://arxiv.org/abs/1802.05814).
    """

    valid: float = 0.1
    test: float = 0.1
    targets: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        _check_shares(self.valid, self.test)
        _check_shares(0.0, self.targets)

    @property
    def guards(self) -> str:
        """What the split protects from, said beside the numbers."""
        return (
            "knowing the users: test users are strangers to the models; of the time it protects their own future only"
        )

    def assign(self, log: Log, clock: Clock) -> Parts:
        """Part of each event, uint8[E]."""
        active = np.flatnonzero(np.diff(log.offsets))
        drawn = np.random.default_rng(self.seed).permutation(active)
        tests, valids = _share_of(len(active), self.test), _share_of(len(active), self.valid)
        part_of = np.full(len(log.offsets) - 1, Part.TRAIN, np.uint8)
        part_of[drawn[:tests]] = Part.TEST
        part_of[drawn[tests : tests + valids]] = Part.VALID
        parts = part_of[log.user]
        early = _cut(log.events.time, log.offsets, 0.0, self.targets) == Part.TRAIN
        parts[early & (parts != Part.TRAIN)] = Part.PAST
        return parts


@dataclass(frozen=True, kw_only=True)
class GivenSplit:
    """The parts that the data itself names: column `part` of its events (train, valid, test)."""

    @property
    def guards(self) -> str:
        """What the split protects from, said beside the numbers."""
        return "nothing by itself: the parts are those that the data came with"

    def assign(self, log: Log, clock: Clock) -> Parts:
        """Part of each event, uint8[E]."""
        if log.given is None:
            raise ValueError(
                "split GivenSplit: these events name no part; map their column `part`, or use another split"
            )
        return log.given


def _check_shares(valid: float, test: float) -> None:
    if not (0 <= valid < 1 and 0 < test < 1 and valid + test < 1):
        raise ValueError(f"split: shares must be positive and leave something to train, got valid={valid}, test={test}")


def _share_of(n: Ints | int, share: float) -> Ints:
    """A share of n things, rounded, halves up."""
    return np.floor(np.asarray(n) * share + 0.5).astype(np.int64)


def _cut(time: Ints, offsets: Ints, valid: float, test: float) -> Parts:
    """Cut each group of events, sorted by time, into training, validation and test, at gaps between times."""
    length = np.diff(offsets)
    tests = _share_of(length, test)
    valids = np.minimum(_share_of(length, valid + test) - tests, length - tests)
    gaps = _gaps(time, offsets)
    place = np.arange(len(time))
    parts = np.full(len(time), Part.TRAIN, np.uint8)
    parts[place >= np.repeat(_nearest(gaps, offsets[1:] - tests - valids), length)] = Part.VALID
    parts[place >= np.repeat(_nearest(gaps, offsets[1:] - tests), length)] = Part.TEST
    return parts


def _gaps(time: Ints, offsets: Ints) -> Ints:
    """Places where a group may be cut, ascending: before each new time, and both its ends."""
    fresh = np.ones(len(time) + 1, np.bool_)
    fresh[1:-1] = time[1:] != time[:-1]
    fresh[offsets] = True
    return np.flatnonzero(fresh)


def _nearest(gaps: Ints, places: Ints) -> Ints:
    """The gap nearest to each place, the later of two that are as near."""
    after = np.searchsorted(gaps, places)
    later, earlier = gaps[after], gaps[np.maximum(after - 1, 0)]
    return np.where(places - earlier < later - places, earlier, later)
