"""A data set in memory: attributes by row, events by user, and what fitting may see of them.

Shapes: U users and I items, reserved rows included; E events; R requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from taojin.core.events import Events, Pasts, spread
from taojin.core.units import FIRST, Ints, Mask
from taojin.data.checked import Checked
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary


class Clock(StrEnum):
    """What the time of an event means.

    REAL    milliseconds since 1970, comparable between users
    ORDER   the event's position within its user, and nothing between users
    """

    REAL = "real"
    ORDER = "order"


@dataclass(frozen=True)
class Log:
    """Events grouped by user row: user u's are rows offsets[u]:offsets[u+1], sorted by (time, item).

    given   the part of a split that the data itself names for each event, uint8[E]; None where it names none
    """

    offsets: Ints
    events: Events
    given: NDArray[np.uint8] | None = None

    @classmethod
    def of(cls, user: Ints, events: Events, users: int) -> "Log":
        """Sort events of any order; `users` is the size of the user vocabulary."""
        order = np.lexsort((events.item, events.time, user))
        offsets = np.searchsorted(user[order], np.arange(users + 1)).astype(np.int64)
        return cls(offsets, take(events, order))

    def __len__(self) -> int:
        return len(self.events)

    @property
    def user(self) -> Ints:
        """User row of each event, int64[E]."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def where(self, mask: Mask) -> "Log":
        """Only these events."""
        before = np.concatenate(([0], np.cumsum(mask)))
        given = None if self.given is None else self.given[mask]
        return Log(before[self.offsets], take(self.events, np.flatnonzero(mask)), given)

    @property
    def users(self) -> int:
        """Size of the user vocabulary, reserved rows included."""
        return len(self.offsets) - 1

    def of_first(self, users: int) -> "Log":
        """The events of the first so many rows of users."""
        return Log(self.offsets[: users + 1], take(self.events, np.arange(self.offsets[users])))

    def before(self, user: Ints, time: Ints) -> Pasts:
        """Each user's events with a time strictly before the given one, ties left out."""
        start, stop = self.offsets[user], self.offsets[user + 1]
        request, at = spread(start, stop)
        earlier = np.bincount(request[self.events.time[at] < time[request]], minlength=len(user))
        return Pasts(self.events, start, start + earlier)


def take(events: Events, rows: Ints) -> Events:
    """These rows of the events, in this order."""
    return Events(events.item[rows], events.kinds[rows], events.value[rows], events.time[rows])


@dataclass(frozen=True)
class Tables:
    """What is known of users and items, and what users did.

    users, items    a row per vocabulary row from FIRST on: row i of the table is row i + 2 of the vocabulary
    context         further tables by name, with external ids: who follows whom, facts about items, campaigns, ...
    """

    users: pa.Table
    items: pa.Table
    user_vocabulary: Vocabulary
    item_vocabulary: Vocabulary
    kinds: Kinds
    clock: Clock
    log: Log
    context: Mapping[str, pa.Table] = field(default_factory=dict, kw_only=True)

    @property
    def n_users(self) -> int:
        """Size of the user vocabulary, reserved rows included."""
        return len(self.user_vocabulary)

    @property
    def n_items(self) -> int:
        """Size of the item vocabulary, reserved rows included."""
        return len(self.item_vocabulary)

    def table(self, name: str, columns: tuple[str, ...], wanted_by: str) -> pa.Table:
        """A context table that has these columns; an error says what is there instead.

        wanted_by   who asks, for the error
        """
        if name not in self.context:
            there = ", ".join(map(repr, self.context)) or "none"
            raise ValueError(f"{wanted_by}: the data brings no table {name!r} (there is {there}); add it to `context`")
        table = self.context[name]
        for column in columns:
            if column not in table.column_names:
                raise ValueError(
                    f"{wanted_by}: table {name!r} has no column {column!r}; it has {', '.join(table.column_names)}"
                )
        return table


@dataclass(frozen=True)
class TrainView(Tables):
    """All that fitting ever sees: attributes, and the events of the training split alone.

    words   feature -> the words that it coded in the run that this one goes on from, in the order of their codes
    """

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict, kw_only=True)

    @property
    def end(self) -> int:
        """The first time after every training event."""
        return int(self.log.events.time.max()) + 1 if len(self.log) else 0

    def sequences(self, kinds: int, longest: int | None = None) -> tuple[Ints, Ints]:
        """Each user's items of these kinds in time order, CSR: offsets int64[U+1], item int64[M].

        longest     keep only the last so many of each user
        """
        found = self.log.events.matching(kinds)
        offsets = found.before[self.log.offsets]
        start = offsets[:-1] if longest is None else np.maximum(offsets[:-1], offsets[1:] - longest)
        _, index = spread(start, offsets[1:])
        length = offsets[1:] - start
        return np.concatenate(([0], np.cumsum(length))), self.log.events.item[found.position[index]]

    def counts(self, kinds: int) -> Ints:
        """How many events of these kinds each item has had, int64[I]."""
        at = self.log.events.matching(kinds).position
        return np.bincount(self.log.events.item[at], minlength=self.n_items).astype(np.int64)

    def early(self, share: float) -> "TrainView":
        """Each user's first `share` of events; what feeds a ranker is fitted on this."""
        length = np.diff(self.log.offsets)
        place = np.arange(len(self.log)) - np.repeat(self.log.offsets[:-1], length)
        return replace(self, log=self.log.where(place < np.repeat(np.floor(share * length), length)))


@dataclass(frozen=True)
class Dataset(Tables):
    """Checked tables and vocabularies. Fitting must go through a split, which gives a `TrainView`.

    checked     what was read and refused on the way here
    """

    name: str = field(kw_only=True)
    # An Arrow table would load pandas where it is installed.
    checked: Checked = field(default_factory=Checked, kw_only=True)

    def __post_init__(self) -> None:
        assert len(self.user_vocabulary) == self.users.num_rows + FIRST, "users: one row per vocabulary row"
        assert len(self.item_vocabulary) == self.items.num_rows + FIRST, "items: one row per vocabulary row"

    def view(self, mask: Mask) -> TrainView:
        """What fitting sees if only these events, bool[E], are for training."""
        return TrainView(
            self.users,
            self.items,
            self.user_vocabulary,
            self.item_vocabulary,
            self.kinds,
            self.clock,
            self.log.where(mask),
            context=self.context,
        )
