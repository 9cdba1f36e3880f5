"""What goes through a funnel when it answers the judged requests: lists, losses by stage, finds by channel, time.

Shapes: R requests, K places, M relevant items of all requests, N candidates, I items.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from taojin.core.batch import Candidates
from taojin.core.progress import Progress
from taojin.core.trace import Trace
from taojin.core.units import Ints, Mask
from taojin.evaluation.beyond import exposures
from taojin.evaluation.cases import Cases, found_relevant
from taojin.evaluation.recommended import Recommended
from taojin.pipeline import STAGES, Pipeline

BLOCK = 1_024
"""Requests whose candidates are held at once."""

RANKER_TOP = 20
"""So many of the ranker's best are looked for behind pre-ranking."""

Record = Callable[[str, int, Candidates], None]
"""Called with the name of a list, the number of the first request, and the candidates in the order of the list."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What one stage let through, or one channel proposed.

    relevant        bool[M]     which relevant items are among it
    candidates      all of it, over all requests
    exposures       int64[I]    how many requests each item is there for
    """

    relevant: Mask
    candidates: int
    exposures: Ints

    @classmethod
    def of(cls, block: Cases, candidates: Candidates, items: int) -> "Kept":
        """Count the candidates of some cases."""
        return cls(
            relevant=found_relevant(block, candidates.offsets, candidates.item),
            candidates=len(candidates),
            exposures=exposures(candidates.item, items),
        )

    @classmethod
    def joined(cls, blocks: Sequence["Kept"]) -> "Kept":
        """The same of several blocks of cases together."""
        return cls(
            relevant=np.concatenate([block.relevant for block in blocks]),
            candidates=sum(block.candidates for block in blocks),
            exposures=np.sum([block.exposures for block in blocks], axis=0),
        )


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a funnel made of all cases.

    lists       the final lists
    stages      what left each stage, in their order; a channel's quota is applied behind the rules
    channels    what each channel brought within its quota, of what the rules allow
    best        how many candidates are among the ranker's best of all that the rules allow, int64[R]; at most 20
    survived    how many of those pre-ranking left, int64[R]; both are empty without pre-ranking or ranking
    ms          milliseconds a request, by stage
    channel_ms  milliseconds a request, by channel; in blocks of requests, where one alone takes longer
    """

    lists: Recommended
    stages: dict[str, Kept]
    channels: dict[str, Kept]
    best: Ints
    survived: Ints
    ms: dict[str, float]
    channel_ms: dict[str, float]


def answer(pipeline: Pipeline, cases: Cases, *, progress: Progress, record: Record | None = None) -> Answers:
    """Run the funnel on all cases, through the same code that serves.

    record      is told every list: `stage/NAME`, `channel/NAME`, `ranker_top`
    """
    kept: dict[str, list[Kept]] = defaultdict(list)
    lists, best, survived, trace = [], [], [], Trace()
    ranks_all = exhaustive(pipeline)
    with progress.task("funnel", len(cases)) as advance:
        for start in range(0, len(cases), BLOCK):
            block = cases.only(np.arange(start, min(start + BLOCK, len(cases))))
            result = pipeline.run(block.requests, trace)
            parts = _parts(pipeline, result)
            for name, candidates in parts.items():
                kept[name].append(Kept.of(block, candidates, pipeline.items))
            if ranks_all is not None:
                parts["ranker_top"] = _first(ranks_all.run(block.requests)["ranking"], RANKER_TOP)
                best.append(np.diff(parts["ranker_top"].offsets))
                survived.append(_common(parts["ranker_top"], result["preranking"], pipeline.items))
            if record is not None:
                for name, candidates in parts.items():
                    record(name, start, candidates)
            lists.append(Recommended.of(result["reranking"], cases.requests.n, by="final"))
            advance(len(block), "")
    return Answers(
        lists=Recommended.joined(lists),
        stages={stage: Kept.joined(kept[f"stage/{stage}"]) for stage in STAGES},
        channels={channel: Kept.joined(kept[f"channel/{channel}"]) for channel in pipeline.channels},
        best=_joined(best),
        survived=_joined(survived),
        ms=milliseconds(trace, len(cases)),
        channel_ms={name: channel_milliseconds(trace, name, len(cases)) for name in pipeline.channels},
    )


def within_quota(allowed: Candidates, channel: str, quota: int) -> Candidates:
    """What a channel brought: its best candidates that the rules allow, best first, at most its quota per request."""
    place = allowed.place[:, allowed.channels.index(channel)]
    proposed = np.flatnonzero(place)
    proposed = proposed[np.lexsort((place[proposed], allowed.request[proposed]))]
    return _first(allowed.take(proposed), quota)


def exhaustive(pipeline: Pipeline) -> Pipeline | None:
    """The same funnel whose ranker is asked for all that the rules allow; None without pre-ranking or ranking."""
    if pipeline.preranker is None or pipeline.ranker is None:
        return None
    everything = replace(pipeline.cutoffs, prerank=pipeline.items, rank=RANKER_TOP)
    # A block holds the features of several times as many candidates.
    return replace(pipeline, preranker=None, rerankers={}, cutoffs=everything, block=max(1, pipeline.block // 4))


def milliseconds(trace: Trace, requests: int) -> dict[str, float]:
    """Wall time a request, by stage. The step `features` of a stage that scores lies inside the stage's own step."""
    spent = dict.fromkeys(STAGES, 0.0)
    for step in trace.steps:
        if step.part != "features" or step.stage == "retrieval":
            spent[step.stage] += step.ms / requests
    return spent


def channel_milliseconds(trace: Trace, channel: str, requests: int) -> float:
    """Wall time a request of one channel, without the features that it reads."""
    return sum(step.ms for step in trace.steps if (step.stage, step.part) == ("retrieval", channel)) / requests


def _parts(pipeline: Pipeline, result: dict[str, Candidates]) -> dict[str, Candidates]:
    stages = {f"stage/{stage}": result[stage] for stage in STAGES}
    quotas = pipeline.quotas
    return stages | {f"channel/{name}": within_quota(result["rules"], name, quotas[name]) for name in pipeline.channels}


def _first(candidates: Candidates, k: int) -> Candidates:
    return candidates.where(np.arange(len(candidates)) - candidates.offsets[candidates.request] < k)


def _common(some: Candidates, others: Candidates, items: int) -> Ints:
    """How many of each request's candidates are among the others, int64[R]."""
    among = np.isin(some.request * items + some.item, others.request * items + others.item)
    return np.bincount(some.request[among], minlength=len(some.offsets) - 1).astype(np.int64)


def _joined(blocks: Sequence[Ints]) -> Ints:
    return np.concatenate([np.empty(0, np.int64), *blocks])
