"""Raw tables -> `Dataset`: every row is checked, and what is refused is counted, told and kept.

users   `user` (id), attributes
items   `item` (id), attributes
events  `user`, `item`, `time` (int64 ms), `event` (a kind, or several with `+` between: show+click), and where there
        are any `value` (number or null) and `part` (train, valid or test, where the data brings its own split)

Ids are text or whole numbers. Where the clock is ORDER, `time` is any number that grows along a user's events, or is
left out: then the order of the rows counts. Shapes: E events of the log, K events that passed the checks.
"""

import time as clocks
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from taojin.core.events import Events
from taojin.core.units import UNKNOWN, Ints, Mask
from taojin.data.checked import Checked, Counts, Reason
from taojin.data.dataset import Clock, Dataset, Log
from taojin.data.kinds import Kinds
from taojin.data.raw import Check, Raw, as_mask, is_text, missing, sift, with_ids
from taojin.data.split import Part
from taojin.data.vocabulary import Vocabulary


def build(
    name: str,
    *,
    users: pa.Table | Raw | None,
    items: pa.Table | Raw | None,
    events: pa.Table | Raw,
    kinds: Kinds,
    clock: Clock,
    rejects: Path | None = None,
    now: int | None = None,
) -> tuple[Dataset, Checked]:
    """Check three raw tables and turn them into a data set; row i of its tables is row i + 2 of the vocabulary.

    Refused are rows without an id, a time or a declared kind, with a negative time or one after `now`, with a value
    that is not finite, ids that stand twice, and repetitions of an event (user, item, time, kind). Events of several
    kinds at the same user, item and time become one event that has them all; its value is that of the first kind
    that has one. Users and items that only events name get a row without attributes.

    rejects     a CSV file for the refused rows
    now         milliseconds, by default this moment

    >>> events = pa.table({"user": [7, 7, 8], "item": ["a", "b", None], "time": [1, 2, 3], "event": ["like"] * 3})
    >>> dataset, checked = build(
    ...     "tiny", users=None, items=None, events=events, kinds=Kinds(("like",)), clock=Clock.REAL
    ... )
    >>> dataset.items["item"].to_pylist(), checked.reasons
    (['a', 'b'], {'no id': 1})
    """
    people, catalogue = Entities.of(users, "users", "user"), Entities.of(items, "items", "item")
    raw = _typed(events, clock)
    good, refused = sift(raw, _checks(raw.table, kinds, clock, now))
    kept = raw.table if good.all() else raw.table.filter(pa.array(good))
    user, item = people.join(kept["user"]), catalogue.join(kept["item"])
    log, twice = _log(kept, user.rows, item.rows, len(user.vocabulary), kinds, clock)

    repeated = raw.refuse(np.flatnonzero(good)[twice], "event", Reason.DUPLICATE)
    all_refused = pa.concat_tables([people.refused, catalogue.refused, refused, repeated])
    distinct = kept.num_rows - len(twice)
    checked = Checked(
        users=Counts(people.raw.read, people.table.num_rows, user.added),
        items=Counts(catalogue.raw.read, catalogue.table.num_rows, item.added),
        events=Counts(raw.read, distinct),
        merged=distinct - len(log),
        refused=all_refused.sort_by([("table", "ascending"), ("line", "ascending")]),
    )
    if rejects is not None:
        checked.write(rejects)
    if not len(log):
        raise ValueError(f"{name}: no event could be kept\n{checked}")
    tables = (user.table, item.table, user.vocabulary, item.vocabulary, kinds, clock, log)
    return Dataset(*tables, name=name, checked=checked), checked


class Joined(NamedTuple):
    """Entities, those that only events name included.

    rows    vocabulary row of each event's entity, int64[K]
    added   how many are named by events only
    """

    table: pa.Table
    vocabulary: Vocabulary
    rows: Ints
    added: int


class Entities(NamedTuple):
    """Users or items with distinct ids, and those that were refused."""

    raw: Raw
    key: str
    table: pa.Table
    refused: pa.Table

    @classmethod
    def of(cls, source: pa.Table | Raw | None, name: str, key: str) -> "Entities":
        """Check the ids of a table; None is an empty one."""
        table = pa.table({key: pa.array([], pa.string())}) if source is None else source
        raw = with_ids(Raw.of(table, name, (key,)), key)
        ids = raw.table[key]
        twice = np.ones(len(ids), np.bool_)
        twice[np.unique(_codes(ids), return_index=True)[1]] = False
        good, refused = sift(raw, [(key, Reason.ID_MISSING, missing(ids)), (key, Reason.ID_TWICE, twice)])
        return cls(raw, key, raw.table.filter(pa.array(good)), refused)

    def join(self, named: pa.ChunkedArray) -> Joined:
        """Find the ids that events name; new ids come after the others, in the order of their first event."""
        distinct = named.combine_chunks().dictionary_encode()
        vocabulary, table = Vocabulary(tuple(self.table[self.key].to_pylist())), self.table
        strangers = distinct.dictionary.filter(pa.array(vocabulary.rows_of(distinct.dictionary) == UNKNOWN))
        if len(strangers):
            vocabulary = vocabulary.extend(strangers.to_pylist())
            table = pa.concat_tables([table, pa.table({self.key: strangers})], promote_options="default")
        rows = vocabulary.rows_of(distinct.dictionary)[np.asarray(distinct.indices)]
        return Joined(table.combine_chunks(), vocabulary, rows, len(strangers))


