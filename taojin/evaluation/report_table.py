"""An evaluation as tables for the terminal."""

import math
from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from taojin.evaluation.bootstrap import Interval
from taojin.evaluation.evaluation import Evaluation, Values

SHOWN = ("ndcg@10", "hr@10")
"""Metrics that the terminal shows with their intervals; the JSON has all of them."""

BEYOND = ("coverage@10", "gini@10", "novelty@10", "diversity@10", "serendipity@10", "popularity@10")

OF_CHANNELS = ("k", "recall@k", "marginal", "new_item_recall", "coverage", "mean_popularity", "gini", "ms")

HEADS = {
    "candidates": "size",
    "mean_popularity": "popularity",
    "calibration_error": "calibration",
    "new_item_recall": "new recall",
}
"""Names of columns where the full one would not fit."""


def report_table(evaluation: Evaluation) -> RenderableType:
    """What a reader wants to know first: the lists with intervals, the differences, what each part does."""
    return Group(*_parts(evaluation))


def quota_tables(
    today: Mapping[str, int], learned: Mapping[str, int], curve: Mapping[int, Mapping[str, float]], users: int
) -> RenderableType:
    """Learned quotas beside today's, and what each number of candidates finds."""
    ways = list(next(iter(curve.values())))
    title = f"Recall by candidates a request, {users:,} validation users; quotas chosen on other users"
    recall = _table(title, "candidates", tuple(ways))
    for size, by_way in curve.items():
        recall.add_row(f"{size:,}", *(_number(by_way[way]) for way in ways))
    quotas = _table("Quotas", "channel", ("today", "learned"))
    for name, quota in learned.items():
        quotas.add_row(name, f"{today[name]:,}", f"{quota:,}")
    return Group(recall, quotas)


def _parts(evaluation: Evaluation) -> Iterator[RenderableType]:
    about = evaluation.about
    left_out = ", ".join(f"{reason.replace('_', ' ')} {n:,}" for reason, n in evaluation.left_out.items())
    yield Text(
        f"{about.data} · {about.scene} · {about.part} part of {about.split} · {evaluation.users:,} users "
        f"(left out: {left_out}) · seeds {', '.join(map(str, about.seeds))}"
    )
    yield Text(f"The split guards {about.guards}.", style="dim")
    yield _lists(evaluation)
    yield _differences(evaluation)
    yield _means("First ten places beyond accuracy", "list", {n: _beyond(v) for n, v in evaluation.lists.items()})
    yield _means("Stages; quotas cut behind the rules", "stage", evaluation.stages)
    yield _means("Channels within their quotas k", "channel", {n: _channel(v) for n, v in evaluation.channels.items()})
    yield _slices(evaluation)
    for task, kinds in evaluation.ranker.items():
        yield _ranker(task, kinds)
    if len(evaluation.survival):
        share = Values({"survival": evaluation.survival})["survival"]
        yield Text(f"Pre-ranking keeps {share:.1%} of the ranker's 20 best.")
    if evaluation.gap is not None:
        yield Text(f"Share of the gap from popularity to the ideal: {_interval(evaluation.gap)}")


def _lists(evaluation: Evaluation) -> Table:
    level = f"{evaluation.bootstrap.level:.0%}"
    table = _table(f"Lists, mean over users [{level} interval]", "list", (*SHOWN, "recall@10", "map@10", "mrr@10"))
    for name, values in evaluation.lists.items():
        intervals = (_interval(evaluation.intervals[name][metric]) for metric in SHOWN)
        table.add_row(name, *intervals, *(_number(values[metric]) for metric in ("recall@10", "map@10", "mrr@10")))
    return table


def _differences(evaluation: Evaluation) -> Table:
    table = _table("Funnel minus baseline, user by user", "baseline", SHOWN)
    for name, metrics in evaluation.differences.items():
        table.add_row(name, *(_interval(metrics[metric]) for metric in SHOWN))
    return table


def _beyond(values: Values) -> Values:
    means = values.means()
    return Values(whole={name.removesuffix("@10"): means[name] for name in BEYOND if name in means})


def _channel(values: Values) -> Values:
    means = values.means()
    return Values(whole={name: means[name] for name in OF_CHANNELS if name in means})


def _slices(evaluation: Evaluation) -> Table:
    names = list(evaluation.lists)
    table = _table("recall@10 by slice", "slice", ("users", *names))
    for name, lists in evaluation.slices.items():
        recall = (_number(lists[of]["recall@10"]) for of in names)
        table.add_row(name, f"{lists['funnel']['users']:,.0f}", *recall)
    return table


def trial_table(metric: str, today: float, trials: Sequence[tuple[float, Mapping[str, str]]]) -> Table:
    """The best ten trials of a search, beside the recipe as it stands."""
    table = _table(f"Trials on validation; the recipe as it stands: {today:.4f}", metric, ("settings",))
    for value, settings in trials[:10]:
        said = "  ".join(f"{path.split('.', 2)[2]}={text}" for path, text in settings.items())
        table.add_row(f"{value:.4f}", said or "as it stands")
    table.columns[1].justify = "left"
    return table


def _ranker(task: str, kinds: Mapping[str, Mapping[str, float]]) -> Table:
    rows = {name: Values(whole=metrics) for name, metrics in kinds.items()}
    return _means(f"Ranker, {task}: all positives against each kind of negative", "negatives", rows)


def _means(title: str, first: str, rows: Mapping[str, Values]) -> Table:
    columns = tuple(dict.fromkeys(metric for values in rows.values() for metric in values.means()))
    table = _table(title, first, columns)
    for name, values in rows.items():
        means = values.means()
        table.add_row(name, *(_number(means[metric]) for metric in columns))
    return table


def _table(title: str, first: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(HEADS.get(column, column), justify="right", overflow="fold")
    return table


def _interval(found: Interval) -> str:
    return f"{found.mean:.4f} [{found.low:.4f}, {found.high:.4f}]"


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    if value.is_integer() and abs(value) > 1:
        return f"{value:,.0f}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"
