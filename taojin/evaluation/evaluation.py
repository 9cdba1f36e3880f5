"""The result of an evaluation: values per user, what they amount to, intervals, and all of it as JSON or a table.

Shapes: R users that were judged, one request each.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from taojin.evaluation.baselines import Setting
from taojin.evaluation.bootstrap import Bootstrap, Interval, average_seeds
from taojin.evaluation.gap import gap_share
from taojin.evaluation.recommended import Doubles

if TYPE_CHECKING:
    import pandas

COMPARED = ("ndcg@10", "hr@10", "recall@10")
"""Metrics whose differences between the funnel and the baselines are reported."""


@dataclass(frozen=True)
class Values:
    """Measurements of one thing (a list, a channel, a stage).

    per_user    [R] each; NaN for users to whom the metric means nothing
    whole       one number each, of all users together
    """

    per_user: Mapping[str, Doubles] = field(default_factory=dict)
    whole: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        """The mean over users, or the number of the whole."""
        return self.means()[name]

    def means(self) -> dict[str, float]:
        """Every metric by name."""
        return {**{name: _mean(values) for name, values in self.per_user.items()}, **self.whole}


@dataclass(frozen=True, kw_only=True)
class About:
    """What was judged.

    part        `valid` or `test`
    guards      what the split protects from
    seeds       of the trainings whose results are averaged per user
    """

    data: str
    scene: str
    part: str
    split: str
    guards: str
    seeds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All that was measured of a funnel, and of what it is compared with.

    users       that were judged
    left_out    users that were not, by reason
    funnel      list metrics of the final lists
    baselines   the same of each baseline
    channels    `recall@k` (k: the quota), `marginal` (recall that would be lost without the channel), `exclusive`
                (share of the channel's hits that no other has), `new_item_recall` (recall@k of items with fewer than
                five training events), `coverage`, `mean_popularity`, `gini`, `ms` a request
    stages      `recall` (of the relevant items, after the stage), `candidates` and `ms` a request
    survival    share of the ranker's 20 best that pre-ranking let through, [R]; empty where there is no such stage
    ranker      task -> kind of negative -> metric
    slices      slice -> list -> metrics
    expected    on a generated world: expected likes among the first ten places, [R], of `funnel`, `popular`, `ideal`
    settings    what was fixed or chosen for each baseline
    """

    about: About
    users: int
    left_out: Mapping[str, int]
    funnel: Values
    baselines: Mapping[str, Values]
    channels: Mapping[str, Values]
    stages: Mapping[str, Values]
    survival: Doubles
    ranker: Mapping[str, Mapping[str, Mapping[str, float]]]
    slices: Mapping[str, Mapping[str, Values]]
    expected: Mapping[str, Doubles]
    settings: Mapping[str, Setting]
    bootstrap: Bootstrap = Bootstrap()

    @property
    def lists(self) -> dict[str, Values]:
        """The funnel and the baselines by name."""
        return {"funnel": self.funnel, **self.baselines}

    @cached_property
    def intervals(self) -> dict[str, dict[str, Interval]]:
        """Interval of each metric per user of each list."""
        return {name: self._mean(values.per_user) for name, values in self.lists.items()}

    @cached_property
    def differences(self) -> dict[str, dict[str, Interval]]:
        """Interval of the funnel minus each baseline, user by user."""
        ours = self.funnel.per_user
        return {
            name: self._mean({metric: ours[metric] - theirs.per_user[metric] for metric in COMPARED})
            for name, theirs in self.baselines.items()
        }

    @cached_property
    def gap(self) -> Interval | None:
        """Share of the way from popularity to the ideal; None where the truth is not known."""
        return gap_share(self.expected, self.bootstrap) if self.expected else None

    def _mean(self, metrics: Mapping[str, Doubles]) -> dict[str, Interval]:
        found = self.bootstrap.mean(np.stack(list(metrics.values()), axis=1))
        return dict(zip(metrics, found, strict=True))

    def to_json(self) -> dict[str, Any]:
        """Everything but the values per user, as plain data; what is not a finite number is None."""
        plain: dict[str, Any] = _finite(self._plain())
        return plain

    def _plain(self) -> dict[str, Any]:
        return {
            "data": self.about.data,
            "scene": self.about.scene,
            "part": self.about.part,
            "split": {"name": self.about.split, "guards": self.about.guards},
            "seeds": list(self.about.seeds),
            "users": self.users,
            "left_out": dict(self.left_out),
            "funnel": self.funnel.means(),
            "baselines": {name: {**v.means(), "setting": self.settings[name]} for name, v in self.baselines.items()},
            "differences": _plain(self.differences),
            "intervals": _plain(self.intervals),
            "stages": {name: values.means() for name, values in self.stages.items()},
            "survival@20": _mean(self.survival),
            "channels": {name: values.means() for name, values in self.channels.items()},
            "ranker": self._main_task(),
            "coverage@10": self.funnel["coverage@10"],
            "slices": {name: {of: v.means() for of, v in lists.items()} for name, lists in self.slices.items()},
            "gap": self._gap(),
        }

    def to_pandas(self) -> "pandas.DataFrame":
        """A row per list and metric with mean, low and high; what is of the whole list has no interval."""
        import pandas  # noqa: PLC0415

        metrics = [
            {"list": name, "metric": metric, "mean": found.mean, "low": found.low, "high": found.high}
            for name, metrics in self.intervals.items()
            for metric, found in metrics.items()
        ]
        whole = [
            {"list": name, "metric": metric, "mean": value}
            for name, values in self.lists.items()
            for metric, value in values.whole.items()
        ]
        return pandas.DataFrame(metrics + whole)

    def __str__(self) -> str:
        """What was judged and a line per list; `report_table` shows everything."""
        about = self.about
        lines = [f"{about.data}, {about.scene}, {about.part} of {about.split}: {self.users:,} users"]
        for name, metrics in self.intervals.items():
            shown = (f"{m} {metrics[m].mean:.4f} [{metrics[m].low:.4f}, {metrics[m].high:.4f}]" for m in COMPARED)
            lines.append(f"{name:<16}{'  '.join(shown)}")
        return "\n".join([*lines, f"The split guards {about.guards}."])

    def _main_task(self) -> dict[str, Any]:
        """The metrics of the first task over all rows; under `tasks` those of every task and kind of negative."""
        for task, kinds in self.ranker.items():
            return {"task": task, **kinds["all"], "tasks": self.ranker}
        return {}

    def _gap(self) -> dict[str, Any] | None:
        if self.gap is None:
            return None
        likes = {name: _mean(values) for name, values in self.expected.items()}
        return {"share": self.gap.mean, "low": self.gap.low, "high": self.gap.high, "expected_likes": likes}


