"""How much of what the ranker likes best light models let through, and what they cost.

Shapes: R requests, N candidates, C cutoffs.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.progress import Progress
from taojin.core.stages import Ranker, StageError
from taojin.core.units import Floats, Ints
from taojin.evaluation.recommended import Doubles
from taojin.pipeline import Pipeline

BLOCK = 64
"""Requests whose candidates are scored by all models at once."""
RANDOM = "random order"


@dataclass(frozen=True, kw_only=True)
class Survival:
    """What one light model lets through.

    share           of the ranker's best that are among the model's best, at each cutoff, mean over requests, [C]
    deviation       standard error of these means, [C]
    microseconds    of the model a candidate, without its features; NaN for what is no model
    """

    share: Doubles
    deviation: Doubles
    microseconds: float


@dataclass(frozen=True, kw_only=True)
class Survivals:
    """Light models beside each other, and a random order.

    top         how many of the ranker's best are looked for
    candidates  a request, in the mean
    """

    cutoffs: tuple[int, ...]
    top: int
    requests: int
    candidates: float
    models: Mapping[str, Survival]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "top": self.top,
            "requests": self.requests,
            "candidates": round(self.candidates, 1),
            "models": {
                name: {
                    "survive": {str(k): round(float(v), 4) for k, v in zip(self.cutoffs, found.share, strict=True)},
                    "error": {str(k): round(float(v), 4) for k, v in zip(self.cutoffs, found.deviation, strict=True)},
                    "microseconds": None if np.isnan(found.microseconds) else round(found.microseconds, 3),
                }
                for name, found in self.models.items()
            },
        }


def survivals(
    pipeline: Pipeline,
    models: Mapping[str, Ranker],
    requests: Requests,
    *,
    cutoffs: Sequence[int],
    top: int = 20,
    seed: int,
    progress: Progress,
) -> Survivals:
    """Let the ranker and each light model score all that the channels propose, and compare.

    pipeline    the scene whose ranker is the measure; its own pre-ranking is passed over
    """
    if pipeline.ranker is None or pipeline.value is None:
        raise ValueError("survival: the scene has no ranker whose best could be looked for")
    random = np.random.default_rng(seed)
    found: dict[str, list[Doubles]] = {name: [] for name in (*models, RANDOM)}
    seconds, candidates = dict.fromkeys(models, 0.0), 0
    light = replace(pipeline, preranker=None, ranker=None, rerankers={})
    with progress.task("pre-ranking", len(requests)) as advance:
        for start in range(0, len(requests), BLOCK):
            block = requests[start : start + BLOCK]
            proposed = light.run(block)["rules"]
            names = dict.fromkeys(name for model in (pipeline.ranker, *models.values()) for name in model.features)
            rows = pipeline.store.read(tuple(names), block, proposed)
            best = _places(proposed, _value(pipeline, "ranker", pipeline.ranker, rows)) < top
            candidates += len(proposed)
            for name, model in models.items():
                started = time.perf_counter()
                score = _value(pipeline, name, model, rows)
                seconds[name] += time.perf_counter() - started
                found[name].append(_survivors(proposed, best, score, cutoffs))
            chance = random.random(len(proposed)).astype(np.float32)
            found[RANDOM].append(_survivors(proposed, best, chance, cutoffs))
            advance(len(block), "")
    if not candidates:
        raise ValueError(f"survival: nothing to compare; none of {len(requests):,} requests has a candidate")
    spent = {name: 1e6 * seconds[name] / candidates for name in models} | {RANDOM: float("nan")}
    return Survivals(
        cutoffs=tuple(cutoffs),
        top=top,
        requests=len(requests),
        candidates=candidates / len(requests),
        models={name: _mean(np.concatenate(counts), spent[name]) for name, counts in found.items()},
    )


def _value(pipeline: Pipeline, name: str, model: Ranker, rows: Rows) -> Floats:
    if pipeline.value is None:
        raise StageError("value: the scene has none")
    score = pipeline.value(model.score(rows))
    if not np.isfinite(score).all():
        raise ValueError(
            f"survival, {name}: {int((~np.isfinite(score)).sum()):,} of {len(score):,} values are not finite"
        )
    return score


def _places(candidates: Candidates, score: Floats) -> Ints:
    """Place of each candidate within its request by a score, from 0."""
    order = np.lexsort((candidates.item, -score, candidates.request))
    place = np.empty(len(candidates), np.int64)
    place[order] = candidates.position
    return place


def _survivors(candidates: Candidates, best: Any, score: Floats, cutoffs: Sequence[int]) -> Doubles:
    """Share of each request's best that lies within each cutoff, float64[R, C]; NaN without candidates."""
    n = len(candidates.offsets) - 1
    place = _places(candidates, score)
    total = np.bincount(candidates.request[best], minlength=n)
    within = [np.bincount(candidates.request[best & (place < k)], minlength=n) for k in cutoffs]
    return np.stack(within, 1) / np.where(total > 0, total, np.nan)[:, None]


def _mean(shares: Doubles, microseconds: float) -> Survival:
    n = (~np.isnan(shares)).sum(0)
    return Survival(
        share=np.nanmean(shares, axis=0), deviation=np.nanstd(shares, axis=0) / np.sqrt(n), microseconds=microseconds
    )
