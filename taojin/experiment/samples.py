"""Rows that rankers learn from: what the channels propose at past moments, what users met afterwards, random items.

Shapes: R requests, N rows, F events after the requests, T tasks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Candidates, Requests, Rows, stack
from taojin.core.events import last_of_each, look_up, spread
from taojin.core.units import FIRST, PAD, UNKNOWN, Ints, Mask
from taojin.data.dataset import Log, TrainView
from taojin.data.kinds import Kinds
from taojin.data.sampling import Sampling
from taojin.data.tasks import Happened
from taojin.experiment.labels import Labels
from taojin.features.snapshot import TRAINING
from taojin.features.training_only import OBSERVED
from taojin.nn.samples import Origin, Samples, join
from taojin.pipeline import Pipeline

ASKED = 2048
"""Moments at which the channels are asked at once: they propose ten times what is kept."""
FORGOTTEN = 0.01
"""Share of rows whose ids are replaced by UNKNOWN, so that the network learns what to do with a stranger."""


@dataclass(frozen=True)
class Moments:
    """Requests at past moments, and what their users had from then on.

    request     int64[F]    ascending
    item        int64[F]    once per request, nothing that the user had consumed before
    happened    [F]         all that happened with it
    """

    requests: Requests
    request: Ints
    item: Ints
    happened: Happened

    def marked(self, *marks: str) -> "Moments":
        """The same moments, their rows to be read as TRAINING or OBSERVED ones, or as neither."""
        return replace(self, requests=replace(self.requests, context=marked(len(self.requests), marks)))

    def of_requests(self, chosen: Ints) -> "Moments":
        """Some of the moments, ascending."""
        place = np.searchsorted(chosen, self.request)
        some = (place < len(chosen)) & (chosen[np.minimum(place, len(chosen) - 1)] == self.request)
        happened = Happened(self.happened.code[some], self.happened.value[some])
        return Moments(self.requests[chosen], place[some], self.item[some], happened)


def late_moments(view: TrainView, sampling: Sampling, *, consumed: int, seed: int) -> Moments:
    """The start of each user's last share of training events, and some random later ones."""
    log, random = view.log, np.random.default_rng(seed)
    length = np.diff(log.offsets)
    early = np.floor((1 - sampling.late) * length).astype(np.int64)
    user = np.flatnonzero((length - early > 0) & (early > 0))
    draw = early[user, None] + random.random((len(user), sampling.requests)) * (length - early)[user, None]
    place = np.floor(draw).astype(np.int64)
    place[:, 0] = early[user]
    start = np.unique((log.offsets[user, None] + place).ravel())
    stop = log.offsets[log.user[start] + 1]
    return moments_at(log, start, stop, items=view.n_items, consumed=consumed).marked(TRAINING, OBSERVED)


def marked(n: int, marks: tuple[str, ...]) -> dict[str, Ints]:
    """The context of requests whose rows are to be read as TRAINING or OBSERVED ones."""
    return {mark: np.ones(n, np.int64) for mark in marks}