def average(runs: Sequence[Evaluation]) -> Evaluation:
    """One evaluation out of several seeds' on the same users: each user's values are averaged first."""
    for run in runs:
        if replace(run.about, seeds=()) != replace(runs[0].about, seeds=()):
            raise ValueError(f"seeds: expected runs that judge the same, got {run.about} and {runs[0].about}")
    merged = {name: _merge([getattr(run, name) for run in runs]) for name in AVERAGED}
    seeds = tuple(seed for run in runs for seed in run.about.seeds)
    return replace(runs[0], about=replace(runs[0].about, seeds=seeds), **merged)


AVERAGED = ("funnel", "baselines", "channels", "stages", "survival", "ranker", "slices", "expected")


def _merge(values: Sequence[Any]) -> Any:
    """The mean of numbers, of users' values, and of whatever holds them by name."""
    match values[0]:
        case Values():
            return Values(_merge([v.per_user for v in values]), _merge([v.whole for v in values]))
        case Mapping() as first:
            return {name: _merge([v[name] for v in values]) for name in first}
        case np.ndarray():
            return average_seeds(values)
        case _:
            return float(np.mean(values))


def _plain(value: Any) -> Any:
    """Mappings and frozen records as dicts."""
    match value:
        case Mapping():
            return {name: _plain(part) for name, part in value.items()}
        case Interval() | About():
            return {name: _plain(part) for name, part in vars(value).items()}
        case _:
            return value


def _finite(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _finite(part) for name, part in value.items()}
        case list() | tuple():
            return [_finite(part) for part in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def _mean(values: Doubles) -> float:
    """Mean of what is defined, NaN if nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan
