"""Published sequences: both layouts, and the real files where TAOJIN_DATA has them."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from taojin.data.dataset import Clock
from taojin.data.sequences import ItemSequences, events


def test_an_item_a_line_and_all_items_of_a_user_are_the_same_events(tmp_path):
    (tmp_path / "long.txt").write_text("1 5\n1 6\n2 5\n1 5\n")
    (tmp_path / "wide.txt.gz").write_bytes(gzip.compress(b"1 5 6 5\n\n2  5\r\n"))
    long, wide = (ItemSequences(file=f"{name}.txt").load(tmp_path) for name in ("long", "wide"))
    for dataset in (long, wide):
        assert dataset.clock is Clock.ORDER
        assert dataset.user_vocabulary.ids == ("1", "2")
        assert dataset.log.offsets.tolist() == [0, 0, 0, 3, 4]
        assert dataset.log.events.item.tolist() == [2, 3, 2, 2]
        assert dataset.log.events.time.tolist() == [0, 1, 2, 0]


def test_attributes_are_read_where_they_lie_beside(tmp_path):
    (tmp_path / "Shop.txt").write_text("1 5 6\n")
    (tmp_path / "Shop_item2attributes.json").write_text(json.dumps({"6": [3, 4], "9": []}))
    dataset = ItemSequences(file="Shop.txt").load(tmp_path)
    assert dataset.name == "shop"
    assert dataset.items.to_pylist() == [
        {"item": "6", "attributes": ["3", "4"]},
        {"item": "9", "attributes": []},
        {"item": "5", "attributes": None},
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"1 5\n2\n3 6\n", r"small.txt line 2: expected a user and at least one item"), (b"1 5\n2", r"line 2")],
)
def test_a_user_without_items_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        events(content, "small.txt")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"no file ml-1m.txt; looked here"):
        ItemSequences(file="ml-1m.txt").load(tmp_path)
    with pytest.raises(ValueError, match=r"name the folder that holds ml-1m.txt"):
        ItemSequences(file="ml-1m.txt").load(None)


@pytest.mark.parametrize(
    ("folder", "file", "users", "items", "count"),
    [
        ("ml-1m/sasrec", "ml-1m.txt", 6_040, 3_416, 999_611),
        ("s3rec-amazon", "Beauty.txt", 22_363, 12_101, 198_502),
    ],
)
def test_the_published_counts(folder, file, users, items, count):
    if "TAOJIN_DATA" not in os.environ:
        pytest.skip(f"needs {file}: set TAOJIN_DATA to the folder that holds {folder}")
    dataset = ItemSequences(file=file).load(Path(os.environ["TAOJIN_DATA"], folder))
    log = dataset.log
    assert (dataset.users.num_rows, len(np.unique(log.events.item)), len(log)) == (users, items, count)
