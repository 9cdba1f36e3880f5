"""KuaiRand's files: what was shown, how users reacted, and what they had watched before."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from taojin.data.dataset import Dataset
from taojin.data.kuairand import CODED, RANGES, KuaiRand

FLAGS = ("is_click", "is_like", "is_follow", "is_comment", "is_forward", "is_hate", "long_view")
DAY = 1_650_800_000_000


def log(*rows: tuple[int, int, int, str, int, int]) -> pa.Table:
    """Rows of user, video, ms after DAY, flags that are set, ms played, ms of the video."""
    return pa.table(
        {
            "user_id": [row[0] for row in rows],
            "video_id": [row[1] for row in rows],
            "time_ms": [DAY + row[2] for row in rows],
            **{flag: [int(flag in row[3].split()) for row in rows] for flag in FLAGS},
            "play_time_ms": [row[4] for row in rows],
            "duration_ms": [row[5] for row in rows],
        }
    )


FIRST = log((1, 10, 0, "is_click is_like", 3_000, 6_000), (1, 11, 5, "", 0, 4_000), (2, 10, 9, "is_hate", 90, 3))
SECOND = log((2, 12, 20, "long_view", 8_000, 0))
USERS = pa.table(
    {
        "user_id": [1, 2],
        "user_active_degree": ["full_active", "UNKNOWN"],
        "is_live_streamer": [-124, 0],
        "is_video_author": [1, 0],
        **{name: ["0", "(0,10]"] for name in RANGES},
        **{name: [3.0, None] for name in CODED},
    }
)
VIDEOS = pa.table(
    {
        "video_id": [10, 11, 12],
        "author_id": [7, 7, 8],
        "video_type": ["NORMAL", "AD", "NORMAL"],
        "upload_type": ["Web", "Web", None],
        "music_id": [5, 6, 5],
        "tag": ["3,39", "3", None],
        "video_duration": [6_000.0, 4_000.0, None],
        "upload_dt": ["2022-04-10", "2022-04-11", "2022-04-12"],
    }
)
VIEWS = pa.table(
    {
        "user_id": [2, 3],
        "last_time_ms": [DAY - 1_000, DAY - 5],
        "watch_seq": [["11", "10", "11"], ["12"]],
        "like_seq": [["10"], []],
        "long_watch_seq": pa.array([["10", "11"], None], pa.list_(pa.string())),
    }
)


def write(folder: Path, *, views: bool = True, ending: str = "csv") -> Path:
    tables = {
        "log_standard_4_08_to_4_21_pure": FIRST,
        "log_standard_4_22_to_5_08_pure": SECOND,
        "user_features_pure": USERS,
        "video_features_basic_pure": VIDEOS,
    }
    for name, table in tables.items():
        if ending == "csv":
            pa.csv.write_csv(table, folder / f"{name}.csv")
        else:
            pa.parquet.write_table(table, folder / f"{name}.parquet")
    if views:
        pa.parquet.write_table(VIEWS, folder / "user_sequences_until_20220407.parquet")
    return folder


def told(dataset: Dataset) -> list[tuple[str, str, int, set[str], float]]:
    """Every event as user, item, ms after DAY, kinds and value."""
    events, kinds = dataset.log.events, dataset.kinds
    return [
        (
            dataset.user_vocabulary.id(int(user)),
            dataset.item_vocabulary.id(int(item)),
            int(time) - DAY,
            {name for name in kinds.names if int(bits) & kinds.bits(name)},
            float(value),
        )
        for user, item, time, bits, value in zip(
            dataset.log.user, events.item, events.time, events.kinds, events.value, strict=True
        )
    ]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_was_shown_is_an_event_of_all_that_followed(tmp_path: Path, ending: str) -> None:
    found = told(KuaiRand().load(write(tmp_path, views=False, ending=ending)))
    assert found[:3] == [
        ("1", "10", 0, {"watch", "show", "click", "like"}, 0.5),
        ("1", "11", 5, {"watch", "show", "skip"}, 0.0),
        ("2", "10", 9, {"watch", "show", "hate"}, 5.0),  # thirty times, cut
    ]
    assert found[3][:4] == ("2", "12", 20, {"watch", "show", "long_view"}) and np.isnan(found[3][4])  # of no length


def test_earlier_views_come_before_the_logs_in_their_order(tmp_path: Path) -> None:
    found = told(KuaiRand().load(write(tmp_path)))
    earlier = [event[:4] for event in found if event[2] < 0]
    assert earlier == [
        ("2", "11", -1_002, {"watch", "long_view"}),
        ("2", "10", -1_001, {"watch", "like", "long_view"}),
        ("2", "11", -1_000, {"watch", "long_view"}),
        ("3", "12", -5, {"watch"}),
    ]
    assert len(found) == 8


def test_users_and_videos_bring_their_attributes(tmp_path: Path) -> None:
    dataset = KuaiRand().load(write(tmp_path))
    first, second, third = dataset.users.to_pylist()
    assert (first["active"], first["streamer"], first["author"]) == ("full_active", None, "1")
    assert (second["active"], second["streamer"], second["fans_user_num_range"]) == (None, "0", "(0,10]")
    assert third["user"] == "3" and third["active"] is None
    video = dataset.items.to_pylist()[0]
    assert video["tags"] == ["3", "39"] and video["duration"] == 6.0 and video["author"] == "7"
    assert video["released"] == 1_649_548_800_000


def test_a_damaged_log_is_told_with_its_line(tmp_path: Path) -> None:
    text = (write(tmp_path) / "log_standard_4_08_to_4_21_pure.csv").read_text().splitlines()
    broken = text[2].split(",")
    broken[2] = "soon"
    (tmp_path / "log_standard_4_08_to_4_21_pure.csv").write_text("\n".join([*text[:2], ",".join(broken), *text[3:]]))
    with pytest.raises(ValueError, match=r"log_standard_4_08_to_4_21_pure.csv line 3, column 'time_ms'"):
        KuaiRand().load(tmp_path)


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        ("is_click", [2, 0], r"column 'is_click': '2' is wrong: neither yes nor no; write 1 or 0"),
        ("play_time_ms", [-5, 0], r"column 'play_time_ms': '-5' is wrong: not a number, or below what it can be"),
        ("is_like", [[1], [0]], r"column 'is_like': cannot be read as Flag, it is of type list<"),
        (
            "time_ms",
            [DAY // 1000, DAY // 1000],
            r"column 'time': every event would lie before 1973; if the file counts",
        ),
    ],
)
def test_cells_that_make_no_sense_are_told(tmp_path: Path, column: str, cells: list, message: str) -> None:
    table = FIRST.slice(0, 2)
    table = table.set_column(table.column_names.index(column), column, pa.array(cells))
    write(tmp_path)
    for log in tmp_path.glob("log_standard_*"):
        log.unlink()
    pa.parquet.write_table(table, tmp_path / "log_standard_a.parquet")
    with pytest.raises(ValueError, match=message):
        KuaiRand().load(tmp_path)


def test_rows_without_an_id_are_refused_with_the_line_of_their_file(tmp_path: Path) -> None:
    text = (write(tmp_path) / "log_standard_4_22_to_5_08_pure.csv").read_text().splitlines()
    row = text[1].split(",")
    (tmp_path / "log_standard_4_22_to_5_08_pure.csv").write_text("\n".join([*text, ",".join(["", *row[1:]])]))
    dataset = KuaiRand().load(tmp_path, rejects=tmp_path / "rejects.csv")
    assert len(dataset.log) == 8
    refused = (tmp_path / "rejects.csv").read_text()
    assert refused.count("\n") == 2 and ",3," in refused.splitlines()[1].replace('"', "")


def test_what_is_no_such_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kuairand: name the folder"):
        KuaiRand().load(None)
    with pytest.raises(ValueError, match=r"no KuaiRand files.*log_standard_\*.csv"):
        KuaiRand().load(tmp_path)
    with pytest.raises(ValueError, match=r"KuaiRand.longest_ratio: expected a number, above 0; got 0"):
        KuaiRand(longest_ratio=0)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name)
    with pytest.raises(ValueError, match="several data sets"):
        KuaiRand().load(tmp_path)


def test_two_tables_of_users_are_told(tmp_path: Path) -> None:
    text = (write(tmp_path) / "user_features_pure.csv").read_text()
    (tmp_path / "user_features_1k.csv").write_text(text)
    with pytest.raises(ValueError, match=r"expected one table user_features_\*, got user_features_1k.csv, user_feat"):
        KuaiRand().load(tmp_path)


@pytest.mark.skipif("TAOJIN_DATA" not in os.environ, reason="TAOJIN_DATA names no folder of data sets")
def test_the_real_set() -> None:
    dataset = KuaiRand().load(Path(os.environ["TAOJIN_DATA"]) / "kuairand-pure")
    assert dataset.n_users - 2 == 27_285 and dataset.n_items - 2 == 7_583
    kinds = dataset.log.events.kinds
    counts = {
        name: int(((kinds & dataset.kinds.bits(name)) != 0).sum())
        for name in ("watch", "show", "click", "like", "follow")
    }
    # Of 228,329 rows of the logs 5,885 stand twice, and of 304 with a follow 14.
    assert counts == {"watch": 1_039_628, "show": 222_444, "click": 100_008, "like": 20_247, "follow": 290}
