"""Figures of a report, as SVG text that stands in the page."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from taojin.core.units import Ints
from taojin.evaluation.bootstrap import Interval
from taojin.evaluation.evaluation import Values
from taojin.experiment.curves import Curve
from taojin.report.importance import Importance

BLUE, SAND, GREEN, GREY = "#1f5f8b", "#d8a24a", "#4b8b5d", "#8c8c8c"
WIDE = 10.0
"""Inches; the page scales figures down where it is narrower."""
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "taojin",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "legend.frameon": False,
}


def lists(intervals: Mapping[str, Mapping[str, Interval]], metrics: Sequence[str], level: float) -> str:
    """A dot with its interval for every list, a panel for every metric."""
    names = list(intervals)[::-1]
    figure, panels = _figure(len(metrics), height=0.7 + 0.32 * len(names))
    for axes, metric in zip(panels, metrics, strict=True):
        for place, name in enumerate(names):
            one = intervals[name][metric]
            colour = BLUE if name == "funnel" else GREY
            axes.plot([one.low, one.high], [place, place], color=colour, linewidth=2)
            axes.plot([one.mean], [place], "o", color=colour)
        axes.set_yticks(range(len(names)), names if axes is panels[0] else [""] * len(names))
        axes.set_title(f"{metric}, {level:.0%} interval", loc="left")
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.grid(axis="x", alpha=0.3)
    return _svg(figure)


def funnel(stages: Mapping[str, Values]) -> str:
    """How many candidates each stage leaves, and how much of what is relevant."""
    figure, (size, recall) = _figure(2, height=2.6)
    names = list(stages)
    counts = [stages[name]["candidates"] for name in names]
    bars = size.bar(names, counts, color=BLUE)
    size.bar_label(bars, [f"{count:,.0f}" for count in counts])
    size.set_yscale("log")
    size.yaxis.set_visible(False)
    size.spines["left"].set_visible(False)
    size.set_title("candidates a request", loc="left")
    shares = [stages[name]["recall"] for name in names]
    bars = recall.bar(names, shares, color=GREEN)
    recall.bar_label(bars, [f"{share:.3f}" for share in shares])
    recall.set_title("recall of what is relevant", loc="left")
    recall.set_ylim(0, 1.12 * max(*shares, 1e-9))
    for axes in (size, recall):
        axes.tick_params(axis="x", rotation=20)
    return _svg(figure)


def channels(found: Mapping[str, Values]) -> str:
    """What each channel finds within its quota, and what nobody else would."""
    names = sorted(found, key=lambda name: found[name]["recall@k"])
    figure, (axes,) = _figure(1, height=0.9 + 0.3 * len(names))
    axes.barh(names, [found[name]["recall@k"] for name in names], color=SAND, label="recall within its quota")
    axes.barh(names, [found[name]["marginal"] for name in names], color=BLUE, label="lost without it")
    axes.legend(loc="lower right")
    axes.set_title("channels", loc="left")
    return _svg(figure)


def curves(trainings: Sequence[Curve]) -> str:
    """Training loss and validation value by epoch, a panel for each training; the kept epoch has a mark."""
    columns = 4
    lines = -(-len(trainings) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, 1.9 * lines), layout="constrained")
        grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, one in zip(grid, trainings, strict=False):
        epochs = np.arange(1, len(one.valid) + 1)
        axes.plot(epochs, one.valid, color=BLUE, marker=".")
        axes.plot([one.best + 1], [one.valid[one.best]], "o", color=BLUE)
        loss = axes.twinx()
        loss.plot(epochs, one.loss, color=SAND, linestyle="--")
        loss.spines["top"].set_visible(False)
        axes.set_title(one.name, loc="left")
        axes.tick_params(labelsize=7)
        loss.tick_params(labelsize=7)
        axes.xaxis.get_major_locator().set_params(integer=True)
    for axes in grid[len(trainings) :]:
        axes.set_axis_off()
    return _svg(figure)


def features(found: Sequence[Importance]) -> str:
    """What the ranker loses without each feature."""
    shown = list(found)[::-1]
    figure, (axes,) = _figure(1, height=0.8 + 0.24 * len(shown))
    axes.barh(
        [one.feature for one in shown],
        [one.loss for one in shown],
        xerr=[one.spread for one in shown],
        color=BLUE,
        ecolor=GREY,
    )
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_title("AUC lost when the feature is shuffled", loc="left")
    return _svg(figure)


def concentration(shown: Mapping[str, Ints]) -> str:
    """Share of the places that the most shown items take; `shown` counts each item of the catalogue."""
    figure, (axes,) = _figure(1, height=3.0)
    colours = (BLUE, SAND, GREEN, GREY)
    for colour, (name, counts) in zip(colours, shown.items(), strict=False):
        ordered = np.sort(counts)[::-1]
        share = np.concatenate(([0.0], np.cumsum(ordered) / max(1, ordered.sum())))
        axes.plot(np.linspace(0, 1, len(share)), share, color=colour, label=name)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xlabel("share of the catalogue, most shown first")
    axes.set_title("share of the first ten places", loc="left")
    axes.legend(loc="lower right")
    return _svg(figure)


def _figure(panels: int, *, height: float) -> tuple[Figure, list[mpl.axes.Axes]]:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDE, height), layout="constrained")
        return figure, list(figure.subplots(1, panels, squeeze=False).ravel())


def _svg(figure: Figure) -> str:
    """The drawing alone, without the head of a file."""
    text = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]
