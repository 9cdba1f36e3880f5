"""A file of events that happened after those of a recipe's data."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from taojin.data.columns import Id, Number, Text, Time, Unit
from taojin.data.delimited import Format, names_of_columns
from taojin.data.files import Files, TableFile
from taojin.data.folder import Folder
from taojin.data.raw import Raw

PLAIN = TableFile(
    "",
    {
        "user": Id("user"),
        "item": Id("item"),
        "time": Time("time", unit=Unit.MILLISECONDS),
        "event": Text("event"),
        "value": Number("value"),
    },
)
"""What `taojin export events` writes."""


def read_more(source: Any, path: Path) -> Raw:
    """The events of one file, CSV or Parquet, before they are checked.

    source  of the recipe; where it reads files of its user's, the file may have the columns of their events
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    read = PLAIN
    if not _has(path, PLAIN):
        if not isinstance(source, Files):
            wanted = ", ".join(PLAIN.columns)
            raise ValueError(f"{path}: expected the columns {wanted}; times in milliseconds since 1970")
        read = source.events
    unreadable = source.unreadable if isinstance(source, Files) else 0.01
    return replace(read, file=path.name).read(Folder(path.parent), "events", unreadable=unreadable)


def _has(path: Path, wanted: TableFile) -> bool:
    """Whether the file has the columns of a mapping."""
    if path.suffix == ".parquet":
        try:
            there = pa.parquet.read_schema(path).names
        except pa.ArrowInvalid as error:
            raise ValueError(f"{path}: not a Parquet file that can be read, {error}; write it again") from error
    else:
        there = names_of_columns(Folder(path.parent).read(path.name), file=str(path), format=Format())
    return {column.source for column in wanted.columns.values()} <= set(there)
