"""The run that a training goes on from: its ids, its words, its weights, and what has happened since its data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from taojin.bundle.bundle import Bundle
from taojin.bundle.save import ADDED, WEIGHTS
from taojin.data.checked import Checked
from taojin.data.continued import continued, led_by
from taojin.data.dataset import Clock, Dataset
from taojin.data.more import read_more
from taojin.data.raw import Raw, with_ids
from taojin.data.vocabulary import Vocabulary
from taojin.features.attributes import Table
from taojin.features.store import Store
from taojin.live.store import collected, place_of
from taojin.live.tables import EVENTS

LIVE = "live"
"""What the live store beside the run has collected."""
PLAIN = pa.schema([*(EVENTS.field(name) for name in ("user", "item", "time", "event")), ("value", pa.float64())])
"""Values of files are kept as they were read, since labels are drawn where they reach a bound."""


@dataclass(frozen=True)
class Base:
    """What is known of an earlier run.

    added       events that came after the recipe's data and were learned from, columns of PLAIN
    new         those that come now, before they are checked; None: none
    words       feature -> the words that it coded, in the order of their codes
    weights     folder of what its trainings have left; None: it has left none
    """

    path: Path
    version: str
    users: Vocabulary
    items: Vocabulary
    added: pa.Table
    words: Mapping[str, tuple[str, ...]]
    weights: Path | None
    new: Raw | None = field(default=None, kw_only=True)

    @classmethod
    def of(cls, bundle: Bundle) -> "Base":
        """The same run, with nothing new."""
        words: dict[str, tuple[str, ...]] = {}
        for pipeline in bundle.scenes.values():
            assert isinstance(pipeline.store, Store), "a bundle holds the one feature store"
            columns = pipeline.store.columns.items()
            words |= {name: column.words for name, column in columns if isinstance(column, Table) and column.words}
        added, weights = bundle.path / ADDED, bundle.path / WEIGHTS
        return cls(
            bundle.path,
            bundle.version,
            bundle.user_vocabulary,
            bundle.item_vocabulary,
            pq.read_table(added).cast(PLAIN) if added.exists() else PLAIN.empty_table(),
            words,
            weights if weights.is_dir() else None,
        )

    def with_events(self, source: Any, events: Path | str) -> "Base":
        """The same with new events: a file's, or with `LIVE` what the live store has collected.

        source  of the recipe, whose files' columns the file may have
        """
        if events != LIVE:
            return replace(self, new=read_more(source, Path(events)))
        table, place = collected(self.path), place_of(self.path)
        if table is None:
            raise ValueError(f"{place}: no such file; `taojin serve {self.path}` makes it and collects what is posted")
        return replace(self, new=Raw("events", table, place) if table.num_rows else None)

    def dataset(self, loaded: Dataset) -> tuple[Dataset, Checked]:
        """The recipe's data with the run's rows first, and all that came later; what was refused of the new."""
        dataset, checked = led_by(loaded, self.users, self.items), Checked()
        if self.new is not None:
            _, checked = continued(dataset, self.new)
        later = self._later
        if later.num_rows:
            dataset, _ = continued(dataset, numbered(later) if dataset.clock is Clock.ORDER else later)
        return dataset, checked

    def story(self, dataset: Dataset, new: Checked, begun: Sequence[str]) -> tuple[str, ...]:
        """What going on from here meant, in sentences.

        dataset     as it is learned from now
        new         what was read and refused of the new events
        begun       trainings that began with this run's weights
        """
        users, items = dataset.n_users - len(self.users), dataset.n_items - len(self.items)
        names = ", ".join(f"{name} {times}x" if times > 1 else name for name, times in Counter(begun).items())
        return (
            f"went on from {self.version}; its weights begin {names or 'no training'}",
            f"new: {users:,} users and {items:,} items behind those of the run",
            *(str(new).splitlines()[2:] if self.new is not None else ()),
        )

    def every(self, dataset: Dataset) -> pa.Table:
        """All events after the recipe's data, each once: what the next run has to add.

        dataset     as it is learned from now; what it refused as lying in the future stays refused when it has come
        """
        later, last = self._later, int(dataset.log.events.time.max())
        keeps_all = self.new is None or dataset.clock is Clock.ORDER
        return later if keeps_all else later.filter(pc.less_equal(later["time"], last))

    def unlearned(self, events: Raw) -> pa.Table:
        """Those that `added` does not have, each once and by time; columns of PLAIN.

        Events without times are taken as new, in the order of their rows. Times that are missing or negative are left
        out, as every check does.
        """
        table, learned = with_ids(with_ids(events, "user"), "item").table, self.added.num_rows
        if "value" not in table.column_names:
            table = table.append_column("value", pa.nulls(table.num_rows, pa.float64()))
        if "time" not in table.column_names:
            first = pc.max(self.added["time"]).as_py() + 1 if learned else 0
            table = table.append_column("time", pa.array(first + np.arange(table.num_rows)))
        table = table.select(PLAIN.names).cast(PLAIN)
        table = table.filter(pc.greater_equal(table["time"], 0))
        # Of equal rows the first is left, so what is behind those of `added` is new.
        return distinct(pa.concat_tables([self.added, table])).slice(learned).sort_by("time")

    @cached_property
    def _later(self) -> pa.Table:
        """All events after the recipe's data, in the order in which they were learned."""
        return self.added if self.new is None else pa.concat_tables([self.added, self.unlearned(self.new)])


def numbered(table: pa.Table) -> pa.Table:
    """The same rows with the number of their moment as `time`, since without a clock the order of learning counts.

    >>> numbered(pa.table({"time": [7, 7, 9, 2]})).to_pydict()
    {'time': [0, 0, 1, 2]}
    """
    moment = np.cumsum(np.diff(table["time"].to_numpy(), prepend=table["time"][0].as_py()) != 0)
    return table.set_column(table.column_names.index("time"), "time", pa.array(moment))


def distinct(table: pa.Table) -> pa.Table:
    """The first of equal rows, in their order.

    >>> distinct(pa.table({"a": [1, 2, 1]})).to_pydict()
    {'a': [1, 2]}
    """
    numbered = table.append_column("row", pa.array(np.arange(table.num_rows)))
    first = numbered.group_by(table.column_names).aggregate([("row", "min")])["row_min"]
    return table.take(pa.array(np.sort(first.to_numpy())))
