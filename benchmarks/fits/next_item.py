"""What the sides of `retrieval-speed` are given and what they answer. NumPy only: peers import it, too.

Shapes: U users, I items, M events of training, R users asked at once, D vector size.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.floating]
K = 10
BLOCK = 256
"""Users whose scores are held at once."""


@dataclass(frozen=True)
class Task:
    """One fit.

    file        sequences by user and time: offsets int64[U+1], item int64[...], from 0
    model       its name
    minutes     a training that has not ended by then is ended
    threads     of the fit
    settings    of the model, as its program reads them
    """

    file: str
    model: str
    minutes: float
    threads: int
    settings: dict[str, float] = field(default_factory=dict)

    def load(self) -> "Histories":
        """The sequences, cut: each user's last event is not read, the one before is to be found."""
        with np.load(self.file) as arrays:
            offsets, item = arrays["offsets"], arrays["item"]
        length = np.diff(offsets)
        user = np.repeat(np.arange(len(length)), length)
        left = np.repeat(offsets[1:], length) - np.arange(len(item))  # 1: the last event
        asked = np.flatnonzero(length >= 3)
        return Histories(user[left > 2], item[left > 2], asked, item[offsets[asked + 1] - 2], int(item.max()) + 1)


@dataclass(frozen=True)
class Histories:
    """Events to learn from, by user and time, and who is asked for what.

    user, item      int64[M]
    asked, wanted   int64[R]    users, and the item that came next
    """

    user: Ints
    item: Ints
    asked: Ints
    wanted: Ints
    items: int

    def of(self, user: int) -> Ints:
        """What a user has had, oldest first."""
        first, stop = np.searchsorted(self.user, [user, user + 1])
        return self.item[first:stop]

    def ndcg(self, score: Callable[[Ints], Floats]) -> float:
        """NDCG@10 over all items that a user has not had; score gives float[R, I] of some users."""
        total = 0.0
        for start in range(0, len(self.asked), BLOCK):
            users, wanted = self.asked[start : start + BLOCK], self.wanted[start : start + BLOCK]
            scores = np.array(score(users), np.float32)
            for row, user in enumerate(users):
                scores[row, self.of(user)] = -np.inf
            of_wanted = scores[np.arange(len(users)), wanted][:, None]
            ahead = (scores > of_wanted).sum(1) + 0.5 * ((scores == of_wanted).sum(1) - 1)
            total += float(((ahead < K) / np.log2(2 + ahead)).sum())
        return total / len(self.asked)


class Curve:
    """How good a training is after how many seconds; the clock stands while it is judged."""

    def __init__(self, judge: Callable[[], float], minutes: float) -> None:
        self.judge, self.minutes = judge, minutes
        self.points: list[tuple[float, float]] = []
        self.judged = 0.0
        self.start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds of training."""
        return time.perf_counter() - self.start - self.judged

    @property
    def late(self) -> bool:
        """Whether time is up."""
        return self.seconds >= 60 * self.minutes

    def add(self) -> float:
        """Judge now."""
        seconds, before = self.seconds, time.perf_counter()
        quality = self.judge()
        self.judged += time.perf_counter() - before
        self.points.append((round(seconds, 2), quality))
        return quality


def answer(points: list[tuple[float, float]], about: str) -> None:
    """Print one line of JSON: a curve, and with what numbers, how long and how exactly it was computed."""
    print(json.dumps({"curve": points, "about": about}))