def moments_at(log: Log, start: Ints, stop: Ints, *, items: int, consumed: int) -> Moments:
    """Requests at the times of some events; what follows lies in rows up to `stop` of the log, ties included.

    start       int64[R]    row of the event at whose time the request is
    consumed    bits of the kinds after which an item is not recommended again
    """
    user, time = log.user[start], log.events.time[start]
    past = log.before(user, time)
    request, at = spread(past.end, stop)
    key = request * items + log.events.item[at]
    order = np.argsort(key, kind="stable")
    key, kinds = key[order], log.events.kinds[at[order]]
    last = last_of_each(key)
    first = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1]) if len(key) else np.empty(0, np.int64)
    union = np.bitwise_or.reduceat(kinds, first) if len(key) else kinds
    key, value = key[last], log.events.value[at[order]][last]
    fresh = past.consumed(consumed, items).times(key // items, key % items) == 0
    seeds = (user.astype(np.uint64) << np.uint64(32)) ^ start.astype(np.uint64)
    requests = Requests(user, np.full(len(start), PAD), time, seeds, past)
    return Moments(requests, key[fresh] // items, key[fresh] % items, Happened(union[fresh], value[fresh]))


@dataclass(frozen=True)
class Drawn:
    """Samples, and what their rows are about.

    user, item  rows of both for each sample, int64[N]
    time        of each sample's request, int64[N]
    """

    samples: Samples
    user: Ints
    item: Ints
    time: Ints

    @classmethod
    def of(
        cls, rows: Rows, requests: Requests, item: Ints, happened: Happened, origin: NDArray[np.uint8], labels: Labels
    ) -> "Drawn":
        """Rows with the labels that follow from what happened."""
        samples = Samples(rows, labels.of(happened), labels.names, origin, labels.weight(happened))
        return cls(samples, requests.user[rows.of], item, requests.time[rows.of])

    def where(self, mask: Mask) -> "Drawn":
        """Some of the samples."""
        return Drawn(self.samples.where(mask), self.user[mask], self.item[mask], self.time[mask])


def joined(parts: Sequence[Drawn]) -> Drawn:
    """The samples of several, one behind the other."""
    return Drawn(
        join([part.samples for part in parts]),
        np.concatenate([part.user for part in parts]),
        np.concatenate([part.item for part in parts]),
        np.concatenate([part.time for part in parts]),
    )


def draw(
    pipeline: Pipeline,
    moments: Moments,
    sampling: Sampling,
    kinds: Kinds,
    *,
    names: tuple[str, ...],
    seed: int,
) -> Drawn:
    """Ask the channels at each moment and label what they say by what followed.

    names   features to read
    """
    random, labels = np.random.default_rng(seed), Labels(sampling.specs, kinds)
    after = moments.request * pipeline.items + moments.item
    telling = labels.telling(moments.happened)
    parts = []
    for start in range(0, len(moments.requests), ASKED):
        proposed = replace(pipeline.run(moments.requests[start : start + ASKED])["rules"], scores={})
        key = (start + proposed.request) * pipeline.items + proposed.item
        kept = look_up(after, telling, key, absent=0) != 0
        parts.append(proposed.where(kept | _some_of_each(proposed, ~kept, sampling.proposed, random)))
    rows, origin = _with_others(stack(parts), moments, pipeline, sampling, random)
    key = rows.request * pipeline.items + rows.item
    code = look_up(after, moments.happened.code, key, absent=0)
    value = look_up(after, moments.happened.value, key, absent=np.nan)
    origin = np.where(code != 0, Origin.EXPOSED, origin).astype(np.uint8)
    features = pipeline.store.read(names, moments.requests, rows)
    return Drawn.of(features, moments.requests, rows.item, Happened(code, value), origin, labels)


def _some_of_each(candidates: Candidates, mask: NDArray[np.bool_], n: int, random: np.random.Generator) -> Mask:
    """At most n random rows of the mask from each request, as a mask."""
    rows = np.flatnonzero(mask)
    request = candidates.request[rows]
    order = np.lexsort((random.random(len(rows)), request))
    place = np.arange(len(rows)) - np.searchsorted(request[order], request[order])
    some = np.zeros(len(candidates), np.bool_)
    some[rows[order[place < n]]] = True
    return some


def _with_others(
    proposed: Candidates, moments: Moments, pipeline: Pipeline, sampling: Sampling, random: np.random.Generator
) -> tuple[Candidates, NDArray[np.uint8]]:
    """The proposals, what the users met that nobody proposed, and random items; each (request, item) once."""
    met = np.arange(len(moments.item) if sampling.unproposed else 0)
    n = sampling.random * len(moments.requests)
    request = np.concatenate([moments.request[met], np.repeat(np.arange(len(moments.requests)), sampling.random)])
    item = np.concatenate([moments.item[met], random.integers(FIRST, pipeline.items, n)])
    key = np.concatenate([proposed.request * pipeline.items + proposed.item, request * pipeline.items + item])
    origin = np.repeat([Origin.PROPOSED, Origin.EXPOSED, Origin.RANDOM], [len(proposed), len(met), n]).astype(np.uint8)
    unique, first = np.unique(key, return_index=True)  # the proposal where there is one
    request, item = unique // pipeline.items, unique % pipeline.items
    had = moments.requests.past.consumed(pipeline.consumed, pipeline.items).times(request, item) > 0
    first, request, item = first[~had], request[~had], item[~had]
    offsets = np.searchsorted(request, np.arange(len(moments.requests) + 1)).astype(np.int64)
    source = np.flatnonzero(first < len(proposed))
    place = np.zeros((len(first), len(proposed.channels)), np.uint16)
    found = np.zeros(place.shape, np.float32)
    place[source], found[source] = proposed.place[first[source]], proposed.found[first[source]]
    rows = replace(Candidates.of(offsets, item), channels=proposed.channels, place=place, found=found)
    return rows, origin[first]


def forget(samples: Samples, ids: tuple[str, ...], seed: int) -> Samples:
    """Replace a share of the ids by UNKNOWN.

    ids     names of id features
    """
    random = np.random.default_rng(seed)

    def some(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {
            name: np.where(random.random(len(values)) < FORGOTTEN, UNKNOWN, values) if name in ids else values
            for name, values in columns.items()
        }

    rows = samples.rows
    return replace(samples, rows=replace(rows, request=some(rows.request), candidate=some(rows.candidate)))
