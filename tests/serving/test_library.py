"""What can be looked up, and that it means the same under every bundle."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from taojin.bundle.bundle import Bundle
from taojin.core.events import Events
from taojin.core.live import LiveEvent, LiveStore
from taojin.core.units import FIRST
from taojin.data.dataset import Clock, Log
from taojin.data.vocabulary import Vocabulary
from taojin.serving.library import HistoryEntry, Library
from taojin.serving.recommender import Recommender

NEW_ITEM = "not in the catalogue"


def retrained(bundle: Bundle, store: LiveStore) -> Bundle:
    """A bundle that learned from the store, too: all rows are others, the new user and the new item have one."""
    title = {"item": [NEW_ITEM], "title": ["Newcomer"]}
    items = pa.concat_tables([bundle.items.take(list(range(119, -1, -1))), pa.table(title)], promote_options="default")
    users = pa.table({"user": ["new", *bundle.users["user"].to_pylist()]})
    item_rows, user_rows = Vocabulary(tuple(items["item"].to_pylist())), Vocabulary(tuple(users["user"].to_pylist()))
    log, live = bundle.history, next(iter(store.collect()))
    trained = item_rows.rows(bundle.item_vocabulary.id(int(row)) for row in log.events.item)
    user = np.concatenate([log.user + 1, user_rows.rows(live.user)])
    kinds = np.concatenate([log.events.kinds, bundle.kinds.code(live.event, live.value)])
    last = 3 if bundle.clock is Clock.ORDER else None
    time = live.time if last is None else np.arange(len(live)) + np.where(np.array(live.user) == "new", 0, last + 1)
    events = Events(
        np.concatenate([trained, item_rows.rows(live.item)]),
        kinds,
        np.concatenate([log.events.value, live.value]),
        np.concatenate([log.events.time, time]),
    )
    fitted = replace(bundle.fitted, history=Log.of(user, events, FIRST + 7))
    return replace(bundle, fitted=fitted, users=users, items=items)


def plainly(entries: list[HistoryEntry]) -> list[tuple[str | None, tuple[str, ...], float | None, int]]:
    return [(e.item.id if e.item else None, e.events, e.value, e.time) for e in entries]


@pytest.mark.parametrize("clock", list(Clock))
def test_histories_by_external_id_are_the_same_before_and_after_retraining_and_after_going_back(
    films: object, store: LiveStore, clock: Clock
) -> None:
    old: Bundle = films.bundle(clock)  # type: ignore[attr-defined]
    at = 1_699_999_000_000
    store.append([LiveEvent("1", "new", "f3", "like", None, at), LiveEvent("2", "new", NEW_ITEM, "rate", 4.0, at + 1)])
    new = retrained(old, store)
    store.append([LiveEvent("3", "new", "f9", "rate", 2.0, at + 2), LiveEvent("4", "u1", NEW_ITEM, "like", None, at)])
    for user, count in (("new", 3), ("u1", 5), ("u2", 4)):
        told = [plainly(Library(Recommender(b, store)).history(user, 100)) for b in (old, new, old)]
        assert told[0] == told[1] == told[2] and len(told[0]) == count


def test_an_item_whose_id_training_dropped_is_told_as_unknown(bundle: Bundle, store: LiveStore) -> None:
    events = bundle.history.events
    item = np.where(np.arange(len(events)) == 0, 1, events.item)
    log = Log(bundle.history.offsets, replace(events, item=item))
    library = Library(Recommender(replace(bundle, fitted=replace(bundle.fitted, history=log)), store))
    assert [entry.item for entry in library.history("u1", 10)].count(None) == 1


def test_the_words_to_choose_from_are_those_of_columns_with_few(recommender: Recommender) -> None:
    words = Library(recommender).words
    assert set(words) == {"genres", "year", "directors"}
    assert set(words["genres"]) == {"Comedy", "Drama", "Horror", "Western", "Sci-Fi", "Romance"}


def test_a_search_finds_titles_and_tells_all_but_the_title_as_fields(recommender: Recommender) -> None:
    found = Library(recommender).search("RIVER of river", 5)
    assert found[0].title.startswith("The") and "title" not in found[0].fields and found[0].fields["genres"]
    assert Library(recommender).search("no such title", 5) == []


def test_an_unknown_item_is_refused(recommender: Recommender, clock: Callable[[], int]) -> None:
    with pytest.raises(ValueError, match="item: expected the id of an item"):
        Library(recommender).item("f999")
