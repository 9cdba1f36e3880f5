"""A data set and what has happened since: new events behind those that are there, new ids behind the known ones."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from taojin.core.events import Events
from taojin.core.units import FIRST, Ints
from taojin.data.checked import Checked
from taojin.data.dataset import Clock, Dataset, Log, take
from taojin.data.raw import Raw
from taojin.data.split import Part
from taojin.data.tables import build
from taojin.data.vocabulary import Vocabulary


def continued(dataset: Dataset, more: pa.Table | Raw) -> tuple[Dataset, Checked]:
    """The data set with further events, checked as those before, and what was read and refused of them.

    Rows of users and items stay what they were; those that only the new events name come behind them, without
    attributes. An event that is there already counts once. Where the clock is ORDER the new ones stand behind all that
    their user has done. A split that the data brings along takes them for training.

    more    `user`, `item`, `time`, `event` and `value`, as `build` takes them

    >>> from taojin.data.kinds import Kinds
    >>> events = pa.table({"user": ["u", "u"], "item": ["a", "b"], "time": [1, 2], "event": ["like", "like"]})
    >>> dataset, _ = build("tiny", users=None, items=None, events=events, kinds=Kinds(("like",)), clock=Clock.REAL)
    >>> new = pa.table({"user": ["v", "u"], "item": ["a", "b"], "time": [3, 2], "event": ["like", "like"]})
    >>> longer, _ = continued(dataset, new)
    >>> longer.user_vocabulary.ids, len(longer.log)
    (('u', 'v'), 3)
    """
    found, checked = build(
        dataset.name,
        users=dataset.users,
        items=dataset.items,
        events=more,
        kinds=dataset.kinds,
        clock=dataset.clock,
    )
    log = _joined(dataset.log, found.log, found.n_users, dataset.clock)
    return replace(found, log=log, context=dataset.context, checked=dataset.checked), checked


def led_by(dataset: Dataset, users: Vocabulary, items: Vocabulary) -> Dataset:
    """The same data with its rows in the order of earlier vocabularies; what they lack comes behind.

    An id that the data has no longer keeps its row, without attributes.
    """
    people, user = _led_by(dataset.users, "user", dataset.user_vocabulary, users)
    goods, item = _led_by(dataset.items, "item", dataset.item_vocabulary, items)
    log, events = dataset.log, dataset.log.events
    first, second = users.extend(dataset.user_vocabulary.ids), items.extend(dataset.item_vocabulary.ids)
    moved = user[log.user]
    order = np.lexsort((item[events.item], events.time, moved))
    given = None if log.given is None else log.given[order]
    ordered = Log(_offsets(moved[order], len(first)), take(replace(events, item=item[events.item]), order), given)
    return replace(dataset, users=people, items=goods, user_vocabulary=first, item_vocabulary=second, log=ordered)


def _led_by(table: pa.Table, key: str, now: Vocabulary, before: Vocabulary) -> tuple[pa.Table, Ints]:
    """The table in the order of the earlier vocabulary, and the new row of each old one, int64[vocabulary]."""
    ids = before.extend(now.ids)
    place = now.rows_of(ids.column) - FIRST
    found = table.take(pa.array(place, mask=place < 0))
    rows = np.concatenate([np.arange(FIRST), ids.rows_of(now.column)])
    return found.set_column(found.column_names.index(key), key, ids.column), rows


def among(dataset: Dataset, known: Dataset) -> Dataset:
    """A continued data set without the items that the one before did not have; new users stay behind the others."""
    events = dataset.log.events
    some = dataset.log.where(events.item < known.n_items)
    return replace(dataset, items=known.items, item_vocabulary=known.item_vocabulary, log=some)


def _joined(first: Log, second: Log, users: int, clock: Clock) -> Log:
    """Both logs as one; of events with the same user, item and time one is left, with the kinds of all."""
    start = np.concatenate([first.offsets, np.full(users + 1 - len(first.offsets), first.offsets[-1])])
    user = np.concatenate([first.user, second.user])
    time = second.events.time if clock is Clock.REAL else second.events.time + np.diff(start)[second.user]
    parts = [first.events, replace(second.events, time=time)]
    item, kinds, value, times = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("item", "kinds", "value", "time")
    )
    order = np.lexsort((item, times, user))  # stable: what was there first comes first
    keys = np.stack([user[order], times[order], item[order]])
    begins = np.flatnonzero(np.append(True, (keys[:, 1:] != keys[:, :-1]).any(0)))
    kept = order[begins]
    given = None
    if first.given is not None:
        given = np.concatenate([first.given, np.full(len(second), Part.TRAIN, np.uint8)])[kept]
    united = np.bitwise_or.reduceat(kinds[order], begins)
    return Log(_offsets(user[kept], users), Events(item[kept], united, value[kept], times[kept]), given)


def _offsets(user: Ints, users: int) -> Ints:
    return np.searchsorted(user, np.arange(users + 1)).astype(np.int64)
