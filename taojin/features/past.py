"""Features of a user's own past: one NumPy function each, live, the same in training and at request time.

Shapes: R requests, N candidates, L history length, H history columns, V values of a set, P (request, event) pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import numpy as np

from taojin.core.batch import Candidates, Requests
from taojin.core.bounds import COUNT, Count, Positive, bounded
from taojin.core.events import no_pasts
from taojin.core.units import FIRST, FOREVER, PAD, YEAR, Ints, Mask
from taojin.data.dataset import TrainView
from taojin.features.encode import Scale
from taojin.features.feature import Ask, Category, Column, Form, History, Level, Number, Values


class What(StrEnum):
    """What is said of a user's past events.

    COUNT       how many
    MEAN        mean of their values
    DEVIATION   population standard deviation of their values
    SINCE       years since the last one
    """

    COUNT = "count"
    MEAN = "mean"
    DEVIATION = "deviation"
    SINCE = "since"


@dataclass(frozen=True)
class PastNumber:
    """A number about the past of each request's user, float32[R, 1]."""

    name: str
    kinds: int
    what: What
    window: int
    scale: Scale
    level: Level = Level.REQUEST
    form: Form = Number()

    def read(self, ask: Ask) -> Values:
        """The scaled number as of each request's time."""
        return self.scale.apply(self.raw(ask))[:, None]

    def raw(self, ask: Ask) -> Values:
        """The number before scaling, float64[R]; NaN where there is no event to take it from."""
        past, time = ask.requests.past, ask.requests.time
        request, at = past.pairs(self.kinds)
        if self.window != FOREVER:
            recent = past.events.time[at] >= time[request] - self.window
            request, at = request[recent], at[recent]
        n = np.bincount(request, minlength=len(past)).astype(np.float64)
        if self.what == What.COUNT:
            return n
        if self.what == What.SINCE:
            last = np.full(len(past), -np.inf)
            np.maximum.at(last, request, past.events.time[at].astype(np.float64))
            return np.where(n > 0, (time - last) / YEAR, np.nan)
        value = past.events.value[at].astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(request, value, len(past)) / n
            if self.what == What.MEAN:
                return mean
            return np.sqrt(np.bincount(request, (value - mean[request]) ** 2, len(past)) / n)


@dataclass(frozen=True, kw_only=True)
class Past:
    """How many events of a kind the user has had, their mean value, or how long ago the last one was."""

    name: str
    event: str
    what: What = What.COUNT
    window: Count = FOREVER

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def needs_clock(self) -> bool:
        """A window or a time since is one of a clock."""
        return self.what == What.SINCE or self.window != FOREVER

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> PastNumber:
        """Scale by the values at a sample of training events."""
        log = self.what in (What.COUNT, What.SINCE)
        raw = PastNumber(self.name, view.kinds.bits(self.event), self.what, self.window, Scale())
        return PastNumber(raw.name, raw.kinds, raw.what, raw.window, Scale.fit(raw.raw(sample(view)), log=log))


def sample(view: TrainView, requests: int = 20_000) -> Ask:
    """Requests at evenly spread training events, to fit scales on."""

    at = np.unique(np.linspace(0, len(view.log) - 1, min(requests, len(view.log))).astype(np.int64))
    user, time = view.log.user[at], view.log.events.time[at]
    past = view.log.before(user, time)
    zero = np.zeros(len(at), np.int64)
    return Ask(Requests(user, zero, time, zero.astype(np.uint64), past), None, {})


@dataclass(frozen=True)
class RecentItems:
    """Codes of the last items of some kinds, int64[R, L, H]; newest last, PAD on the left.

    tables  one int64[I] for each column: the code of each item
    gap     milliseconds without such an event that end a session, of which only the present one is read; None: all
    """

    name: str
    kinds: int
    form: History
    tables: tuple[Ints, ...]
    gap: int | None = None
    level: Level = Level.REQUEST

    def read(self, ask: Ask) -> Values:
        """The history of each request's user."""
        item = ask.requests.past.items(self.kinds, self.form.length)
        if self.gap is not None and item.size:
            item = np.where(self._present(ask, self.gap), item, PAD)
        return np.stack([np.where(item == PAD, PAD, table[item]) for table in self.tables], axis=2)

    def _present(self, ask: Ask, gap: int) -> Mask:
        """Which places belong to the session in which the request is, bool[R, L]."""
        at = ask.requests.past.last(self.kinds, self.form.length)
        if not len(ask.requests.past.events):
            return at >= 0
        time = np.concatenate([ask.requests.past.events.time[at], ask.requests.time[:, None]], axis=1)
        near = np.diff(time, axis=1) <= gap
        # A place is of the session if no gap lies between it and the request.
        return np.logical_and.accumulate(near[:, ::-1], axis=1)[:, ::-1]


