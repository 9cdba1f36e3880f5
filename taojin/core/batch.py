"""The columnar batches that travel down the funnel. Online they hold one request, offline thousands.

Shapes: R requests, N candidates of all requests together, C channels, I items in the vocabulary, L history length.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taojin.core.events import Pasts, spread
from taojin.core.units import PAD, Floats, Ints, Mask


@dataclass(frozen=True, slots=True)
class Requests:
    """R recommendation requests.

    user        int64[R]    user row; UNKNOWN for a stranger
    item        int64[R]    the item a `similar` scene starts from, else PAD
    time        int64[R]    milliseconds since 1970-01-01 UTC; nothing may look at or past it
    seed        uint64[R]   from the request id; the only source of randomness
    past        what each request's user did, strictly before `time`
    context     [R] each    known only at request time: device, region, ...
    allowed     bool[I]     what the caller and the catalogue permit, for all requests; None: everything
    exclude     int64[X]    item rows that the caller does not want, for all requests
    n           int         places to fill
    """

    user: Ints
    item: Ints
    time: Ints
    seed: NDArray[np.uint64]
    past: Pasts
    context: dict[str, NDArray[Any]] = field(default_factory=dict)
    allowed: Mask | None = None
    exclude: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    n: int = 10

    def __post_init__(self) -> None:
        sizes = {len(self.user), len(self.item), len(self.time), len(self.seed), len(self.past)}
        assert len(sizes) == 1, f"Requests: columns of different lengths {sorted(sizes)}"

    def __len__(self) -> int:
        return len(self.user)

    def __getitem__(self, rows: slice | Ints | Mask) -> "Requests":
        """Some of the requests."""
        return replace(
            self,
            user=self.user[rows],
            item=self.item[rows],
            time=self.time[rows],
            seed=self.seed[rows],
            past=self.past[rows],
            context={name: values[rows] for name, values in self.context.items()},
        )


@dataclass(frozen=True)
class Candidates:
    """Candidates of R requests, grouped by request (CSR layout).

    offsets   int64[R+1]    rows offsets[r]:offsets[r+1] belong to request r
    item      int64[N]      item row, at most once per request, never PAD
    channels  C names       who proposed
    place     uint16[N, C]  place in channel c, from 1; 0 where c did not propose it
    found     float32[N, C] the channel's own score, 0 where absent
    slot      int16[N]      forced place in the shown list, -1 for none
    keep      bool[N]       `top` never cuts it: forced, guaranteed, exploring
    scores    float32[N]    one column per scorer, always finite
    """

    offsets: Ints
    item: Ints
    channels: tuple[str, ...]
    place: NDArray[np.uint16]
    found: Floats
    slot: NDArray[np.int16]
    keep: Mask
    scores: dict[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.item)
        assert self.offsets[-1] == n, f"Candidates: offsets end at {self.offsets[-1]}, there are {n} items"
        columns: tuple[NDArray[Any], ...] = (self.place, self.found, self.slot, self.keep, *self.scores.values())
        for column in columns:
            assert len(column) == n, f"Candidates: a column of {len(column)} rows for {n} items"

    @classmethod
    def of(cls, offsets: Ints, item: Ints) -> "Candidates":
        """Candidates that no channel proposed: rows to be scored."""
        n = len(item)
        return cls(
            offsets,
            item,
            (),
            np.zeros((n, 0), np.uint16),
            np.zeros((n, 0), np.float32),
            np.full(n, -1, np.int16),
            np.zeros(n, np.bool_),
        )

    @classmethod
    def proposed(cls, channel: str, offsets: Ints, item: Ints, score: Floats) -> "Candidates":
        """What one channel proposes, best first within each request."""
        candidates = cls.of(offsets, item)
        place = np.minimum(candidates.position + 1, np.iinfo(np.uint16).max)
        return replace(
            candidates,
            channels=(channel,),
            place=place.astype(np.uint16)[:, None],
            found=score.astype(np.float32)[:, None],
        )

    def __len__(self) -> int:
        return len(self.item)

    @cached_property
    def request(self) -> Ints:
        """Request of each candidate, int64[N]."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    @cached_property
    def position(self) -> Ints:
        """Position of each candidate within its request, from 0, int64[N]."""
        return np.arange(len(self)) - self.offsets[self.request]

    def where(self, mask: Mask) -> "Candidates":
        """Drop the rows that are not in the mask; the order stays."""
        assert mask.dtype == np.bool_ and len(mask) == len(self), "Candidates.where: one bool per candidate"
        if mask.all():
            return self
        kept = np.concatenate(([0], np.cumsum(mask)))
        return self._rows(np.flatnonzero(mask), kept[self.offsets])

    def with_score(self, name: str, values: Floats) -> "Candidates":
        """Add a column of scores; refuses a wrong length and what is not finite."""
        values = np.asarray(values, dtype=np.float32)
        if values.shape != (len(self),):
            raise ValueError(f"score {name!r}: expected shape ({len(self)},), got {values.shape}")
        if not np.isfinite(values).all():
            raise ValueError(
                f"score {name!r}: {int((~np.isfinite(values)).sum())} of {len(values)} values are not finite"
            )
        return replace(self, scores={**self.scores, name: values})

    def top(self, k: int, by: str) -> "Candidates":
        """The k best of each request by a score and every row with `keep`, best first, ties by item row."""
        order = np.lexsort((self.item, -self.scores[by], self.request))
        stays = self.position < k
        if self.keep.any():
            # What is kept takes its places wherever it stands; the best of the others get those that are left.
            keep = self.keep[order]
            left = k - np.bincount(self.request[self.keep], minlength=len(self.offsets) - 1)
            others = np.concatenate(([0], np.cumsum(~keep)))
            ahead = others[:-1] - others[self.offsets[self.request]]
            stays = keep | (ahead < left[self.request])
        return self.take(order[stays])

    def take(self, rows: Ints) -> "Candidates":
        """These rows in this order; the rows of a request must stay together and in the order of requests."""
        count = np.bincount(self.request[rows], minlength=len(self.offsets) - 1)
        return self._rows(rows, np.concatenate(([0], np.cumsum(count))))

    def of_requests(self, requests: Ints) -> "Candidates":
        """The candidates of these requests, in this order of the requests."""
        start, stop = self.offsets[:-1][requests], self.offsets[1:][requests]
        _, rows = spread(start, stop)
        return self._rows(rows, np.concatenate([[0], np.cumsum(stop - start)]))

    def _rows(self, rows: Ints, offsets: Ints) -> "Candidates":
        return Candidates(
            offsets.astype(np.int64),
            self.item[rows],
            self.channels,
            self.place[rows],
            self.found[rows],
            self.slot[rows],
            self.keep[rows],
            {name: values[rows] for name, values in self.scores.items()},
        )


