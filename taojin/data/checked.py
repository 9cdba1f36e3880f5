"""What was read and what was refused. Nothing is dropped silently."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv


class Reason(StrEnum):
    """Why a row was refused."""

    CELLS = "wrong number of cells"
    NUMBER = "not a number"
    LEAST = "not a number, or below what it can be"
    WHOLE = "not a whole number"
    FLAG = "neither yes nor no"
    TIME = "not a time"
    ID_MISSING = "no id"
    ID_TWICE = "id stands twice"
    TIME_MISSING = "no time"
    TIME_NEGATIVE = "negative time"
    FUTURE = "time in the future"
    KIND = "kind of event not declared"
    VALUE = "value not finite"
    PART = "part not known"
    DUPLICATE = "event stands twice"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self]


_REMEDIES = {
    Reason.CELLS: "the line is cut off or has a delimiter too many; repair it, or put the cell in quotes",
    Reason.NUMBER: "repair the cell, or list what stands for nothing there in Format(missing=...)",
    Reason.LEAST: "repair the cell, or declare what the column holds",
    Reason.WHOLE: "repair the cell, or declare the column as Number",
    Reason.FLAG: "write 1 or 0, true or false; or take the column out of `flags`",
    Reason.TIME: "declare the unit: Time(..., unit='s'), 'ms' or 'iso' (2019-10-01 23:59:59, UTC without an offset)",
    Reason.ID_MISSING: "give every row the id of its user and item",
    Reason.ID_TWICE: "the first row of an id is kept; remove the others",
    Reason.TIME_MISSING: "give every event a time",
    Reason.TIME_NEGATIVE: "times count from 1970, positions from 0",
    Reason.FUTURE: "declare the unit of the times, 's' or 'ms', or correct the clock that wrote them",
    Reason.KIND: "add it to `kinds`, or leave its events out of the file",
    Reason.VALUE: "leave the cell empty where there is no value",
    Reason.PART: "the parts are train, valid and test",
    Reason.DUPLICATE: "the first of events with the same user, item, time and kind is kept",
}

REFUSED = pa.schema(
    [
        ("table", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
    ]
)
"""A row for each refused row: where it stands and what is wrong. Lines count from 1; in Parquet they are rows."""


@dataclass(frozen=True)
class Counts:
    """Rows of one table.

    added   users or items that only events name; they have no attributes
    """

    read: int = 0
    kept: int = 0
    added: int = 0


@dataclass(frozen=True)
class Checked:
    """The outcome of checking three tables.

    merged      events that differ in nothing but their kind from another one, and became one event with it
    refused     rows of REFUSED
    """

    users: Counts = Counts()
    items: Counts = Counts()
    events: Counts = Counts()
    merged: int = 0
    refused: pa.Table = field(default_factory=REFUSED.empty_table)

    @property
    def reasons(self) -> dict[str, int]:
        """How many rows were refused for each reason, most first."""
        counts = pc.value_counts(self.refused["reason"]).to_pylist()
        return {count["values"]: count["counts"] for count in sorted(counts, key=lambda count: -count["counts"])}

    def write(self, path: Path) -> None:
        """Write the refused rows as CSV."""
        pyarrow.csv.write_csv(self.refused, path)

    def __str__(self) -> str:
        lines = [
            f"{name:<7} {counts.read:>11,} read {counts.kept:>11,} kept"
            + (f" {counts.added:>9,} only in events" if counts.added else "")
            for name, counts in (("users", self.users), ("items", self.items), ("events", self.events))
        ]
        if self.merged:
            lines.append(f"{self.merged:,} events were joined with another of the same user, item and time")
        return "\n".join([*lines, *self.refusals])

    @property
    def refusals(self) -> tuple[str, ...]:
        """A sentence for each reason: how many rows, the first of them, and what to do."""
        return tuple(self._refusal(reason, count) for reason, count in self.reasons.items())

    def _refusal(self, reason: str, count: int) -> str:
        first = self.refused.filter(pc.equal(self.refused["reason"], reason)).slice(0, 1)
        return f"refused {count:,}: {reason}, first {describe(first)}; {Reason(reason).remedy}"


def describe(refused: pa.Table) -> str:
    """Where the first of some refused rows stands, and what stands there."""
    row = refused.slice(0, 1).to_pylist()[0]
    value = "nothing" if row["value"] is None else repr(row["value"])
    return f"{row['file']} line {row['line']:,}, column {row['column']!r}: {value}"
