"""Which columns of a log of events are the user, the item and the time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow.compute as pc

from taojin.data.columns import Time, Unit
from taojin.start.profile import Profile

USERS = (
    "user", "customer", "visitor", "client", "member", "household", "buyer", "shopper", "person", "account", "viewer",
    "reviewer", "uid", "guest", "subscriber", "listener", "reader", "player", "consumer", "owner",
)  # fmt: skip
ITEMS = (
    "item", "product", "movie", "film", "video", "sku", "asin", "article", "stock", "good", "goods", "song", "track",
    "book", "isbn", "business", "poi", "location", "venue", "place", "game", "app", "post", "news", "recipe", "content",
    "listing", "offer", "course", "iid", "hotel", "restaurant", "photo", "story", "show", "title", "track",
)  # fmt: skip
IDS = ("id", "code", "no", "key", "uid", "iid", "number", "sku", "asin", "isbn")
TIMES = ("time", "timestamp", "date", "datetime", "ts", "at", "when", "day", "moment", "created")
SHARED = 0.5
"""Share of the log's ids that must be in a table for it to be the table of them."""
HARDLY = 0.02
"""Share of the log's ids, below which a column has them by chance."""
UNIQUE = 0.99
REPEATED = 0.5
"""Different ids per row, below which a table is none of users or items: each stands in it again and again."""


@dataclass(frozen=True)
class Told:
    """A guess: what a column is, and by what it was told.

    >>> str(Told("user", "CustomerID", "its name says customer"))
    'user       CustomerID                its name says customer'
    """

    what: str
    column: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what:<10} {self.column:<25} {self.reason}"


def key(
    columns: Mapping[str, Profile], log: Mapping[str, Profile], what: str, names: tuple[str, ...], given: str | None
) -> tuple[str, str, float] | None:
    """The column of a table's own ids, by what it was told, and the share of the events' ids that it has.

    log     columns of the events, those out of which the ids may be
    given   the column of the events with the ids, where it is known

    It is the one whose values the events name, of several the one whose values differ and that is named so or stands
    first. Where the events name none of them, its values must differ in (almost) every row.
    """
    shares = {}
    for name, column in columns.items():
        if column.distinct >= REPEATED * max(1, len(column.text)) and not _fraction(column):
            found = (given,) if given else find_id(log, names, set(), column)
            shares[name] = _shared(log[found[0]], column) if found else 0.0
    best = max(shares.values(), default=0.0)
    matched = best >= HARDLY
    scores = {}
    for place, (name, share) in enumerate(shares.items()):
        column, named = columns[name], columns[name].any_of(names)
        different = column.distinct / len(column.text)
        if share < SHARED * best if matched else different < UNIQUE:
            continue
        if column.moments is not None and share < SHARED and not (named or column.any_of(IDS)):
            continue
        scores[name] = 4 * named + 2 * column.any_of(IDS) + 8 * different - 0.1 * place - (column.length > 40)
    if not scores:
        return None
    name = max(scores, key=lambda one: scores[one])
    named = columns[name].any_of(names)
    if columns[name].distinct < len(columns[name].text):
        reason = f"{shares[name]:.0%} of the {what}s of the events are in it"
    else:
        reason = f"different in every row of the {what}s"
    return name, f"{'named so and ' if named else ''}{reason}", shares[name]


def repeated(column: Profile, at: Callable[[int], str], most: int) -> str:
    """The ids that stand in several rows, and where: some of them, in the order of the file.

    at      says where a row stands
    """
    rows: dict[str, list[int]] = {}
    for row, id in enumerate(column.text.to_pylist()):
        if id is not None:
            rows.setdefault(id, []).append(row)
    several = {id: places for id, places in rows.items() if len(places) > 1}
    shown = [
        f"{id!r} ({', '.join(at(row) for row in places[:most])}{', ...' if len(places) > most else ''})"
        for id, places in list(several.items())[:most]
    ]
    more = f" and {len(several) - most:,} more" if len(several) > most else ""
    return f"{', '.join(shown)}{more}"


def find_id(
    columns: Mapping[str, Profile], names: tuple[str, ...], taken: set[str], table: Profile | None
) -> tuple[str, str] | None:
    """The column of a log that names users or items: by the ids of their table, else by its name.

    table   the ids of the table of users or items, where there is one
    """
    found = []
    for name, column in columns.items():
        if name in taken or not len(column.there) or _fraction(column) or column.flag:
            continue
        named, id_like = column.any_of(names), column.any_of(IDS)
        shared = 0.0 if table is None else _shared(column, table)
        if table is not None and shared < SHARED and not named:
            continue
        other = any(word in column.words for word in ("session", "order", "invoice", "basket", "event", "category"))
        score = 4 * named + 2 * id_like + 4 * shared - 3 * other - 2 * (column.moments is not None and not id_like)
        if table is not None and name == table.name:
            score += 3
        if score >= 3:
            found.append((score, name, named, shared))
    if not found:
        return None
    _, name, named, shared = max(found, key=lambda one: one[0])
    reasons = [
        *(["its name says so"] if named else []),
        *([f"{shared:.0%} of its ids are in the table"] if shared else []),
    ]
    return name, ", ".join(reasons) or "it looks like one"


def find_time(columns: Mapping[str, Profile], taken: set[str]) -> tuple[Time, str] | None:
    """The time of the events: a column of moments, the finest of those named so."""
    found = []
    for name, column in columns.items():
        moments = None if name in taken else column.moments
        if moments is None:
            continue
        numeric = column.numbers is not None
        named = column.any_of(TIMES) or column.nameless
        if numeric and (not named or column.any_of(IDS)):
            continue  # a number that could be one and is not called so
        found.append((2 * named + min(1.0, column.distinct / max(1, len(column.there)) * 5), name, moments))
    if not found:
        return None
    _, name, moments = max(found, key=lambda one: one[0])
    column, example = columns[name], columns[name].values[0]
    reason = f"{example!r} is {how(moments)}"
    if column.ambiguous:
        reason += "; day and month could also stand the other way round"
    missing = 1 - column.filled
    return moments, reason + (f"; {missing:.1%} of the rows have none and will be refused" if missing > 1e-4 else "")


def how(moments: Time) -> str:
    """How a time is written, in words."""
    if moments.pattern:
        return f"written {moments.pattern}"
    words = {
        Unit.SECONDS: "seconds since 1970",
        Unit.MILLISECONDS: "milliseconds since 1970",
        Unit.MICROSECONDS: "microseconds since 1970",
        Unit.ISO: "a date and time (ISO 8601)",
    }
    return words[moments.unit]


def _fraction(column: Profile) -> bool:
    return column.numbers is not None and not column.whole


def _shared(column: Profile, table: Profile) -> float:
    """Share of the distinct ids of a column that the table has."""
    known = pc.is_in(column.unique, value_set=table.unique)
    return float(pc.mean(known.cast("float64")).as_py() or 0.0)
