"""Judge a funnel: run it on the cases, put baselines beside it, measure everything once.

Shapes: R requests, K places, M relevant items of all requests, I items.
"""

from collections.abc import Mapping

import numpy as np

from taojin.core.progress import Progress, Silent
from taojin.core.units import DAY, Ints, Mask
from taojin.data.dataset import Clock, TrainView
from taojin.evaluation.baselines import Again, Baseline, Popular, PopularRecent, choose
from taojin.evaluation.beyond import ItemSets, coverage, diversity, exposures, gini, novelty, popularity, serendipity
from taojin.evaluation.bootstrap import BOOTSTRAP, Bootstrap
from taojin.evaluation.cases import Cases
from taojin.evaluation.dump import Dump
from taojin.evaluation.evaluation import About, Evaluation, Values
from taojin.evaluation.funnel import Answers, Kept, answer
from taojin.evaluation.gap import Truth, expected_likes
from taojin.evaluation.metrics import hits, per_request, ratio
from taojin.evaluation.ranker import JudgedRows, predict, ranking_quality
from taojin.evaluation.recommended import Doubles, Recommended
from taojin.evaluation.slices import by_slice
from taojin.evaluation.tuned_item_cf import GRID, Grid, tune_item_cf
from taojin.pipeline import Pipeline

NEW = 5
"""An item with fewer training events than these is new."""

WINDOWS = tuple(days * DAY for days in (1, 7, 30, 90, 365))
"""Windows of recent popularity that validation chooses from."""


def fit_baselines(
    view: TrainView,
    valid: Cases,
    *,
    event: str,
    grid: Grid = GRID,
    progress: Progress | None = None,
    had: int | None = None,
) -> dict[str, Baseline]:
    """Popularity of all time, of the last days (where the clock is real) and item CF, tuned on the validation cases.

    Where some of what a user did leaves an item free to come back, what the user had last is one more.

    event   the kind of event that counts as a like
    had     bits of the kinds of event after which an item is not shown again; None: all
    """
    positive, had = view.kinds.bits(event), view.kinds.all if had is None else had
    with (progress or Silent()).task("baselines", 3) as advance:
        fitted: dict[str, Baseline] = {"popular": choose([Popular.fit(view, positive, had)], valid)}
        advance(1, "popular")
        if view.clock is Clock.REAL:
            fitted["popular_recent"] = choose((PopularRecent.fit(view, positive, w, had) for w in WINDOWS), valid)
        advance(1, "popular_recent")
        fitted["item_cf"] = tune_item_cf(view, valid, event=event, grid=grid, had=had)
        if had != view.kinds.all:
            fitted["again"] = choose([Again(items=view.n_items)], valid)
        advance(1, "item_cf")
    return fitted


