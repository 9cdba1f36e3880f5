"""Your own CSV and Parquet files: a declared mapping of their columns, read into checked tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from taojin.core.units import YEAR
from taojin.data.checked import Reason, describe
from taojin.data.columns import Column, Flag, Values
from taojin.data.dataset import Clock, Dataset
from taojin.data.delimited import Format, read_delimited
from taojin.data.folder import Folder
from taojin.data.kinds import Kinds, Label, with_kinds
from taojin.data.raw import Check, Raw, as_mask, first_of_each, sift, with_ids
from taojin.data.tables import build


@dataclass(frozen=True)
class TableFile:
    """One file, delimited text or Parquet (by its ending), and its columns under our names.

    file        its name, or a pattern such as "by-day/*.csv" for several of the same columns, in the order of names
    always      columns that hold the same text in every row: {"event": "buy"} for a file of purchases
    flags       columns of the file that hold 1 where the row is an event of this kind, too: {"is_click": "click"}
    first       the first row of each id counts and the others say nothing new: facts that stand beside every event
    """

    file: str
    columns: Mapping[str, Column]
    always: Mapping[str, str] = field(default_factory=dict)
    format: Format = Format()
    flags: Mapping[str, str] = field(default_factory=dict)
    first: bool = False

    def read(self, folder: Folder, name: str, *, unreadable: float = 0.0) -> Raw:
        """The declared columns, typed; rows with a cell that is not of its type are refused.

        name        which table it is: users, items or events
        unreadable  the largest share of rows that may be refused here; beyond it the first is an error
        """
        raw = Raw.joined([self._one(folder, file, name, unreadable) for file in self._files(folder)])
        if not self.first:
            return raw
        key = name.removesuffix("s")
        raw = with_ids(raw, key)
        return raw.take(first_of_each(raw.table[key]))

    def _files(self, folder: Folder) -> list[str]:
        if not any(wild in self.file for wild in "*?["):
            return [self.file]
        found = folder.matching(self.file)
        if not found:
            raise ValueError(f"{folder.path / self.file}: no file has such a name; {folder.hint(self.file)}")
        return found

    def _one(self, folder: Folder, file: str, name: str, unreadable: float) -> Raw:
        """The declared columns of one of the files."""
        raw = self._cells(folder, file, name)
        checks: list[Check] = []
        read: dict[str, Any] = {}
        flags: dict[str, Column] = {kind: Flag(source) for source, kind in self.flags.items()}
        for column, declared in (*self.columns.items(), *flags.items()):
            values, wrong, reason = self._values(declared, raw)
            read[column] = values
            checks.append((declared.source, reason, wrong))
        good, refused = sift(raw, checks)
        if refused.num_rows > unreadable * raw.read:
            reason = Reason(refused["reason"][0].as_py())
            raise ValueError(
                f"{describe(refused)} is wrong: {reason}; {reason.remedy} "
                f"({refused.num_rows:,} of {raw.read:,} rows cannot be read)"
            )
        for column, text in self.always.items():
            read[column] = pa.repeat(pa.scalar(text, pa.string()), len(good))
        if flags:
            named = read.get("event", pa.nulls(len(good), pa.string()))
            read["event"] = with_kinds(named, {kind: as_mask(read.pop(kind)) for kind in flags})
        found = replace(raw, table=pa.table(read), unread=refused)
        return found if good.all() else found.take(np.flatnonzero(good))

    @staticmethod
    def _values(declared: Column, raw: Raw) -> Values:
        cells = raw.table[declared.source]
        try:
            return declared.read(cells)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise ValueError(
                f"{raw.file}: column {declared.source!r}: cannot be read as {type(declared).__name__}, it is of type "
                f"{cells.type} ({error}); write it as text or numbers, or declare what it is"
            ) from error

    def _cells(self, folder: Folder, name_of_file: str, name: str) -> Raw:
        """The columns of a file under the file's own names."""
        content, label = folder.read(name_of_file), folder.label(name_of_file)
        sources = list(dict.fromkeys([*(column.source for column in self.columns.values()), *self.flags]))
        if not name_of_file.endswith(".parquet"):
            return read_delimited(content, name=name, file=label, format=self.format, columns=sources)
        try:
            file = pa.parquet.ParquetFile(pa.BufferReader(content))
        except pa.ArrowInvalid as error:
            raise ValueError(f"{label}: not a Parquet file that can be read, {error}; write it again") from error
        there = Raw.of(Raw(name, file.schema_arrow.empty_table(), label), name, sources)
        return replace(there, table=file.read(sources))


@dataclass(frozen=True, kw_only=True)
class Files:
    """Three tables in files, users and items may be left out, and any others that channels read.

    >>> import tempfile
    >>> from taojin.data.columns import Id, Text, Time, Unit
    >>> shop = Files(
    ...     name="shop",
    ...     events=TableFile(
    ...         "log.csv",
    ...         {"user": Id("visitor"), "item": Id("sku"), "time": Time("at", unit=Unit.ISO), "event": Text("action")},
    ...     ),
    ...     kinds=("view", "buy"),
    ... )
    >>> with tempfile.TemporaryDirectory() as exports:
    ...     _ = Path(exports, "log.csv").write_text("at,visitor,sku,action\\n2019-10-01 23:59:59,7,B-12,buy\\n")
    ...     shop.load(Path(exports)).items["item"].to_pylist()
    ['B-12']

    kinds       names of the kinds of event; those that labels make included
    clock       ORDER where the events have an order within each user and no times
    unreadable  the largest share of a file's rows that may be refused because a cell is not of its type
    root        the folder in which the files lie, where `load` is given none
    context     further tables by name (who follows whom, facts about items, campaigns); no row of theirs is refused:
                the first that cannot be read is an error
    """

    name: str
    events: TableFile
    items: TableFile | None = None
    users: TableFile | None = None
    kinds: tuple[str, ...]
    labels: tuple[Label, ...] = ()
    clock: Clock = Clock.REAL
    unreadable: float = 0.01
    root: str = ""
    context: Mapping[str, TableFile] = field(default_factory=dict)

    def load(self, path: Path | None, *, rejects: Path | None = None) -> Dataset:
        """Read and check the files in a folder or zip archive, by default in `root` or the current folder.

        rejects     a CSV file for the rows that are refused
        """
        folder = Folder(path or Path(self.root))

        def read(name: str, table: TableFile | None) -> Raw | None:
            return None if table is None else table.read(folder, name, unreadable=self.unreadable)

        events = self.events.read(folder, "events", unreadable=self.unreadable)
        if self.clock is Clock.REAL:
            refuse_wrong_unit(events)
        dataset, _ = build(
            self.name,
            users=read("users", self.users),
            items=read("items", self.items),
            events=events,
            kinds=Kinds(self.kinds, self.labels),
            clock=self.clock,
            rejects=rejects,
        )
        return replace(dataset, context={name: table.read(folder, name).table for name, table in self.context.items()})


def refuse_wrong_unit(events: Raw) -> None:
    """Refuse times that look like seconds taken for milliseconds."""
    last = pc.max(events.table["time"]).as_py() if "time" in events.table.column_names else None
    if last is not None and 0 <= last < 3 * YEAR:
        raise ValueError(
            f"{events.file}: column 'time': every event would lie before 1973; "
            f"if the file counts seconds, declare Time(..., unit=Unit.SECONDS)"
        )
