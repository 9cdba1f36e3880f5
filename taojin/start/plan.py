"""The whole guess about somebody's files: `look` at them, and a `Plan` of what each column is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.hint import did_you_mean
from taojin.data.columns import Id, Time
from taojin.data.delimited import Format
from taojin.data.expect import AGAIN, FEW
from taojin.data.files import TableFile
from taojin.data.folder import Folder
from taojin.data.raw import first_of_each
from taojin.start.attributes import Attribute, facts_in_log, find_attributes
from taojin.start.happened import Happened, again, find_happened
from taojin.start.keys import HARDLY, ITEMS, SHARED, USERS, Told, find_id, find_time, key, repeated
from taojin.start.profile import Profile, profiles
from taojin.start.sniff import Sniffed, sniff
from taojin.start.unused import unused

SHOWN = 3
"""So many of the ids that stand twice are told, and so many lines of each."""


@dataclass(frozen=True)
class Table:
    """Users or items: where they stand and what is known of them.

    source      None where only events name them
    first       they stand in the log, and the first row of each counts
    """

    source: Sniffed | None
    id: str
    attributes: tuple[Attribute, ...] = ()
    first: bool = False

    def of(self, *kinds: str) -> tuple[Attribute, ...]:
        """The attributes of some kinds."""
        return tuple(attribute for attribute in self.attributes if attribute.kind in kinds)


@dataclass(frozen=True)
class Plan:
    """What the files are taken for.

    time    None where the log has no clock and the order of its rows counts
    again   share of the successes that a user has with an item once more
    told    each guess with its reason, by table
    """

    name: str
    events: Sniffed
    user: str
    item: str
    time: Time | None
    happened: Happened
    users: Table
    items: Table
    again: float
    told: Mapping[str, list[Told]] = field(default_factory=dict)

    @property
    def small(self) -> bool:
        """Whether there are too few events for networks."""
        return self.events.rows < FEW

    @property
    def catalogue(self) -> int:
        """How many items there are, at least."""
        if self.items.source is not None and not self.items.first:
            return self.items.source.rows
        return int(pc.count_distinct(self.events.sample[self.item]).as_py())

    @property
    def root(self) -> Path:
        """The folder in which all files lie."""
        folders = [table.root for table in (self.events, self.users.source, self.items.source) if table is not None]
        common = folders[0]
        while not all(folder.is_relative_to(common) for folder in folders):
            common = common.parent
        return common

    def place(self, table: Sniffed) -> str:
        """A file or pattern, from the root."""
        return (table.root.relative_to(self.root) / table.file).as_posix()

    def __str__(self) -> str:
        lines = []
        for table, told in self.told.items():
            lines += [table, *(f"  {one}" for one in told)]
        return "\n".join(lines)


def look(
    name: str,
    events: Path,
    items: Path | None = None,
    users: Path | None = None,
    *,
    named: Mapping[str, str] | None = None,
) -> Plan:
    """Read some of the files and tell what stands in them; ValueError where user or item cannot be told.

    events, items, users    files, folders or patterns; CSV and the like, or Parquet
    named                   "user" or "item" -> the column of the events, where it is known
    """
    log = sniff(events)
    columns = profiles(log.sample)
    tables = {what: sniff(path) if path else None for what, path in (("user", users), ("item", items))}
    named = named or {}
    _check_named(named, log, columns)
    taken = set(named.values())
    keys: dict[str, tuple[Profile, str, float] | None] = {}
    ids: dict[str, str] = {}
    told: dict[str, list[Told]] = {"events": [Told("file", log.file, log.reason)]}
    for what, names in (("user", USERS), ("item", ITEMS)):
        given = named.get(what)
        others = {name: column for name, column in columns.items() if name == given or name not in taken}
        own = keys[what] = _key(what, tables[what], others, given)
        found = (given, "as you say") if given else find_id(columns, names, taken, own[0] if own else None)
        if found is None:
            raise ValueError(_not_told(what, log, columns))
        ids[what], reason = found
        taken.add(ids[what])
        told["events"].append(Told(what, ids[what], reason))
    found_time = find_time(columns, taken)
    if found_time is not None:
        taken.add(found_time[0].source)
        told["events"].append(Told("time", found_time[0].source, found_time[1]))
    else:
        told["events"].append(Told("time", "-", "no column of times: the order of the rows counts for each user"))
    # A second clock (a date beside the time) says nothing new, and is no value.
    clocks = {name for name, column in columns.items() if column.moments is not None and column.numbers is None} - taken
    taken |= clocks
    happened, reasons = find_happened(columns, taken)
    told["events"] += reasons
    taken |= {*happened.flags, *(name for name in (happened.event, happened.value) if name)}
    described, entities, reasons_not = set(taken), {}, dict[str, str]()
    for what in ("item", "user"):
        own = keys[what]
        table = tables[what]
        if table is not None and own is not None:
            found_attributes, reasons = find_attributes(profiles(table.sample), {own[0].name})
            about = _about_ids(what, own, table, columns[ids[what]])
            told[f"{what}s"] = [Told("file", table.file, table.reason), *about, *reasons]
            entities[what] = Table(table, own[0].name, tuple(found_attributes))
        else:
            entities[what], reasons = _facts(what, log, ids[what], [name for name in columns if name not in described])
            described |= {attribute.column for attribute in entities[what].attributes}
            reasons_not |= {one.column: f"of the {what}s, {one.reason}" for one in reasons if one.what == "-"}
            if entities[what].attributes:
                told[f"{what}s, in the log"] = [one for one in reasons if one.what != "-"]
    rest = {name: column for name, column in columns.items() if name in clocks or name not in described}
    time = found_time[0] if found_time else None
    told["events"] += unused(rest, time, happened, reasons_not, log.at)
    return Plan(
        name, log, ids["user"], ids["item"], time, happened,
        entities["user"], entities["item"], _again(log, ids["user"], ids["item"]), told,
    )  # fmt: skip


def consumed(plan: Plan) -> tuple[str, ...]:
    """Kinds after which an item is not shown again: none where users come back for the same items."""
    if plan.again > AGAIN:
        return ()
    return tuple(kind for kind in plan.happened.kinds if kind != "show")


def _again(log: Sniffed, user: str, item: str) -> float:
    """How often a user has an item once more; a sample of several files would miss most of it."""
    if log.files == 1:
        return again(log.sample[user], log.sample[item])
    both = TableFile(log.file, {"user": Id(user), "item": Id(item)}, format=log.format or Format())
    table = both.read(Folder(log.root), "events", unreadable=1.0).table
    return again(table["user"], table["item"])


def _check_named(named: Mapping[str, str], log: Sniffed, columns: Mapping[str, Profile]) -> None:
    """Refuse columns that the events do not have, and one for both."""
    for what, column in named.items():
        if column not in columns:
            raise ValueError(
                f"--{what} {column}: {log.root / log.file} has no such column; {did_you_mean(column, columns)}"
            )
    if len(set(named.values())) < len(named):
        both = " ".join(f"--{what} {column}" for what, column in named.items())
        raise ValueError(f"{both}: one column names both; an event has a user in one column and an item in another")


def _key(
    what: str, table: Sniffed | None, log: Mapping[str, Profile], given: str | None
) -> tuple[Profile, str, float] | None:
    """The ids of a table of users or items, by what they were told, and the share of the events' ids among them."""
    if table is None:
        return None
    columns = profiles(table.sample)
    found = key(columns, log, what, USERS if what == "user" else ITEMS, given)
    if found is None:
        raise ValueError(
            f"{table.root / table.file}: no column is different in every row, as the ids of {what}s are; it has "
            f"{', '.join(columns)}. Leave one row for each {what}"
        )
    return columns[found[0]], *found[1:]


