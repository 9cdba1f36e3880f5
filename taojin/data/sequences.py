"""Published sequences of items: lines of a user and what the user did, oldest first, without times.

SASRec's files have an item a line (Kang and McAuley, ICDM 2018, https://arxiv.org/abs/1808.09781), S3-Rec's all items
of a user (Zhou et al., CIKM 2020, https://arxiv.org/abs/2008.07873). Reviews and check-ins of many papers come so.

Shapes: N numbers of a file.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from taojin.core.units import Ints
from taojin.data.dataset import Clock, Dataset
from taojin.data.folder import Folder, folders
from taojin.data.kinds import Kinds
from taojin.data.tables import build

BLANK = 32
"""The highest byte that separates: blank, tab, ends of lines."""
LINE_END = 10


@dataclass(frozen=True, kw_only=True)
class ItemSequences:
    """A text file of `user item` or `user item item ...`, every pair an event `like`; its clock is ORDER.

    Where `NAME_item2attributes.json` lies beside `NAME.txt`, items have a column `attributes`, a list of words.

    file    such as ml-1m.txt; it may be compressed (ml-1m.txt.gz)
    """

    file: str

    @property
    def name(self) -> str:
        """What recipes call it."""
        return "item_sequences"

    def load(self, path: Path | None, *, rejects: Path | None = None) -> Dataset:
        """Read and check the file in a folder, or one folder or zip archive down.

        rejects     a CSV file for the rows that are refused
        """
        if path is None:
            raise ValueError(f"item sequences: name the folder that holds {self.file}, such as --data sasrec")
        folder = self._folder(path)
        dataset, _ = build(
            self.file.partition(".")[0].lower(),
            users=None,
            items=_attributes(folder, self.file.partition(".")[0]),
            events=events(folder.read(self.file), folder.label(self.file)),
            kinds=Kinds(("like",)),
            clock=Clock.ORDER,
            rejects=rejects,
        )
        return dataset

    def _folder(self, path: Path) -> Folder:
        for folder in folders(path):
            if self.file in folder:
                return folder
        raise ValueError(f"{path}: no file {self.file}; looked here and one folder or zip archive down")


def events(content: bytes, label: str) -> pa.Table:
    """Events in the order of the file.

    label   what messages call the file

    >>> events(b"7 3 5\\n8 3\\n", "small.txt").to_pydict()
    {'user': ['7', '7', '8'], 'item': ['3', '5', '3'], 'event': ['like', 'like', 'like']}
    """
    text = np.frombuffer(content, np.uint8)
    inside = text > BLANK
    starts = np.flatnonzero(inside & ~np.concatenate(([False], inside[:-1])))  # [N]
    line = np.cumsum(text == LINE_END)[starts]
    is_user = np.ones(len(starts), np.bool_)
    is_user[1:] = line[1:] != line[:-1]
    first = np.flatnonzero(is_user)
    _check_items(first, line, label)
    numbers = pa.array(content.split(), pa.binary()).cast(pa.string())
    of = first[np.cumsum(is_user) - 1]
    user, item = numbers.take(pa.array(of[~is_user])), numbers.filter(pa.array(~is_user))
    return pa.table({"user": user, "item": item, "event": pa.repeat(pa.scalar("like"), len(item))})


def _check_items(first: Ints, line: Ints, label: str) -> None:
    """Refuse a line that names a user and nothing else."""
    alone = np.diff(np.append(first, len(line))) == 1
    if alone.any():
        raise ValueError(
            f"{label} line {line[first[np.argmax(alone)]] + 1}: expected a user and at least one item, got one number; "
            "is the file cut off?"
        )


def _attributes(folder: Folder, name: str) -> pa.Table | None:
    file = f"{name}_item2attributes.json"
    if file not in folder:
        return None
    attributes: dict[str, list[int]] = json.loads(folder.read(file))
    lists = pa.array(list(attributes.values()), pa.list_(pa.int64())).cast(pa.list_(pa.string()))
    return pa.table({"item": pa.array(list(attributes), pa.string()), "attributes": lists})