def merge(found: list[Candidates], requests: int) -> Candidates:
    """One row per (request, item) out of the proposals of several channels, by request and item.

    What one channel keeps is kept, in the slot that it forces.
    """
    channels = tuple(name for candidates in found for name in candidates.channels)
    request = np.concatenate([np.empty(0, np.int64), *(c.request for c in found)])
    item = np.concatenate([np.empty(0, np.int64), *(c.item for c in found)])
    order = np.lexsort((item, request))
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (np.diff(request[order]) != 0) | (np.diff(item[order]) != 0)
    row = np.empty(len(order), np.int64)
    row[order] = np.cumsum(fresh) - 1
    n = int(fresh.sum())
    place, score = np.zeros((n, len(channels)), np.uint16), np.zeros((n, len(channels)), np.float32)
    slot, keep = np.full(n, -1, np.int16), np.zeros(n, np.bool_)
    at = 0
    for column, candidates in enumerate(found):
        rows = row[at : at + len(candidates)]
        place[rows, column], score[rows, column] = candidates.place[:, 0], candidates.found[:, 0]
        if candidates.keep.any():
            slot[rows] = np.maximum(slot[rows], candidates.slot)
            keep[rows] |= candidates.keep
        at += len(candidates)
    first = order[fresh]
    offsets = np.searchsorted(request[first], np.arange(requests + 1)).astype(np.int64)
    return Candidates(offsets, item[first], channels, place, score, slot, keep)


def stack(parts: list[Candidates]) -> Candidates:
    """The candidates of several blocks of requests as one batch; all blocks have the same channels and scores."""
    first = parts[0]
    starts = np.cumsum([0, *(len(part) for part in parts)])
    offsets = [part.offsets[1:] + start for part, start in zip(parts, starts, strict=False)]
    return Candidates(
        np.concatenate([[0], *offsets]).astype(np.int64),
        np.concatenate([part.item for part in parts]),
        first.channels,
        np.concatenate([part.place for part in parts]),
        np.concatenate([part.found for part in parts]),
        np.concatenate([part.slot for part in parts]),
        np.concatenate([part.keep for part in parts]),
        {name: np.concatenate([part.scores[name] for part in parts]) for name in first.scores},
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """Feature values of R requests and their N candidates, each stored once, at its own level.

    request     columns [R, ...]    user, context, histories
    candidate   columns [N, ...]    item, and user x item
    of          int64[N]            request of each candidate
    """

    request: dict[str, NDArray[Any]]
    candidate: dict[str, NDArray[Any]]
    of: Ints

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A column at its own level."""
        return self.request[name] if name in self.request else self.candidate[name]

    def spread(self, name: str) -> NDArray[Any]:
        """A column with a value per candidate, [N, ...], whatever its level."""
        return self.request[name][self.of] if name in self.request else self.candidate[name]


assert PAD == 0, "padding is written as zeros"