def evaluate(
    pipeline: Pipeline,
    cases: Cases,
    baselines: Mapping[str, Baseline],
    *,
    view: TrainView,
    about: About,
    judged: JudgedRows | None = None,
    attributes: ItemSets | None = None,
    truth: Truth | None = None,
    dump: Dump | None = None,
    bootstrap: Bootstrap = BOOTSTRAP,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure the funnel and the baselines on the same cases.

    baselines   must hold `popular`, which surprise and the gap to the ideal refer to
    view        training split; its events say how popular an item is
    judged      labelled rows for the ranker
    attributes  what makes two items alike; without them there is no diversity
    truth       of a generated world; without it there is no gap to the ideal
    dump        gets every list and every test set
    """
    _check(cases, baselines, about)
    counts = view.counts(view.kinds.all)
    answers = answer(pipeline, cases, progress=progress or Silent(), record=dump.candidates if dump else None)
    lists = {"funnel": answers.lists}
    lists |= {name: baseline.recommend(cases.requests, cases.requests.n) for name, baseline in baselines.items()}
    measured = {name: _list_values(found, lists["popular"], cases, counts, attributes) for name, found in lists.items()}
    predictions = predict(pipeline.ranker, judged.samples.rows) if judged and pipeline.ranker else {}
    expected = _expected(truth, cases, lists, view.kinds.all) if truth else {}
    if dump:
        _write(dump, cases, lists, expected)
        dump.items(counts, attributes)
        if judged and predictions:
            dump.ranker(judged, predictions)
    return Evaluation(
        about=about,
        users=len(cases),
        left_out={"short_past": cases.short_past, "nothing_relevant": cases.nothing_relevant},
        funnel=measured["funnel"],
        baselines={name: measured[name] for name in baselines},
        channels=_channels(pipeline, answers, cases, counts),
        stages={name: _stage(kept, cases, answers.ms[name]) for name, kept in answers.stages.items()},
        survival=ratio(answers.survived, answers.best),
        ranker=ranking_quality(judged, predictions) if judged else {},
        slices=_slices(lists, cases, counts),
        expected=expected,
        settings={name: baseline.setting for name, baseline in baselines.items()},
        bootstrap=bootstrap,
    )


def _check(cases: Cases, baselines: Mapping[str, Baseline], about: About) -> None:
    if not len(cases):
        raise ValueError(f"evaluation: no user of {about.data!r} has a relevant item in part {about.part!r}")
    if "popular" not in baselines:
        raise ValueError(f"evaluation: expected a baseline 'popular', got {', '.join(baselines) or 'none'}; add it")


def _write(dump: Dump, cases: Cases, lists: Mapping[str, Recommended], expected: Mapping[str, Doubles]) -> None:
    dump.cases(cases)
    for name, found in lists.items():
        dump.lists(name, found)
    dump.expected(expected)


def _list_values(
    found: Recommended, popular: Recommended, cases: Cases, counts: Ints, attributes: ItemSets | None
) -> Values:
    first = found.first(10)
    shown = exposures(first, len(counts))
    hit = hits(found.item, cases.offsets, cases.item)
    per_user = {
        **per_request(found.item, cases.offsets, cases.item),
        "novelty@10": novelty(first, counts),
        "popularity@10": popularity(first, counts),
        "serendipity@10": serendipity(hit, popular.item, found.item, 10),
    }
    if attributes is not None:
        per_user["diversity@10"] = diversity(first, attributes)
    return Values(per_user, {"coverage@10": coverage(shown), "gini@10": gini(shown)})


def _stage(kept: Kept, cases: Cases, ms: float) -> Values:
    return Values({"recall": _share(kept.relevant, cases)}, {"candidates": kept.candidates / len(cases), "ms": ms})


def _channels(pipeline: Pipeline, answers: Answers, cases: Cases, counts: Ints) -> dict[str, Values]:
    new = counts[cases.item] < NEW
    some_new = np.bincount(cases.request[new], minlength=len(cases))
    finders = sum(kept.relevant.astype(np.int64) for kept in answers.channels.values())
    found = {}
    for name, kept in answers.channels.items():
        alone = kept.relevant & (finders == 1)
        shown = max(int(kept.exposures.sum()), 1)
        found[name] = Values(
            {
                "recall@k": _share(kept.relevant, cases),
                "marginal": _share(alone, cases),
                "new_item_recall": ratio(
                    np.bincount(cases.request[kept.relevant & new], minlength=len(cases)), some_new
                ),
            },
            {
                "k": float(pipeline.quotas[name]),
                "exclusive": float(alone.sum() / kept.relevant.sum()) if kept.relevant.any() else float("nan"),
                "candidates": kept.candidates / len(cases),
                "coverage": coverage(kept.exposures),
                "mean_popularity": float(kept.exposures @ counts / shown),
                "gini": gini(kept.exposures),
                "ms": answers.channel_ms[name],
            },
        )
    return found


def _share(chosen: Mask, cases: Cases) -> Doubles:
    """Share of each request's relevant items that are chosen, [R]."""
    return np.bincount(cases.request[chosen], minlength=len(cases)) / cases.relevant


def _slices(lists: Mapping[str, Recommended], cases: Cases, counts: Ints) -> dict[str, dict[str, Values]]:
    by_list = {name: by_slice(found.item, cases, counts) for name, found in lists.items()}
    names = by_list["funnel"]
    return {
        name: {of: Values(slices[name], {"users": _users(slices[name])}) for of, slices in by_list.items()}
        for name in names
    }


def _users(metrics: Mapping[str, Doubles]) -> float:
    return float((~np.isnan(metrics["recall@10"])).sum())


def _expected(truth: Truth, cases: Cases, lists: Mapping[str, Recommended], had: int) -> dict[str, Doubles]:
    return expected_likes(truth, cases.requests, funnel=lists["funnel"], popular=lists["popular"], had=had)