@dataclass(frozen=True, kw_only=True)
class Recent:
    """The last `length` items that the user had an event of a kind with.

    columns     candidate categories of one value whose codes stand in for the items; for channels and embeddings
                that start from the items of the history, the first is the item's id
    gap         milliseconds without such an event that end a session: only the present one is read; None: all
    """

    name: str
    event: str
    length: Count = 50
    columns: tuple[str, ...] = ("item",)
    gap: Annotated[int | None, COUNT] = None

    def __post_init__(self) -> None:
        bounded(self)
        if not self.columns:
            raise ValueError('Recent.columns: expected one column or more, such as ("item",); got none')

    @property
    def needs_clock(self) -> bool:
        """A gap is one of a clock."""
        return self.gap is not None

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> RecentItems:
        """Take the code of each item from the columns declared before."""
        everything = whole_catalogue(view, columns)
        tables = tuple(everything.value(name).astype(np.int64) for name in self.columns)
        for name, table in zip(self.columns, tables, strict=True):
            if table.ndim != 1:
                raise ValueError(f"feature {self.name!r}: column {name!r} must be a category of one value per item")
        return RecentItems(self.name, view.kinds.bits(self.event), History(self.length, self.columns), tables, self.gap)


def whole_catalogue(view: TrainView, columns: Mapping[str, Column]) -> Ask:
    """One request at the end of the view whose candidates are all rows of the vocabulary, PAD included."""

    one = np.zeros(1, np.int64)
    requests = Requests(one, one, np.array([view.end]), one.astype(np.uint64), no_pasts(1))
    return Ask(requests, Candidates.of(np.array([0, view.n_items]), np.arange(view.n_items)), columns)


@dataclass(frozen=True)
class TagAffinity:
    """How much of the user's liking lies on the candidate's tags, float32[N, 1].

    tags    int64[I, V] codes of each item's tags
    share   float32[size] how often each tag occurs among training events
    """

    name: str
    kinds: int
    length: int
    tags: Ints
    share: Values
    strength: float
    level: Level = Level.CANDIDATE
    form: Form = Number()

    def read(self, ask: Ask) -> Values:
        """Log of (the user's share of the tag ÷ everybody's), averaged over the candidate's tags; 0 for no tags."""
        taste = self.taste(ask)  # [R, size]
        tags = self.tags[ask.item]  # [N, V]
        known = tags >= FIRST
        lift = np.where(known, taste[ask.of[:, None], tags], 0.0).sum(axis=1)
        return (lift / np.maximum(known.sum(axis=1), 1)).astype(np.float32)[:, None]

    def taste(self, ask: Ask) -> Values:
        """Log lift of each tag in each user's last events, smoothed towards 0, float64[R, size]."""
        item = ask.requests.past.items(self.kinds, self.length)  # [R, L]
        tags = self.tags[item]  # [R, L, V]
        size, requests = len(self.share), len(item)
        cell = np.arange(requests)[:, None, None] * size + tags
        count = np.bincount(cell[tags >= FIRST], minlength=requests * size).reshape(requests, size)
        total = count.sum(axis=1, keepdims=True)
        expected = self.share[None, :] * self.strength
        return np.log((count + expected + 1e-9) / ((total + self.strength) * self.share[None, :] + 1e-9))


@dataclass(frozen=True, kw_only=True)
class Affinity:
    """Overlap of the user's past likes with the candidate's tags (genres, brand, ...).

    of          candidate category that holds the tags
    strength    so many average events are mixed into the user's own
    """

    name: str
    event: str
    of: str
    length: Count = 200
    strength: Positive = 10.0
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> TagAffinity:
        """Count how often each tag occurs among training events of the kind."""
        tags = whole_catalogue(view, columns).value(self.of).reshape(view.n_items, -1).astype(np.int64)
        form = columns[self.of].form
        if not isinstance(form, Category):
            raise ValueError(f"feature {self.name!r}: {self.of!r} must be a category")
        bits = view.kinds.bits(self.event)
        seen = tags[view.log.events.item[view.log.events.matching(bits).position]]
        share = np.bincount(seen[seen >= FIRST], minlength=form.size).astype(np.float64)
        share /= max(share.sum(), 1.0)
        return TagAffinity(self.name, bits, self.length, tags, share, self.strength)


@dataclass(frozen=True)
class NumberGap:
    """Distance of the candidate's number from the user's usual one, in the user's deviations, float32[N, 1].

    numbers     float32[I] scaled numbers of the items
    """

    name: str
    kinds: int
    length: int
    numbers: Values
    level: Level = Level.CANDIDATE
    form: Form = Number()

    def read(self, ask: Ask) -> Values:
        """Absolute gap; 0 for users without a past."""
        item = ask.requests.past.items(self.kinds, self.length)
        known, value = item >= FIRST, self.numbers[item]
        n = known.sum(axis=1)
        # Two imagined events at the middle of everything keep short pasts from looking sure.
        mean = np.where(known, value, 0.0).sum(axis=1) / (n + 2)
        spread = np.where(known, (value - mean[:, None]) ** 2, 0.0).sum(axis=1)
        deviation = np.sqrt((spread + 2) / (n + 2))
        gap = np.abs(self.numbers[ask.item] - mean[ask.of]) / deviation[ask.of]
        return np.where(n[ask.of] > 0, np.minimum(gap, 10), 0).astype(np.float32)[:, None]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How far the candidate's price, year, ... lies from what the user usually likes, in deviations."""

    name: str
    event: str
    of: str
    length: Count = 200
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> NumberGap:
        """Take the scaled number of each item from a column declared before."""
        numbers = whole_catalogue(view, columns).value(self.of)
        if not isinstance(columns[self.of].form, Number):
            raise ValueError(f"feature {self.name!r}: {self.of!r} must be a number")
        return NumberGap(self.name, view.kinds.bits(self.event), self.length, numbers.reshape(-1).astype(np.float32))