def _codes(ids: pa.ChunkedArray) -> NDArray[np.int32]:
    """Equal numbers for equal ids."""
    return np.asarray(pc.fill_null(ids, "").combine_chunks().dictionary_encode().indices)


def _typed(events: pa.Table | Raw, clock: Clock) -> Raw:
    """Events with ids as text, times as int64, values as float64 and kinds as text."""
    raw = Raw.of(events, "events", ("user", "item", "event", *(("time",) if clock is Clock.REAL else ())))
    if "time" not in raw.table.column_names:
        raw = raw.with_column("time", pa.array(np.arange(raw.table.num_rows)))
    if "value" not in raw.table.column_names:
        raw = raw.with_column("value", pa.nulls(raw.table.num_rows, pa.float64()))
    time, value = raw.table["time"], raw.table["value"]
    if pa.types.is_timestamp(time.type):
        time = time.cast(pa.timestamp("ms", time.type.tz), safe=False)
    elif not pa.types.is_integer(time.type):
        raise ValueError(f"{raw.file}: column 'time': expected int64 milliseconds or a timestamp, got {time.type}")
    if not (pa.types.is_integer(value.type) or pa.types.is_floating(value.type) or pa.types.is_null(value.type)):
        raise ValueError(f"{raw.file}: column 'value': expected a number, got {value.type}")
    if not is_text(raw.table["event"].type):
        raise ValueError(f"{raw.file}: column 'event': expected text, got {raw.table['event'].type}")
    raw = raw.with_column("time", time.cast(pa.int64())).with_column("value", value.cast(pa.float64()))
    return with_ids(with_ids(raw, "user"), "item")


def _checks(events: pa.Table, kinds: Kinds, clock: Clock, now: int | None) -> list[Check]:
    """What may be wrong with an event."""
    time = events["time"]
    latest = clocks.time_ns() // 1_000_000 if now is None else now
    checks = [
        ("user", Reason.ID_MISSING, missing(events["user"])),
        ("item", Reason.ID_MISSING, missing(events["item"])),
        ("time", Reason.TIME_MISSING, as_mask(pc.is_null(time))),
        ("time", Reason.TIME_NEGATIVE, as_mask(pc.less(time, 0))),
        ("event", Reason.KIND, _kinds_of(events["event"], kinds)[1] == 0),
        ("value", Reason.VALUE, ~as_mask(pc.is_finite(events["value"].cast(pa.float32())).fill_null(True))),
    ]
    if clock is Clock.REAL:
        checks.append(("time", Reason.FUTURE, as_mask(pc.greater(time, latest))))
    if "part" in events.column_names:
        checks.append(("part", Reason.PART, ~as_mask(pc.is_in(events["part"], _PARTS))))
    return checks


_PARTS = pa.array([part.name.lower() for part in (Part.TRAIN, Part.VALID, Part.TEST)])


def _log(events: pa.Table, user: Ints, item: Ints, users: int, kinds: Kinds, clock: Clock) -> tuple[Log, Ints]:
    """Events in the order of a log, and the places of those in `events` that stand there before."""
    time, value = events["time"].to_numpy(), events["value"].to_numpy()
    kind, bits = _kinds_of(events["event"], kinds)
    bits = kinds.labelled(bits, value)

    item_and_kind = item * (kind.max(initial=0) + 1) + kind
    order = np.lexsort((item_and_kind, time, user))  # stable: of equal events the first comes first
    same_moment = _as_before(user[order], time[order])
    joined = same_moment & _as_before(item[order])
    twice = same_moment & _as_before(item_and_kind[order])
    repeated, order, start = np.sort(order[twice]), order[~twice], np.flatnonzero(~joined[~twice])
    first = order[start]  # [E]

    user, time = user[first], time[first]
    offsets = np.searchsorted(user, np.arange(users + 1)).astype(np.int64)
    if clock is Clock.ORDER:
        moment = np.cumsum(~_as_before(user, time))  # of all users together, from 1
        time = moment - 1 - np.repeat(np.append(0, moment)[offsets[:-1]], np.diff(offsets))
    given = np.asarray(pc.index_in(events["part"], _PARTS), np.uint8)[first] if "part" in events.column_names else None
    united = np.bitwise_or.reduceat(bits[order], start) if len(start) else bits
    return Log(offsets, Events(item[first], united, _first_value(value[order], start), time), given), repeated


def _kinds_of(events: pa.ChunkedArray, kinds: Kinds) -> tuple[Ints, NDArray[np.uint32]]:
    """A number of each text, in the order of their bits, int64[E], and its bits, uint32[E], 0 where it is no kind."""
    texts = pc.fill_null(events, "").combine_chunks().dictionary_encode()
    bits = np.array([kinds.read(text) for text in texts.dictionary.to_pylist()], np.uint32)
    distinct, number = np.unique(bits, return_inverse=True)
    number = number[np.asarray(texts.indices)].astype(np.int64)
    return number, distinct[number]


def _as_before(*columns: NDArray[np.generic]) -> Mask:
    """True where every column is as in the row before."""
    same = np.zeros(len(columns[0]), np.bool_)
    same[1:] = np.logical_and.reduce([column[1:] == column[:-1] for column in columns])
    return same


def _first_value(value: NDArray[np.float64], start: Ints) -> NDArray[np.float32]:
    """The first value of each run that is there, NaN where there is none."""
    if not len(start):
        return np.empty(0, np.float32)
    place = np.where(np.isnan(value), len(value), np.arange(len(value)))
    return np.append(value, np.nan)[np.minimum.reduceat(place, start)].astype(np.float32)
