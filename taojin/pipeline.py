"""The funnel, in the order of the picture.

Shapes: R requests, N candidates, C channels, I items.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Candidates, Requests, Rows, merge, stack
from taojin.core.formula import Formula
from taojin.core.stages import FeatureStore, Ranker, Reranker, Retriever, Rule, StageError
from taojin.core.trace import Step, Trace
from taojin.core.units import FIRST, Floats, Ints, Mask
from taojin.retrieval.serve.merging import Merge, ReciprocalRank
from taojin.scene import Cutoffs

STAGES = ("retrieval", "rules", "preranking", "ranking", "reranking")
SHORT, LONGER = 64, 2
"""The longest past of a block at most: so many events, and so many times as many as the shortest has."""


@dataclass(frozen=True)
class Pipeline:
    """A fitted scene.

    quotas      candidates that each channel may bring, after the rules
    value       what a ranker's predictions are worth together
    consumed    bits of the kinds of event after which an item counts as had
    items       size of the item vocabulary
    strict      an error of a part is raised (offline); otherwise the part is left out and the trace says so (online)
    block       requests worked on at once
    merge       orders what the channels brought
    """

    store: FeatureStore
    channels: dict[str, Retriever]
    quotas: dict[str, int]
    rules: dict[str, Rule]
    preranker: Ranker | None
    ranker: Ranker | None
    value: Formula | None
    rerankers: dict[str, Reranker]
    cutoffs: Cutoffs
    last_resort: str | None
    consumed: int
    items: int
    strict: bool = True
    block: int = 256
    merge: Merge = ReciprocalRank()

    def recommend(self, requests: Requests, trace: Trace | None = None) -> Candidates:
        """At most n candidates per request, best first; `scores["final"]` is what they were ranked by."""
        return self.run(requests, trace)["reranking"]

    def run(self, requests: Requests, trace: Trace | None = None) -> dict[str, Candidates]:
        """What leaves each stage, by the stage's name, in blocks of requests so that memory does not grow with R."""
        trace = Trace() if trace is None else trace
        blocks = alike(requests.past.end - requests.past.start, self.block)
        done = [self._block(requests[rows], trace) for rows in blocks]
        order = np.concatenate(blocks)
        if len(done) == 1 and (order == np.arange(len(order))).all():
            return done[0]
        back = np.argsort(order, kind="stable")
        return {stage: stack([result[stage] for result in done]).of_requests(back) for stage in STAGES}

    def only(self, channels: tuple[str, ...]) -> "Pipeline":
        """The same funnel with some channels alone."""
        for name in channels:
            if name not in self.channels:
                raise ValueError(f"channel {name!r}: this scene has {', '.join(self.channels)}")
        return replace(
            self,
            channels={name: self.channels[name] for name in channels},
            quotas={name: self.quotas[name] for name in channels},
            last_resort=self.last_resort if self.last_resort in channels else None,
        )

    def _block(self, requests: Requests, trace: Trace) -> dict[str, Candidates]:
        with trace.step("rules", "beforehand", self.items - FIRST) as step:
            allowed = self._allowed(requests)
            step.after = int(np.count_nonzero(allowed))
        requests = replace(requests, allowed=allowed)
        cutoffs = self.cutoffs.for_places(requests.n)
        reading = Reading(self.store, requests)
        found = self._retrieve(reading, trace)
        kept = self._within_quota(self._filter(reading, found, trace), requests.n)
        light = self._score(reading, kept, self.preranker, stage="preranking", keep=cutoffs.prerank, trace=trace)
        heavy = self._score(reading, light, self.ranker, stage="ranking", keep=cutoffs.rank, trace=trace)
        final = self._rerank(reading, heavy, trace)
        return dict(zip(STAGES, (found, kept, light, heavy, final), strict=True))

    def _allowed(self, requests: Requests) -> Mask:
        """What retrieval may propose, bool[I]: neither caller nor rules are sure to remove it."""
        mask = np.ones(self.items, np.bool_) if requests.allowed is None else requests.allowed.copy()
        mask[:FIRST] = False
        mask[requests.exclude] = False
        for rule in self.rules.values():
            forbidden = rule.forbids(requests)
            if forbidden is not None:
                mask &= ~forbidden
        return mask

    def _retrieve(self, reading: "Reading", trace: Trace) -> Candidates:
        requests = reading.requests
        names = dict.fromkeys(name for channel in self.channels.values() for name in channel.features)
        with trace.step("retrieval", "features"):
            rows = reading.of(tuple(names))
        # Quotas count what the rules leave: fetch as much more as they may remove.
        more = sum(rule.removes(requests) for rule in self.rules.values())
        found = []
        for name, channel in self.channels.items():
            with self._guarded(trace, "retrieval", name) as step:
                proposed = channel.retrieve(requests, rows, min(self._quota(name, requests.n) + more, self.items))
                found.append(replace(proposed, channels=(name,)))
                step.after = len(proposed)
        with trace.step("retrieval", "merge", sum(len(candidates) for candidates in found)) as step:
            merged = merge(found, len(requests))
            step.after = len(merged)
        return merged

    def _quota(self, channel: str, n: int) -> int:
        """Candidates that a channel may bring; the last resort can fill every place."""
        return max(self.quotas[channel], n) if channel == self.last_resort else self.quotas[channel]

    def _filter(self, reading: "Reading", candidates: Candidates, trace: Trace) -> Candidates:
        for name, rule in self.rules.items():
            with self._guarded(trace, "rules", name, len(candidates), may_fail=not rule.must) as step:
                rows = reading.of(rule.features, candidates)
                candidates = candidates.where(rule.keep(reading.requests, candidates, rows))
            step.after = len(candidates)
        return candidates

    def _within_quota(self, candidates: Candidates, n: int) -> Candidates:
        """Each channel's best allowed candidates up to its quota, with the score `merged` that orders them.

        Places are counted anew among what the rules left, and what lies behind a quota is forgotten: so an answer does
        not depend on how much more was fetched for the other requests of its block.
        """
        quota = np.array([self._quota(name, n) for name in candidates.channels])
        column, row = np.nonzero(candidates.place.T)
        group = column * (len(candidates.offsets) - 1) + candidates.request[row]
        order = np.argsort((group << 16) + candidates.place[row, column], kind="stable")
        column, row, group = column[order], row[order], group[order]
        rank = np.arange(len(row)) - np.searchsorted(group, group)
        within = rank < quota[column]
        column, row, rank = column[within], row[within], rank[within]
        places = np.zeros_like(candidates.place)
        places[row, column] = rank + 1
        found = np.where(places > 0, candidates.found, np.float32(0))
        counted = replace(candidates, place=places, found=found).where(np.any(places > 0, axis=1))
        score = self.merge.score(counted)
        return counted.with_score("merged", score).with_score("final", score)

    def _score(
        self,
        reading: "Reading",
        candidates: Candidates,
        ranker: Ranker | None,
        *,
        stage: str,
        keep: int,
        trace: Trace,
    ) -> Candidates:
        """Score with a ranker and cut to the best; without one, or if it fails, the order so far decides."""
        if ranker is not None:
            with self._guarded(trace, stage, "features", len(candidates)) as step:
                rows = reading.of(ranker.features, candidates)
            if not step.failure:
                with self._guarded(trace, stage, "model", len(candidates)) as step:
                    score = self._value(ranker.score(rows))
                    candidates = candidates.with_score(stage, score).with_score("final", score)
                    step.after = min(len(candidates), keep * len(reading.requests))
        return candidates.top(keep, "final")

    def _value(self, predictions: dict[str, Floats]) -> Floats:
        if self.value is None:
            raise StageError(f"value: the scene has none; the ranker predicts {', '.join(predictions)}")
        return self.value(predictions)

    def _rerank(self, reading: "Reading", candidates: Candidates, trace: Trace) -> Candidates:
        requests = reading.requests
        for name, reranker in self.rerankers.items():
            with self._guarded(trace, "reranking", name, len(candidates)) as step:
                rows = reading.of(reranker.features, candidates)
                before = candidates
                candidates = reranker.rerank(requests, candidates, rows, requests.n)
                step.after, step.moved = len(candidates), _moved(before, candidates, requests.n)
        return candidates.where(candidates.position < requests.n)

    @contextmanager
    def _guarded(
        self, trace: Trace, stage: str, part: str, before: int = 0, *, may_fail: bool = True
    ) -> Iterator[Step]:
        """Time a part; if it fails, say so in the trace and go on without it, or raise where that is not allowed."""
        with trace.step(stage, part, before) as step:
            try:
                yield step
            except Exception as error:
                step.failure = f"{type(error).__name__}: {error}"
                if self.strict or not may_fail:
                    raise StageError(f"{stage}, {part}: {step.failure}") from error


def alike(past: Ints, most: int) -> list[Ints]:
    """Requests that work together, at most so many: what one has had is over-fetched for all of its block.

    past    int64[R]    events of each request's past

    >>> alike(np.array([500, 3, 5_000, 40, 510]), 2)
    [array([1, 3]), array([0, 4]), array([2])]
    """
    order = np.argsort(past, kind="stable")
    length, blocks, start = past[order], [], 0
    while start < len(order):
        stop = min(start + most, int(np.searchsorted(length, LONGER * length[start] + SHORT, side="right")))
        blocks.append(order[start:stop])
        start = stop
    return blocks


def _moved(before: Candidates, after: Candidates, n: int) -> int:
    """In how many of the first n places of each request another item stands."""
    return int((before.item != after.item)[before.position < n].sum())


@dataclass(frozen=True, slots=True)
class Reading:
    """What a store says of some requests; columns of the request level are read once for all stages."""

    store: FeatureStore
    requests: Requests
    known: dict[str, NDArray[Any]] = field(default_factory=dict)

    def of(self, names: tuple[str, ...], candidates: Candidates | None = None) -> Rows:
        """Values of these features."""
        rows = self.store.read(names, self.requests, candidates, self.known)
        self.known.update(rows.request)
        return rows
