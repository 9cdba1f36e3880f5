"""What the funnel has to beat: lists made of popularity, of all time and of the last days.

Baselines are fitted on the training split alone. What a user did between it and the request belongs to the input, not
to the fit. Shapes: R requests, B requests of a block, I items, E training events.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from taojin.core.batch import Requests
from taojin.core.events import spread
from taojin.core.units import DAY, FIRST, PAD, Ints
from taojin.data.dataset import Clock, TrainView
from taojin.evaluation.cases import Cases
from taojin.evaluation.metrics import hits, ndcg
from taojin.evaluation.recommended import Doubles, Recommended

Setting = Mapping[str, str | float]

CELLS = 1 << 23
"""How many scores a block holds, so that memory does not grow with requests times items."""


class Baseline(Protocol):
    """Gives a list for each request, without any funnel."""

    @property
    def setting(self) -> Setting:
        """What was fixed or chosen, by name."""
        ...

    def recommend(self, requests: Requests, k: int) -> Recommended:
        """The k best items of each request that its user has not had."""
        ...


B_co = TypeVar("B_co", bound=Baseline, covariant=True)


@dataclass(frozen=True)
class Chosen(Generic[B_co]):
    """A baseline with its setting and what it reached on the validation cases."""

    baseline: B_co
    validation_ndcg: float

    @property
    def setting(self) -> Setting:
        """The setting and the validation NDCG@10 that chose it."""
        return {**self.baseline.setting, "validation_ndcg@10": self.validation_ndcg}

    def recommend(self, requests: Requests, k: int) -> Recommended:
        """The baseline's lists."""
        return self.baseline.recommend(requests, k)


def choose(options: Iterable[B_co], valid: Cases) -> Chosen[B_co]:
    """The option with the highest mean NDCG@10 on the validation cases, the first of those that tie."""
    if not len(valid):
        raise ValueError("baselines: no validation case to choose by; take a split whose validation part has likes")
    return max((Chosen(option, _ndcg(option, valid)) for option in options), key=lambda chosen: chosen.validation_ndcg)


def _ndcg(baseline: Baseline, valid: Cases) -> float:
    found = hits(baseline.recommend(valid.requests, 10).item, valid.offsets, valid.item)
    return float(ndcg(found, valid.relevant, 10).mean())


@dataclass(frozen=True, kw_only=True)
class Popular:
    """The items with the most training events of some kinds.

    counts      int64[I]
    had         bits of the kinds of event after which an item is not shown again
    """

    counts: Ints
    had: int

    @classmethod
    def fit(cls, view: TrainView, positive: int, had: int | None = None) -> "Popular":
        """Count the events of the positive kinds.

        had     None: all kinds
        """
        return cls(counts=view.counts(positive), had=view.kinds.all if had is None else had)

    @property
    def setting(self) -> Setting:
        """Nothing to set."""
        return {}

    def recommend(self, requests: Requests, k: int) -> Recommended:
        """The same order for everyone, less what each user has had."""
        scores = self.counts.astype(np.float64)
        return best_unseen(lambda block: np.tile(scores, (len(block), 1)), requests, had=self.had, k=k)


@dataclass(frozen=True, kw_only=True)
class PopularRecent:
    """The items with the most training events of some kinds in the window before each request's time.

    item, time      int64[E]    those events, in any order
    window          milliseconds; ties go to the item with more events of all time before the request
    """

    item: Ints
    time: Ints
    window: int
    items: int
    had: int

    @classmethod
    def fit(cls, view: TrainView, positive: int, window: int, had: int | None = None) -> "PopularRecent":
        """Keep the times of the positive events; needs a real clock.

        had     None: all kinds
        """
        had = view.kinds.all if had is None else had
        if view.clock is not Clock.REAL:
            raise ValueError("popularity of the last days: needs a data set with clock REAL, got ORDER; leave it out")
        events, at = view.log.events, view.log.events.matching(positive).position
        return cls(item=events.item[at], time=events.time[at], window=window, items=view.n_items, had=had)

    @property
    def setting(self) -> Setting:
        """The window."""
        return {"window_days": self.window / DAY}

    def recommend(self, requests: Requests, k: int) -> Recommended:
        """What was popular just before each request."""
        return best_unseen(self._scores, requests, had=self.had, k=k)

    def _scores(self, requests: Requests) -> Doubles:
        ever = self._before(requests.time)
        recent = ever - self._before(requests.time - self.window)
        scores: Doubles = recent + ever / (1 + ever.max(axis=1, keepdims=True))
        return scores

    def _before(self, time: Ints) -> Doubles:
        """How many events each item has had before each of these times, [B, I]."""
        edges, row = np.unique(time, return_inverse=True)
        since = np.searchsorted(edges, self.time, side="right")  # the first edge after the event
        seen = since < len(edges)
        cells = np.bincount(since[seen] * self.items + self.item[seen], minlength=len(edges) * self.items)
        return np.cumsum(cells.reshape(len(edges), self.items), axis=0)[row].astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class Again:
    """What the user had last, newest first: hard to beat where people come back for the same things."""

    items: int

    @property
    def setting(self) -> Setting:
        """Nothing to set."""
        return {}

    def recommend(self, requests: Requests, k: int) -> Recommended:
        """The last distinct items of each past; fewer than k where a user had fewer."""
        return best_unseen(self._scores, requests, had=0, k=k)

    def _scores(self, requests: Requests) -> Doubles:
        scores = np.full((len(requests), self.items), -np.inf)
        request, at = spread(requests.past.start, requests.past.end)
        scores[request, requests.past.events.item[at]] = at  # the last one of an item stays
        return scores


def best_unseen(scores: Callable[[Requests], Doubles], requests: Requests, *, had: int, k: int) -> Recommended:
    """The k items with the highest scores among those that each request's user has not had; ties by item row.

    scores      gives float64[B, I] for a block of requests; -inf where an item is not to be shown
    had         bits of the kinds of event after which an item is not shown again
    """
    blocks, start = [], 0
    size = 1
    while start < len(requests):
        block = requests[start : start + size]
        values = scores(block)
        items = values.shape[1]
        request, at = block.past.pairs(had)
        values[request, block.past.events.item[at]] = -np.inf
        values[:, :FIRST] = -np.inf
        blocks.append(_best(values, min(k, items), k))
        start, size = start + size, max(1, CELLS // items)
    if not blocks:
        return Recommended(np.empty((0, k), np.int64), np.empty((0, k)))
    return Recommended.joined(blocks)


def _best(values: Doubles, k: int, places: int) -> Recommended:
    """The k highest finite values of each row, highest first, ties by column, in `places` places."""
    lowest = np.partition(values, -k, axis=1)[:, -k, None]
    above, equal = values > lowest, values == lowest
    chosen = above | (equal & (np.cumsum(equal, axis=1) <= k - above.sum(axis=1, keepdims=True)))
    column = np.nonzero(chosen)[1].reshape(len(values), k)
    value = np.take_along_axis(values, column, axis=1)
    order = np.argsort(-value, axis=1, kind="stable")
    column, value = np.take_along_axis(column, order, axis=1), np.take_along_axis(value, order, axis=1)
    shown = np.isfinite(value)
    item = np.full((len(values), places), PAD, np.int64)
    score = np.zeros((len(values), places))
    item[:, :k][shown], score[:, :k][shown] = column[shown], value[shown]
    return Recommended(item, score)
