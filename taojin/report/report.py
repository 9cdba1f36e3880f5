"""Gather what a run's page says, and write it."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from taojin.bundle.bundle import Bundle
from taojin.core.progress import Progress, Silent
from taojin.core.spec import encode
from taojin.core.units import FIRST, Ints
from taojin.core.whole import check_file, whole
from taojin.data.split import Part
from taojin.data.vocabulary import Vocabulary
from taojin.evaluation.evaluation import Evaluation, Values
from taojin.experiment.evaluate import Judged, Offline
from taojin.live.sqlite import SQLiteStore
from taojin.report import plots
from taojin.report.importance import importances
from taojin.serving.answer import Answer
from taojin.serving.question import Question
from taojin.serving.recommender import Recommender

EXAMPLES = 4
LIKED = 5
"""Newest likes of a user that stand beside an example."""
PLACES = 10
COMPARED = ("ndcg@10", "hr@10", "recall@10")
BEYOND = ("coverage@10", "gini@10", "novelty@10", "diversity@10", "serendipity@10", "popularity@10")
CHANNEL = ("k", "recall@k", "marginal", "exclusive", "new_item_recall", "coverage", "mean_popularity", "gini", "ms")
LOST = 0.01
"""Share of the relevant items that a stage has to lose to be named."""
TEMPLATE = "page.html"


@dataclass(frozen=True)
class Example:
    """What one user gets.

    liked   titles of the newest likes, newest first
    """

    user: str
    events: int
    liked: list[str]
    answer: Answer


def report(
    run: Path | str,
    out: Path | str,
    *,
    data: Path | str | None = None,
    part: str = "test",
    progress: Progress | None = None,
) -> Evaluation:
    """Judge a run and write the page, one HTML file that needs nothing from elsewhere.

    data    where the data lies now; None: where it lay at training
    part    test, or valid for what choices may look at
    """
    which = {"test": Part.TEST, "valid": Part.VALID}.get(part)
    if which is None:
        raise ValueError(f"part {part!r}: expected 'test' or 'valid'")
    if Path(out).suffix not in (".html", ".htm"):
        raise ValueError(f"--out {out}: expected a file that ends in .html")
    check_file(Path(out))
    progress = progress or Silent()
    offline = Offline.load(run, data)
    judged = Judged.of(offline, which)
    with tempfile.TemporaryDirectory() as folder:
        evaluation = judged.evaluate(dump=Path(folder), beside={}, progress=progress)
        shown = _shown(Path(folder) / "lists.parquet", offline.bundle.item_vocabulary, tuple(evaluation.lists))
    with progress.task("importances", 1) as advance:
        ranker = judged.pipeline.ranker
        read = importances(ranker, judged.rows, seed=offline.experiment.seed) if ranker is not None else []
        advance(1, "")
    page = _page(offline, evaluation, shown, read)
    with whole(Path(out)) as beside:
        beside.write_text(page, encoding="utf-8")
    return evaluation


def _page(offline: Offline, evaluation: Evaluation, shown: Mapping[str, Ints], read: list[Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("taojin.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    figures = {
        "lists": plots.lists(evaluation.intervals, COMPARED, evaluation.bootstrap.level),
        "funnel": plots.funnel(evaluation.stages),
        "channels": plots.channels(evaluation.channels),
        "curves": plots.curves(offline.trained.curves) if offline.trained.curves else "",
        "features": plots.features(read) if read else "",
        "concentration": plots.concentration(shown),
    }
    return environment.get_template(TEMPLATE).render(
        bundle=offline.bundle.manifest,
        taojin=version("taojin"),
        evaluation=evaluation,
        data=offline.divided.dataset,
        summary=summary(evaluation),
        compared=COMPARED,
        figures=figures,
        **_tables(evaluation),
        examples=_examples(offline.bundle, offline.experiment.sampling.scene),
        recipe=encode(offline.experiment),
    )


def summary(evaluation: Evaluation) -> list[str]:
    """What the numbers say, in sentences.

    The best baseline is the one with the highest mean; where the interval of the difference holds zero, nothing is won.
    """
    metric = COMPARED[0]
    best = max(evaluation.baselines, key=lambda name: evaluation.baselines[name][metric])
    gap = evaluation.differences[best][metric]
    ours, theirs = evaluation.funnel[metric], evaluation.baselines[best][metric]
    verdict = "above" if gap.low > 0 else "below" if gap.high < 0 else "not told apart from"
    sentences = [
        f"The funnel's {metric} is {ours:.4f}, {verdict} the best baseline, {best}, with {theirs:.4f} "
        f"(difference {gap.mean:+.4f}, {evaluation.bootstrap.level:.0%} interval {gap.low:+.4f} to {gap.high:+.4f}; "
        f"{evaluation.users:,} users)."
    ]
    stages = list(evaluation.stages.items())
    lost = [(before["recall"] - after["recall"], name) for (_, before), (name, after) in pairwise(stages)]
    if stages:
        sentences.append(f"Retrieval finds {stages[0][1]['recall']:.1%} of what turned out to be relevant.")
    most, where = max(lost, default=(0.0, ""))
    if most >= LOST:
        sentences.append(f"Behind it {where} loses most: {most:.1%} of what is relevant.")
    idle = [name for name, values in evaluation.channels.items() if values["marginal"] <= 0]
    if idle:
        sentences.append(f"Without {', '.join(idle)} (one at a time) no hit of the candidates would be lost.")
    if evaluation.gap is not None:
        sentences.append(
            f"Of the way from popularity to the best possible lists the funnel goes {evaluation.gap.mean:.0%}."
        )
    return sentences


def _shown(lists: Path, items: Vocabulary, names: tuple[str, ...]) -> dict[str, Ints]:
    """How often each item stands among the first ten places, by list."""
    table = pq.read_table(lists, filters=[("list", "in", names), ("place", "<=", PLACES)])
    counts = {}
    for name in names:
        some = table.filter(pc.equal(table["list"].cast(pa.string()), name))
        rows = items.rows_of(some["item"].cast(pa.string()))
        counts[name] = np.bincount(rows, minlength=len(items))[FIRST:]
    return counts


def _examples(bundle: Bundle, scene: str) -> list[Example]:
    """Users evenly spread over those with likes, and what they get now, from the bundle alone."""
    liked = bundle.kinds.bits(bundle.fitted.positive)
    has = (bundle.history.events.kinds & np.uint32(liked)) != 0
    users = np.unique(bundle.history.user[has])
    users = users[np.linspace(0, len(users) - 1, min(EXAMPLES, len(users))).astype(np.int64)]
    examples = []
    with tempfile.TemporaryDirectory() as folder:
        store = SQLiteStore(Path(folder, "empty.sqlite"))
        recommender = Recommender(bundle, store)
        for row in users.tolist():
            user = bundle.user_vocabulary.id(row)
            mine = np.arange(bundle.history.offsets[row], bundle.history.offsets[row + 1])
            newest = bundle.history.events.item[mine[has[mine]]][::-1][:LIKED]
            names = [
                title or bundle.item_vocabulary.id(int(item))
                for item, title in zip(newest, bundle.catalogue.titles(newest), strict=True)
            ]
            question = Question(user=user, scene=scene, n=PLACES, request_id=f"report {user}")
            examples.append(Example(user, len(mine), names, recommender.recommend(question)))
        store.close()
    return examples


def _tables(evaluation: Evaluation) -> dict[str, Any]:
    """Heads and rows of the page's tables, a row as its name and its cells."""
    survival = evaluation.survival[~np.isnan(evaluation.survival)]
    names = list(evaluation.lists)
    return {
        "stages": _rows(evaluation.stages, ("candidates", "recall", "ms")),
        "survival": float(survival.mean()) if len(survival) else None,
        "channel_heads": list(CHANNEL),
        "channels": _rows(evaluation.channels, CHANNEL),
        "kinds_of": {
            task: [(kind, list(metrics.values())) for kind, metrics in kinds.items()]
            for task, kinds in evaluation.ranker.items()
        },
        "beyond_heads": list(BEYOND),
        "beyond_rows": _rows(evaluation.lists, BEYOND),
        "slices": [
            (name, [lists["funnel"]["users"], *(lists[of]["recall@10"] for of in names)])
            for name, lists in evaluation.slices.items()
        ],
    }


def _rows(found: Mapping[str, Values], metrics: tuple[str, ...]) -> list[tuple[str, list[float]]]:
    """What is not measured is a dash."""
    return [(name, [values.means().get(metric, np.nan) for metric in metrics]) for name, values in found.items()]


def _number(value: float) -> str:
    """As a table shows it."""
    if value is None or np.isnan(value):
        return "–"
    if abs(value) >= 10 or (float(value).is_integer() and abs(value) > 1):
        return f"{value:,.0f}"
    return f"{value:.4f}"
