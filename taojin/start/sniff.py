"""What a file is: its encoding, its delimiter, whether a line names its columns, and a sample of its rows.

sniff(Path("shop/orders.csv"))      one file
sniff(Path("shop/days"))            a folder: all files of its commonest kind
sniff(Path("shop/days-*.csv"))      a pattern
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from taojin.data.delimited import Format, names_of_columns, read_delimited
from taojin.data.folder import Folder
from taojin.data.raw import Raw
from taojin.start.profile import Profile

DELIMITERS = (",", "\t", ";", "|", "::", " ")
ENCODINGS = ("utf-8", "gb18030", "cp1252")
"""In the order in which they are tried; the second counts only where what it gives is Chinese."""
SAMPLE_BYTES = 1 << 24
"""So much of a file is looked at, and of several files together."""
LOOKED_AT = 12
"""Of several files, at most so many, evenly spread."""
RECORDS = 200
"""Lines from which the delimiter is told."""
KINDS = (".csv", ".tsv", ".txt", ".dat", ".parquet", ".inter", ".data")


NOTHING = ("nan", "na", "n/a", "null", "none", "nil", "-", "?", "inf", "+inf", "-inf", "infinity", "-infinity")
"""Words, in small letters, that programs write where there is no number."""


@dataclass(frozen=True)
class Sniffed:
    """A file, or several of the same columns, and what stands in some of their rows.

    root        the folder that `file` is relative to
    file        a name or a pattern, as `TableFile` takes it
    format      None for Parquet
    sample      text of each column; typed columns where the file is Parquet
    rows        in all, about
    files       how many there are
    reason      how the format was told
    at          says where a row of the sample stands: "line 7", with the file where there are several
    """

    root: Path
    file: str
    format: Format | None
    sample: pa.Table
    rows: int
    files: int
    reason: str
    at: Callable[[int], str]


def sniff(path: Path) -> Sniffed:
    """Look at a file, a folder or a pattern; ValueError where nothing readable is there."""
    root, file = _place(path)
    folder = Folder(root)
    wild = any(letter in file for letter in "*?[")
    members = folder.matching(file) if wild else [file]
    if not members or (not wild and file not in folder):
        raise ValueError(f"{path}: no such file, folder or pattern; {folder.hint(file)}")
    several = len(members)
    looked = members[:: max(1, -(-several // LOOKED_AT))]
    if members[0].endswith(".parquet"):
        found = [Raw("events", _parquet(root / one, SAMPLE_BYTES // len(looked)), one) for one in looked]
        rows = sum(_parquet_rows(root / member) for member in members)
        raw, reason = Raw.joined(found), "a Parquet file, whose columns have types"
        return Sniffed(root, file, None, raw.table, rows, several, reason, _places(raw, "row"))
    size = SAMPLE_BYTES // len(looked)
    contents = [folder.read(member) for member in looked]
    format, reason = tell(contents[0], folder.label(members[0]))
    parts, share = [], 0.0
    for content, member in zip(contents, looked, strict=True):
        # A cut within UTF-16 could fall within a letter.
        beginning = content if format.encoding == "utf-16" else _whole_lines(content, size)
        names = names_of_columns(beginning, file=folder.label(member), format=format)
        label = folder.label(member)
        parts.append(read_delimited(beginning, name="events", file=label, format=format, columns=names))
        share += len(beginning) / max(1, len(content))
    raw = Raw.joined(parts)
    sample = raw.table
    rows = round(sample.num_rows / share * several)
    nothing = words_for_nothing(sample)
    if nothing:
        format, reason = replace(format, missing=("", *nothing)), f"{reason}, {' and '.join(nothing)} for nothing"
        columns = [pc.if_else(pc.is_in(column, pa.array(nothing)), None, column) for column in sample.columns]
        sample = pa.table(columns, sample.column_names)
    return Sniffed(root, file, format, sample, rows, several, reason, _places(raw, "line"))


def _places(raw: Raw, unit: str) -> Callable[[int], str]:
    def at(row: int) -> str:
        rows = np.array([row])
        place = f"{unit} {raw.lines(rows)[0]}"
        return place if raw.files is None else f"{PurePath(raw.files(rows)[0]).name} {place}"

    return at


def words_for_nothing(sample: pa.Table) -> tuple[str, ...]:
    """What stands where a number is missing: one of NOTHING in a column that is of numbers otherwise.

    >>> words_for_nothing(pa.table({"price": ["1.5", "NaN", "2"], "region": ["NA", "EU", "NA"]}))
    ('NaN',)
    """
    found: set[str] = set()
    for name in sample.column_names:
        there = Profile(name, sample[name]).there
        empty = pc.is_in(pc.utf8_lower(there), pa.array(NOTHING))
        rest = there.filter(pc.invert(empty))
        if len(rest) < len(there) and len(rest) and Profile(name, rest).numbers is not None:
            found |= set(there.filter(empty).unique().to_pylist())
    return tuple(sorted(found))


def tell(content: bytes, label: str) -> tuple[Format, str]:
    """The format of a delimited file, and by what it was told.

    >>> tell(b"user;film;at\\n7;Heat;10\\n8;Jaws;11\\n", "log.csv")[0].delimiter
    ';'
    """
    if not content.strip():
        raise ValueError(f"{label}: empty, {len(content)} bytes; expected a line of column names and rows")
    if b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{label}: holds zero bytes and is no text; expected CSV or Parquet (*.parquet)")
    encoding = _encoding(content)
    text = _whole_lines(content, SAMPLE_BYTES).decode(encoding, errors="replace").removeprefix("\ufeff")
    lines = [line for line in text.splitlines() if line.strip()][:RECORDS]
    if lines and re.fullmatch("sep=.", lines[0]):
        lines = lines[1:]
    if not lines:
        raise ValueError(f"{label}: empty but for the mark of its encoding; expected a line of column names and rows")
    delimiter, cells = max(
        ((delimiter, _cells(lines, delimiter)) for delimiter in DELIMITERS),
        # Words stand between blanks, too: they divide where nothing else does.
        key=lambda pair: _steadiness(pair[1]) - 1e-3 * DELIMITERS.index(pair[0]) - 0.9 * (pair[0] == " "),
    )
    quote = '"' if len(delimiter) == 1 else ""
    format = Format(delimiter=delimiter, encoding=encoding, quote=quote)
    width = Counter(map(len, cells)).most_common(1)[0][0]
    if len(cells[0]) < width:
        first = f"the first line, {lines[0][:60]!r}, has {len(cells[0])} cell{'s' if len(cells[0]) > 1 else ''}"
        raise ValueError(
            f"{label}: {first} and most have {width}: it looks like no line of column names; remove it, or give every "
            "column a name"
        )
    reason = f"{encoding}, {width} columns between {delimiter!r}"
    if not _names_columns(cells):
        header = tuple(f"column{place + 1}" for place in range(width))
        return replace(format, header=header), f"{reason}, no line of column names"
    return format, reason


def _place(path: Path) -> tuple[Path, str]:
    """The folder and the name or pattern of what somebody names."""
    if path.is_dir():
        kinds = Counter(kind for entry in path.iterdir() if entry.is_file() and (kind := _kind(entry)))
        if not kinds:
            raise ValueError(f"{path}: a folder without a {', '.join(KINDS[:-1])} or {KINDS[-1]} file; name the file")
        pattern = f"*{kinds.most_common(1)[0][0]}"
        if path.name in ("", ".."):  # no names that a parent knows
            return path.resolve(), pattern
        return path.parent.resolve(), f"{path.name}/{pattern}"
    wild = next((n for n, part in enumerate(path.parts) if any(letter in part for letter in "*?[")), None)
    if wild is None:
        return path.parent.resolve(), path.name.removesuffix(".gz")
    root = Path(*path.parts[:wild]) if wild else Path()
    if not root.is_dir():
        raise ValueError(f"{root}: no such folder")
    return root.resolve(), PurePath(*path.parts[wild:]).as_posix().removesuffix(".gz")


def _kind(entry: Path) -> str | None:
    suffix = Path(entry.name.removesuffix(".gz")).suffix
    return suffix if suffix in KINDS else None


def _encoding(content: bytes) -> str:
    """The encoding in which all of it can be read."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "gb18030" or _chinese(text[:2_000_000]):
            return encoding
    return "latin-1"


