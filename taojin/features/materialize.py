"""Windowed features, executed: one union of asked times and events, one window expression, on any engine.

A value at a time T of the refresh grid is taken over the entity's events in [T - window, T), ties with T left out.
`windowed` is that meaning, for any times asked. It changes only where an event enters or leaves the window, so the
times asked are these (`changes`), and what comes back answers every as-of question.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr import types as ir

from taojin.core.units import FIRST, FOREVER, Floats
from taojin.data.dataset import TrainView
from taojin.data.engine import DuckDB, Engine
from taojin.data.kinds import Kinds
from taojin.features.attributes import Entity
from taojin.features.encode import Scale
from taojin.features.snapshot import Changes, Snapshot, Timeline

Before = Callable[[int], object]
"""Gives the frame of a window: the entity's rows in [T - window, T)."""


@runtime_checkable
class Windowed(Protocol):
    """What the materialiser asks of a spec; see `windows.py`."""

    @property
    def name(self) -> str: ...
    @property
    def entity(self) -> Entity: ...
    @property
    def window(self) -> int: ...
    @property
    def refresh(self) -> int: ...
    @property
    def log(self) -> bool:
        """True if the scale is one of log(1 + value)."""
        ...

    def reads(self, kinds: Kinds) -> int:
        """Bits of the events that it looks at."""
        ...

    def empty(self, view: TrainView) -> float:
        """The value of an entity without events."""
        ...

    def value(self, rows: ir.Table, before: Before, kinds: Kinds, empty: float) -> ir.Column:
        """The value on each row as of its time."""
        ...


def fit_windows(specs: Sequence[Windowed], view: TrainView, engine: Engine | None = None) -> dict[str, Timeline]:
    """Timelines by name, scaled by the values that the training events themselves saw.

    engine      None: a DuckDB of its own
    Specs of one entity and refresh share one pass; give them all at once.
    """
    timelines = _materialise(specs, {spec.name: spec.empty(view) for spec in specs}, view, engine or DuckDB())
    entities = {"user": view.log.user, "item": view.log.events.item}
    fitted = {}
    for spec in specs:
        timeline = timelines[spec.name]
        seen = timeline.at(entities[spec.entity], view.log.events.time)
        fitted[spec.name] = replace(timeline, scale=Scale.fit(seen, log=spec.log))
    return fitted


def renew_windows(
    specs: Sequence[Windowed],
    fitted: Mapping[str, Timeline | Snapshot],
    view: TrainView,
    engine: Engine | None = None,
) -> dict[str, Timeline]:
    """The same features over other events: scales and priors stay as they were fitted.

    For evaluation, which looks at everything before a request, and for refreshing what is served.
    """
    timelines = _materialise(specs, {spec.name: fitted[spec.name].empty for spec in specs}, view, engine or DuckDB())
    return {name: replace(timeline, scale=fitted[name].scale) for name, timeline in timelines.items()}


def windowed(
    specs: Sequence[Windowed], asked: ir.Table, events: ir.Table, kinds: Kinds, empty: Mapping[str, float]
) -> ir.Table:
    """Values of specs that share their entity: a row (entity, as_of, each spec's name) per row of `asked`.

    asked   distinct (entity, as_of), as_of on the grid
    events  see `event_table`
    """
    data = {"kinds": events.kinds, "value": events.value}
    # Null in every column of data: nothing that is asked can count as an event.
    questions = asked.mutate(asked=True, **{name: ibis.null(column.type()) for name, column in data.items()})
    happened = events.select(entity=events[specs[0].entity], as_of=events.time, asked=False, **data)
    rows = questions.select(happened.columns).union(happened)

    def before(window: int) -> object:
        preceding = None if window >= FOREVER else window
        return ibis.range_window(group_by="entity", order_by="as_of", preceding=(preceding, 1))

    columns = {spec.name: spec.value(rows, before, kinds, empty[spec.name]) for spec in specs}
    values = rows.select("entity", "as_of", "asked", **columns)
    return values.filter(values.asked).drop("asked")


def changes(specs: Sequence[Windowed], events: ir.Table, kinds: Kinds) -> ir.Table:
    """Every (entity, as_of) at which a value of these specs may change; they share entity and refresh."""
    entity, refresh = specs[0].entity, specs[0].refresh
    points = []
    for window in sorted({0, *(spec.window for spec in specs if spec.window < FOREVER)}):
        bits = 0
        for spec in specs:
            bits |= spec.reads(kinds) if window in (0, spec.window) else 0
        some = events.filter((events.kinds & bits) != 0)
        # An event at `time` enters at the first T > time of the grid, and leaves at the first T > time + window.
        points.append(some.select(entity=some[entity], as_of=grid(some.time + window, refresh) + refresh))
    return ibis.union(*points).distinct()


def grid(time: ir.IntegerColumn, refresh: int) -> ir.IntegerColumn:
    """Time rounded down to the grid, before 1970 too: engines truncate the remainder towards 0."""
    return time - ((time % refresh) + refresh) % refresh


def event_table(view: TrainView) -> pa.Table:
    """The events as a table: user, item, time, kinds (int64, as Spark has no unsigned numbers), value (null: none)."""
    events = view.log.events
    return pa.table(
        {
            "user": view.log.user,
            "item": events.item,
            "time": events.time,
            "kinds": events.kinds.astype(np.int64),
            "value": pa.array(events.value, from_pandas=True),
        }
    )


def totals(spec: Windowed, view: TrainView, empty: float, engine: Engine) -> Floats:
    """The value of each entity over all events of the view, whatever their time, float32[E]."""
    events = _events_of(spec.entity, engine.load("events", event_table(view)))
    asked = events.select(entity=events[spec.entity]).distinct().mutate(as_of=ibis.literal(view.end, "int64"))
    found = engine.run(windowed((spec,), asked, events, view.kinds, {spec.name: empty}))
    values = np.full(_size(spec.entity, view), empty, np.float32)
    values[found["entity"].to_numpy()] = _floats(found[spec.name])
    return values


def _materialise(
    specs: Sequence[Windowed], empty: Mapping[str, float], view: TrainView, engine: Engine
) -> dict[str, Timeline]:
    """Timelines by name, not yet scaled."""
    groups: defaultdict[tuple[Entity, int], list[Windowed]] = defaultdict(list)
    for spec in specs:
        groups[spec.entity, spec.refresh].append(spec)
    table = engine.load("events", event_table(view))
    timelines = {}
    for (entity, refresh), some in groups.items():
        events = _events_of(entity, table)
        found = engine.run(windowed(some, changes(some, events, view.kinds), events, view.kinds, empty))
        when, order = Changes.of(found["entity"].to_numpy(), found["as_of"].to_numpy(), refresh)
        for spec in some:
            values = _floats(found[spec.name])[order]
            timelines[spec.name] = Timeline(
                spec.name, entity, when, values, empty[spec.name], Scale(), _size(entity, view)
            )
    return timelines


def _events_of(entity: Entity, events: ir.Table) -> ir.Table:
    """Events of somebody: what is UNKNOWN is nobody in particular and has no past of its own."""
    return events.filter(events[entity] >= FIRST)


def _size(entity: Entity, view: TrainView) -> int:
    return view.n_users if entity == "user" else view.n_items


def _floats(column: pa.ChunkedArray) -> Floats:
    """NaN where the column is null."""
    numbers: Floats = pc.fill_null(column, np.nan).to_numpy().astype(np.float32)
    return numbers
