"""What vectors are learned from: each liked event, and what was known of its user strictly before.

Shapes: N liked events, V held-out ones, Q query vectors of each, I items in the vocabulary, D embedding size.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Requests
from taojin.core.bounds import Count, Portion, bounded
from taojin.core.events import Pasts
from taojin.core.units import FIRST, PAD, Floats, Ints
from taojin.data.dataset import TrainView

EVERY_KIND = 0xFFFF_FFFF
BLOCK = 64
"""Held-out events that are ranked against the whole catalogue at once."""


@dataclass(frozen=True)
class NextItems:
    """Requests at the time of liked events, by user and time; item int64[N] is what was liked."""

    requests: Requests
    item: Ints

    def __len__(self) -> int:
        return len(self.item)

    def __getitem__(self, rows: Ints) -> "NextItems":
        return NextItems(self.requests[rows], self.item[rows])


def next_items(view: TrainView, event: str) -> NextItems:
    """One row per event of a kind, of items that the vocabulary has; events of equal time do not see each other."""
    events, offsets, user = view.log.events, view.log.offsets, view.log.user
    at = events.matching(view.kinds.bits(event)).position
    at = at[events.item[at] >= FIRST]
    first = np.ones(len(events), np.bool_)
    first[1:] = (np.diff(events.time) != 0) | (np.diff(user) != 0)
    tie = np.maximum.accumulate(np.where(first, np.arange(len(events)), 0))  # first event of the same user and time
    return NextItems(
        Requests(
            user=user[at],
            item=np.full(len(at), PAD, np.int64),
            time=events.time[at],
            seed=np.zeros(len(at), np.uint64),
            past=Pasts(events, offsets[user[at]], tie[at]),
        ),
        events.item[at],
    )


@dataclass(frozen=True, kw_only=True)
class HoldOut:
    """Whose last event is kept to validate on: a share of the users that have two or more, `most` of them at most."""

    share: Portion = 0.5
    most: Count = 2000

    def __post_init__(self) -> None:
        bounded(self)


def hold_out(rows: NextItems, *, seed: int, share: float = 0.5, most: int = 2000) -> tuple[Ints, Ints]:
    """Positions to learn from and to validate on: the last rows of some users, and all the others.

    share, most     of the users that have two rows or more, so many are held out, at least one
    """
    user = rows.requests.user
    last = np.flatnonzero(np.append(user[1:] != user[:-1], True) & np.append(False, user[1:] == user[:-1]))
    if not len(last):
        raise ValueError("no user has two such events: there is nothing to learn from; name another kind of event")
    count = min(max(int(share * len(last)), 1), most)
    held = np.sort(np.random.default_rng(seed).choice(last, count, replace=False))
    return np.setdiff1d(np.arange(len(rows)), held), held


def gain(queries: Floats, items: Floats, rows: NextItems, k: int | None = None) -> float:
    """Mean of 1 ÷ log2(1 + place) of the wanted item among all that its user has not had, in [0, 1]; NaN from NaN.

    queries     float32[V, D] or [V, Q, D], for each row; of several the best counts
    items       float32[I, D]
    k           a place beyond it gives nothing: NDCG@k of one relevant item; None: every place counts
    """
    if np.isnan(queries).any() or np.isnan(items).any():
        return float("nan")  # which would come before nothing, and so be the best
    total = 0.0
    for start in range(0, len(rows), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(rows)))
        score, wanted = _scores(queries[block], items), (np.arange(len(block)), rows.item[block])
        of_wanted = score[wanted]
        request, at = rows.requests.past[block].pairs(EVERY_KIND)
        score[request, rows.requests.past.events.item[at]] = -np.inf
        score[:, :FIRST] = -np.inf
        score[wanted] = of_wanted
        # Of equal scores, half are taken to come before.
        ahead = (score > of_wanted[:, None]).sum(axis=1) + 0.5 * ((score == of_wanted[:, None]).sum(axis=1) - 1)
        shown = ahead < (len(items) if k is None else k)
        total += float((shown / np.log2(2 + ahead)).sum())
    return total / len(rows)


def _scores(queries: Floats, items: Floats) -> Floats:
    """The best inner product of any of a row's queries with each item, float32[V, I]."""
    scores: Floats = queries @ items.T
    return scores if scores.ndim == 2 else scores.max(axis=1)