def _chinese(text: str) -> bool:
    """Whether what is not ASCII is Chinese, and not the accents of a word taken for it.

    >>> _chinese("霸王别姬 (1993)"), _chinese("Amélie".encode("latin-1").decode("gb18030"))
    (True, False)
    """
    high = [letter for letter in text if letter > "\x7f"]
    known = re.findall(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", text)
    within_words = re.findall(r"[A-Za-z][\u4e00-\u9fff]|[\u4e00-\u9fff][A-Za-z]", text)
    return len(known) > 0.9 * len(high) and len(within_words) < 0.3 * len(known)


def _whole_lines(content: bytes, size: int) -> bytes:
    """The beginning, up to the end of a line."""
    if len(content) <= size:
        return content
    end = content.rfind(b"\n", 0, size)
    return content[: end + 1] if end >= 0 else content


def _cells(lines: list[str], delimiter: str) -> list[list[str]]:
    if len(delimiter) > 1:
        return [line.split(delimiter) for line in lines]
    return list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))


def _steadiness(cells: list[list[str]]) -> float:
    """Share of the lines with the commonest number of cells; nothing where that is one."""
    (width, count), *_ = Counter(map(len, cells)).most_common(1) or [(0, 0)]
    return count / len(cells) + min(width, 20) / 1e3 if width > 1 else 0.0


_NUMBER = re.compile(r"^\s*[+-]?\d+([.,:/\- ]\d+)*([eE][+-]?\d+)?\s*Z?$")


def _names_columns(cells: list[list[str]]) -> bool:
    """Whether the first line is of names: no number among them, none twice, and unlike what stands below."""
    names, below = [name.strip() for name in cells[0]], cells[1:]
    if len(set(names)) < len(names) or any(_NUMBER.match(name) or not name for name in names):
        return False
    if not below:
        return True
    return not any(name in {row[place] for row in below if place < len(row)} for place, name in enumerate(names))


def _parquet(path: Path, size: int) -> pa.Table:
    try:
        file = pa.parquet.ParquetFile(path)
        wanted = max(1, size // max(1, 16 * len(file.schema_arrow)))
        batches = file.iter_batches(batch_size=min(wanted, 65_536))
        found, rows = [], 0
        while rows < wanted and (batch := next(batches, None)) is not None:
            found.append(batch)
            rows += len(batch)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: not a Parquet file that can be read, {error}; write it again") from error
    return pa.Table.from_batches(found, file.schema_arrow)


def _parquet_rows(path: Path) -> int:
    return int(pa.parquet.ParquetFile(path).metadata.num_rows)
