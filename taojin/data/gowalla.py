"""Gowalla: places where users checked in, as LightGCN's authors cut it; any set in their format can be read.

He et al., SIGIR 2020, https://arxiv.org/abs/2002.02126; the check-ins are those of Cho et al., KDD 2011,
https://doi.org/10.1145/2020408.2020579

Shapes: L lines of a file, E events.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.units import Ints
from taojin.data.dataset import Clock, Dataset
from taojin.data.folder import Folder
from taojin.data.kinds import Kinds
from taojin.data.split import Part
from taojin.data.tables import build


@dataclass(frozen=True, kw_only=True)
class Gowalla:
    """`train.txt` and `test.txt` with lines `user item item ...`; every item of a line is a `like`.

    There are no times. A line lists its items by number, which has to do with their popularity, so that "the last one"
    would mean something that it must not: the training events of a user get an order that `seed` draws, and the test
    comes after them. For `GivenSplit`, the last `valid` share of each user's training events, rounded, is validation.
    """

    valid: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.valid < 1:
            raise ValueError(f"Gowalla: expected `valid` to be a share in [0, 1), got {self.valid}")

    @property
    def name(self) -> str:
        """What recipes call it."""
        return "gowalla"

    def load(self, path: Path | None, *, rejects: Path | None = None) -> Dataset:
        """Read and check a folder or zip archive; its clock is ORDER.

        rejects     a CSV file for the rows that are refused
        """
        if path is None:
            raise ValueError("Gowalla: expected the folder that holds train.txt and test.txt; name it with --data")
        folder = Folder(path)
        train, test = _read(folder, "train.txt"), _read(folder, "test.txt")
        time = np.random.default_rng(self.seed).permutation(train.num_rows)
        time = np.append(time, np.arange(train.num_rows, train.num_rows + test.num_rows))
        held = np.append(self._held(np.asarray(train["user"]), time), np.full(test.num_rows, Part.TEST))
        events = pa.concat_tables([train, test])
        columns = {
            "time": pa.array(time),
            "event": pa.repeat("like", len(time)),
            "part": pa.array(np.array([part.name.lower() for part in Part])[held]),
        }
        events = pa.table({**dict(zip(events.column_names, events.columns, strict=True)), **columns})
        kinds = Kinds(("like",))
        return build(self.name, users=None, items=None, events=events, kinds=kinds, clock=Clock.ORDER, rejects=rejects)[
            0
        ]

    def _held(self, user: Ints, time: Ints) -> Ints:
        """Part of each training event, int64[E]: the last share of its user's is validation."""
        order = np.lexsort((-time[: len(user)], user))
        length = np.bincount(user)
        from_last = np.arange(len(user)) - (np.cumsum(length) - length)[user[order]]
        part = np.full(len(user), Part.TRAIN, np.int64)
        part[order[from_last < np.floor(self.valid * length + 0.5)[user[order]]]] = Part.VALID
        return part


def _read(folder: Folder, name: str) -> pa.Table:
    """Columns user and item, int64[E] each, of a file of lines `user item item ...`."""
    text = folder.read(name).decode("ascii", errors="replace")
    lines = pc.ascii_trim_whitespace(pa.array(text.splitlines(), pa.string()))
    words = pc.ascii_split_whitespace(lines.filter(pc.not_equal(lines, "")))  # [L]
    length = np.asarray(pc.list_value_length(words))
    try:
        numbers = np.asarray(words.flatten().cast(pa.int64()))
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"{folder.label(name)}: expected lines of whole numbers `user item item ...`, got {error}"
        ) from None
    first = np.cumsum(length) - length
    is_item = np.ones(len(numbers), np.bool_)
    is_item[first] = False
    user = np.repeat(numbers[first], length - 1)
    return pa.table({"user": user, "item": numbers[is_item]})
