"""Rows of shown videos, encoded once for all sides of a comparison: KuaiRand, every number as of the row's time.

Shapes: N rows, L history length.
"""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from benchmarks.encoded import EncodedRows
from taojin.core.units import DAY, SECOND
from taojin.data.kuairand import RANGES, KuaiRand
from taojin.data.sampling import Sampling
from taojin.data.tasks import Amount, Task
from taojin.experiment.exposures import draw_exposures
from taojin.experiment.fit import fit_store
from taojin.features.attributes import Attribute, Id
from taojin.features.encode import Bucket
from taojin.features.feature import Category, Feature, History, Number
from taojin.features.materialize import Windowed, renew_windows
from taojin.features.moment import Calendar
from taojin.features.past import Affinity, Past, Recent, What
from taojin.features.windows import Count, Rate

TARGETS = ("click", "long_view")
EVERY_TASK: tuple[str | Task, ...] = (*TARGETS, "like", "follow", Amount("watch_ratio", event="show"))
BUCKETS = 20
CHINA = timezone(timedelta(hours=8))
TEST_FROM = int(datetime(2022, 5, 5, tzinfo=CHINA).astimezone(UTC).timestamp()) * SECOND
"""The last four days of the log, in the app's own time; the day before is the validation part."""

FEATURES: tuple[Feature, ...] = (
    Id(name="user", entity="user"),
    *(Attribute(name=f"user_{name}", column=name, entity="user") for name in ("active", "author", "streamer", *RANGES)),
    *(Past(name=f"user_{event}s", event=event) for event in ("show", "click", "long_view", "skip")),
    Past(name="user_watch_ratio", event="show", what=What.MEAN),
    Calendar(name="hour"),
    Id(name="item", min_count=2),
    Attribute(name="author", column="author", min_count=2),
    Attribute(name="tag", column="tags", most=1),
    Attribute(name="tags", column="tags"),
    Attribute(name="upload", column="upload"),
    Attribute(name="length", column="duration", buckets=BUCKETS),
    Rate(name="click_rate", top="click", bottom="show"),
    Rate(name="long_view_rate", top="long_view", bottom="watch"),
    Count(name="watches", event="watch"),
    Affinity(name="tag_affinity", event="long_view", of="tags"),
    Affinity(name="length_affinity", event="long_view", of="length"),
    Recent(name="history", event="long_view", length=50, columns=("item", "author", "tag")),
)


def video_rows(folder: Path, tasks: tuple[str | Task, ...] = TARGETS) -> EncodedRows:
    """A row per video that was shown; numbers are coded by quantiles of their training rows: all sides read codes."""
    dataset = KuaiRand().load(folder)
    log, kinds = dataset.log, dataset.kinds
    time = log.events.time
    part = ((time >= TEST_FROM - DAY).astype(np.uint8) + (time >= TEST_FROM)).astype(np.uint8)
    store = fit_store(FEATURES, dataset.view(part == 0))
    windows = {spec.name: spec for spec in FEATURES if isinstance(spec, Windowed)}
    fitted = {name: store.columns[name] for name in windows}
    everything = dataset.view(np.ones(len(log), np.bool_))
    store = store.with_columns(dict(renew_windows(tuple(windows.values()), fitted, everything)))
    shown = log.events.matching(kinds.bits("show")).position
    names = tuple(feature.name for feature in FEATURES)
    sampling = Sampling(tasks=tasks, exposed="show", requests=0)
    samples = draw_exposures(store, log, shown, sampling, kinds, names=names).samples
    rows, part = samples.rows, part[shown]
    columns, sizes, singles, sets = {}, {}, [], []
    for name in names:
        values = rows.spread(name)
        match store.columns[name].form:
            case Category(size, width):
                columns[name], sizes[name] = values.astype(np.int32), size
                (singles if width == 1 else sets).append(name)
            case Number():
                bucket = Bucket.fit(values[part == 0, 0], BUCKETS)
                columns[name], sizes[name] = bucket.apply(values[:, 0]).astype(np.int32), bucket.size
                singles.append(name)
            case History(columns=of):
                history = of
                columns |= {f"history_{column}": values[:, :, k].astype(np.int32) for k, column in enumerate(of)}
    return EncodedRows(
        columns,
        sizes,
        dict(zip(sampling.names, np.ascontiguousarray(samples.labels.T), strict=True)),
        part,
        request=tuple(name for name in (*singles, *sets) if name in rows.request),
        singles=tuple(singles),
        sets=tuple(sets),
        history=history,
    )
