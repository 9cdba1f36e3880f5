"""What can be looked up beside recommendations: items, users and what they did."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taojin.core.units import FIRST
from taojin.data.kinds import Kinds
from taojin.serving.answer import plain
from taojin.serving.past import item_ids
from taojin.serving.problem import known
from taojin.serving.recommender import Recommender

MOST_VALUES = 200


@dataclass(frozen=True)
class Item:
    """An item as it is shown."""

    id: str
    title: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Known:
    """A user of whom something is known.

    events      how many events, of training and since
    trained     the models have learned from this user
    """

    id: str
    events: int
    trained: bool


@dataclass(frozen=True)
class HistoryEntry:
    """One event of a user.

    item    None where training counted the item as unknown and the live store has not seen it
    events  the kinds it is of: a rating of 5 is a `rate` and a `like`
    time    milliseconds, or the position within the user where the data knows only the order
    live    it came after training
    """

    item: Item | None
    events: tuple[str, ...]
    value: float | None
    time: int
    live: bool


@dataclass(frozen=True)
class Library:
    """Looks things up for the pages of a site."""

    recommender: Recommender

    def item(self, item: str) -> Item:
        """One item with all that the catalogue has; an unknown one raises a `ValueError`."""
        return self.items([self.recommender.item_row(item)])[0]

    def items(self, rows: Sequence[int]) -> list[Item]:
        """Some items, with all fields."""
        bundle, places = self.recommender.bundle, np.array(rows, np.int64)
        fields = [field for field in bundle.catalogue.fields if field != bundle.catalogue.title]
        details, titles = bundle.catalogue.details(places, fields), bundle.catalogue.titles(places)
        return [
            Item(bundle.item_vocabulary.id(int(row)), title, plain(detail))
            for row, title, detail in zip(rows, titles, details, strict=True)
        ]

    def search(self, text: str, limit: int) -> list[Item]:
        """Items whose title holds every word of the text."""
        return self.items(self.recommender.bundle.catalogue.search(text, limit).tolist())

    def users(self, limit: int) -> list[Known]:
        """Some users: up to half are those of the newest live events, then come those of training."""
        live = self.recommender.store.users((limit + 1) // 2)
        trained = self.recommender.bundle.user_vocabulary.ids[:limit]
        some = tuple(dict.fromkeys((*live, *trained)))[:limit]
        vocabulary = self.recommender.bundle.user_vocabulary
        return [Known(user, len(self.recommender.past(user).events), user in vocabulary) for user in some]

    def history(
        self, user: str, limit: int, *, item: str | None = None, event: str | None = None
    ) -> list[HistoryEntry]:
        """A user's events, newest first; with an item or a kind of event, those alone."""
        bundle = self.recommender.bundle
        past, live = self.recommender.past_and_live(user)
        ids = item_ids(past, live, bundle.item_vocabulary)
        wanted = np.ones(len(ids), np.bool_)
        if event is not None:
            wanted &= (past.events.kinds & np.uint32(bundle.kinds.bits(known(event, bundle.kinds.names, "event")))) != 0
        if item is not None:
            wanted &= np.array([id == item for id in ids], np.bool_)
        places = np.flatnonzero(wanted)[::-1][:limit].tolist()
        rows = [int(past.events.item[place]) for place in places]
        shown = iter(self.items([row for row in rows if row >= FIRST]))
        return [
            HistoryEntry(
                item=next(shown) if row >= FIRST else _nameless(ids[place]),
                events=_named(bundle.kinds, int(past.events.kinds[place])),
                value=plain(float(past.events.value[place])),
                time=int(past.events.time[place]),
                live=bool(past.live[place] >= 0),
            )
            for place, row in zip(places, rows, strict=True)
        ]

    @cached_property
    def words(self) -> dict[str, list[Any]]:
        """Field -> its values, the most frequent first, for the fields that have few enough to choose from."""
        catalogue = self.recommender.bundle.catalogue
        values = {field: catalogue.values(field) for field in catalogue.fields if field != catalogue.title}
        return {field: words for field, words in values.items() if _countable(words)}


def _countable(words: list[Any]) -> bool:
    return 1 < len(words) <= MOST_VALUES and all(isinstance(word, str | int) for word in words)


def _nameless(id: str | None) -> Item | None:
    return None if id is None else Item(id, "", {})


def _named(kinds: Kinds, bits: int) -> tuple[str, ...]:
    return tuple(name for place, name in enumerate(kinds.names) if bits >> place & 1)