def _about_ids(what: str, own: tuple[Profile, str, float], table: Sniffed, named: Profile) -> list[Told]:
    """What to tell of the ids of a table; loud where the events name others, or where some stand twice.

    named   the column of the events that names them
    """
    column, reason, share = own
    told = [Told("id", column.name, reason)]
    if share < (SHARED if table.sample.num_rows >= table.rows else HARDLY):
        differ = (
            f"{share:.0%} of the {what}s of the events are in it: it holds {column.values[0]!r}, the events "
            f"{named.values[0]!r}. Write the ids in the same way in both files, or name the file that has them"
        )
        told.append(Told("WARNING", column.name, differ))
    if column.distinct < len(column.there):
        twice = (
            f"stands in several rows: {repeated(column, table.at, SHOWN)}. The first row of an id is kept, the others "
            "are refused, and `taojin data check` counts them"
        )
        told.append(Told("WARNING", column.name, twice))
    return told


def _facts(what: str, log: Sniffed, id_column: str, others: list[str]) -> tuple[Table, list[Told]]:
    """What a log says of its users or items beside each event."""
    facts = facts_in_log(log.sample, id_column, others)
    if what == "item":  # a price moves, and yet is the item's
        columns = profiles(log.sample.select(others))
        facts += [name for name, column in columns.items() if name not in facts and column.any_of(("price",))]
    if not facts:
        return Table(None, id_column), []
    first = first_of_each(log.sample[id_column].cast(pa.string()))
    rows = log.sample.take(pa.array(first)).select(facts)
    attributes, told = find_attributes(profiles(rows), set())
    return Table(log, id_column, tuple(attributes), first=True), told


def _not_told(what: str, log: Sniffed, columns: Mapping[str, Profile]) -> str:
    names = USERS if what == "user" else ITEMS
    said = f"{log.root / log.file}: no column looks like the {what} of an event; it has {', '.join(columns)}."
    if log.format is not None and log.format.header:
        first = ", ".join(repr(column.text[0].as_py()) for column in columns.values() if len(column.text))
        said += f" Its first line, {first}, looks like no names of columns: if they stand below, remove what is above."
    return f"{said} Rename the column, such as {names[0]}_id, or name it with --{what}"
