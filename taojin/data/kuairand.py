"""KuaiRand: what users of a short-video app were shown, for how long they watched it and how they reacted.

Gao et al., CIKM 2022, https://arxiv.org/abs/2208.08696; data CC BY-SA 4.0. The statistics of videos over the whole
period, which come with the logs, know the future and are not read.

Shapes: E rows of the logs, V earlier views.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.bounds import Positive, bounded
from taojin.core.units import SECOND, Ints
from taojin.data.columns import Column, Flag, Id, Number, Text, Time, Unit, Words
from taojin.data.dataset import Clock, Dataset
from taojin.data.delimited import Format
from taojin.data.files import TableFile, refuse_wrong_unit
from taojin.data.folder import Folder, folders
from taojin.data.kinds import Kinds, with_kinds
from taojin.data.raw import Raw, as_mask
from taojin.data.tables import build

FLAGS = {
    "click": "is_click",
    "like": "is_like",
    "follow": "is_follow",
    "comment": "is_comment",
    "forward": "is_forward",
    "hate": "is_hate",
    "long_view": "long_view",
}
"""Kinds of reaction, and the columns that tell of them."""
CODED = tuple(f"onehot_feat{number}" for number in range(18))
"""Attributes of users that the authors made unreadable."""
RANGES = ("follow_user_num_range", "fans_user_num_range", "friend_user_num_range", "register_days_range")
EARLIER = "user_sequences_until_"
"""How the file of earlier views begins."""


@dataclass(frozen=True, kw_only=True)
class KuaiRand:
    """A folder or zip archive with the official CSV files of KuaiRand-Pure, -1K or -27K, or the same in Parquet.

    Every row of a log of the app's own policy is an event `watch` and `show` with the watch ratio as its value, and of
    every kind whose flag is set: click, like, follow, comment, forward, hate, long_view; and `skip`, where it ended
    within seconds. Where a file of earlier views is there (`user_sequences_until_*`), those become events before the
    logs, `watch` and what else is known of them: like, long_view. They are no `show`, since nothing is known of the
    other reactions, and of their times only the last is known, the others stand a millisecond apart before it.

    Users have `active`, `author` and `streamer` (words), ranges of counts, and eighteen codes; videos have `author`,
    `kind`, `upload`, `music`, `tags`, `duration` (seconds) and `released` (ms).

    longest_ratio   larger watch ratios, of videos that ran again and again, are cut to it
    skipped_within  seconds; what was left sooner, and not seen to its end, was skipped
    """

    longest_ratio: Positive = 5.0
    skipped_within: Positive = 3.0

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def name(self) -> str:
        """What recipes call it."""
        return "kuairand"

    def load(self, path: Path | None, *, rejects: Path | None = None) -> Dataset:
        """Read and check a folder or zip archive, or the one that lies in a folder.

        rejects     a CSV file for the rows that are refused
        """
        if path is None:
            raise ValueError("kuairand: name the folder of the data set, such as --data KuaiRand-Pure/data")
        folder = _find(path)
        logs = [self._log(folder, name) for name in _names(folder, "log_standard_")]
        earlier = [_views(folder, name) for name in _names(folder, EARLIER)]
        for part in (*logs, *earlier):
            refuse_wrong_unit(part)
        dataset, _ = build(
            self.name,
            users=_users(folder),
            items=_videos(folder),
            events=Raw.joined([replace(part, table=part.table.cast(_SCHEMA)) for part in (*earlier, *logs)]),
            kinds=Kinds(("watch", "show", *FLAGS, "skip")),
            clock=Clock.REAL,
            rejects=rejects,
        )
        return dataset

    def _log(self, folder: Folder, name: str) -> Raw:
        """The rows of a log as events."""
        flags = {kind: Flag(column) for kind, column in FLAGS.items()}
        raw = TableFile(
            name,
            {
                "user": Id("user_id"),
                "item": Id("video_id"),
                "time": Time("time_ms", unit=Unit.MILLISECONDS),
                "played": Number("play_time_ms", least=0),
                "duration": Number("duration_ms", least=0),
                **flags,
            },
        ).read(folder, "events")
        duration = pc.if_else(pc.greater(raw.table["duration"], 0), raw.table["duration"], None)
        ratio = pc.min_element_wise(pc.divide(raw.table["played"], duration), self.longest_ratio, skip_nulls=False)
        left = pc.less(raw.table["played"], self.skipped_within * SECOND)
        skipped = pc.and_(left, pc.less(raw.table["played"], raw.table["duration"]))
        known = {"show": pc.is_valid(raw.table["item"])}
        known |= {kind: raw.table[kind] for kind in FLAGS}
        return _events(raw.with_column("value", ratio), known | {"skip": skipped})


def _views(folder: Folder, name: str) -> Raw:
    """Earlier views as events."""
    lists = {column: Words(column) for column in ("watch_seq", "like_seq", "long_watch_seq")}
    last = Time("last_time_ms", unit=Unit.MILLISECONDS)
    raw = TableFile(name, {"user": Id("user_id"), "time": last, **lists}).read(folder, "events")
    views = raw.table["watch_seq"].combine_chunks()
    length = pc.fill_null(pc.list_value_length(views), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    of = np.repeat(np.arange(len(length)), length)
    before_last = np.cumsum(length)[of] - 1 - np.arange(len(of))
    item = pc.list_flatten(views)
    table = pa.table(
        {
            "user": raw.table["user"].take(pa.array(of)),
            "item": item,
            "time": pa.array(raw.table["time"].to_numpy()[of] - before_last),
            "value": pa.nulls(len(of), pa.float64()),
        }
    )
    reacted = {
        kind: pc.is_in(_keys(of, item), value_set=_pairs(raw.table[column].combine_chunks()))
        for kind, column in (("like", "like_seq"), ("long_view", "long_watch_seq"))
    }
    # A user is a line of the file, however many views it holds.
    flat = replace(raw, table=table, lines=lambda rows: raw.lines(of[rows]))
    return _events(flat, reacted)


def _pairs(lists: pa.ListArray) -> pa.Array:
    """Keys of the lists' items."""
    return _keys(pc.list_parent_indices(lists).to_numpy(), pc.list_flatten(lists))


def _keys(of: Ints, item: pa.Array) -> pa.Array:
    """One text for a row and an item."""
    return pc.binary_join_element_wise(pa.array(of).cast(pa.string()), item.cast(pa.string()), " ")


def _events(raw: Raw, known: Mapping[str, pa.Array | pa.ChunkedArray]) -> Raw:
    """What was watched as events, of all kinds of which it is."""
    event = with_kinds(
        pa.repeat(pa.scalar("watch"), raw.table.num_rows), {kind: as_mask(mask) for kind, mask in known.items()}
    )
    table = raw.table.select(["user", "item", "time", "value"]).append_column("event", event)
    return replace(raw, table=table)


_SCHEMA = pa.schema(
    {"user": pa.string(), "item": pa.string(), "time": pa.int64(), "value": pa.float64(), "event": pa.string()}
)


def _users(folder: Folder) -> Raw:
    columns: dict[str, Column] = {
        "user": Id("user_id"),
        "active": Text("user_active_degree"),
        "streamer": Text("is_live_streamer"),
        "author": Text("is_video_author"),
        **{name: Text(name) for name in (*RANGES, *CODED)},
    }
    return TableFile(_one(folder, "user_features_"), columns, format=Format(missing=("", "UNKNOWN", "-124"))).read(
        folder, "users"
    )


def _videos(folder: Folder) -> Raw:
    columns: dict[str, Column] = {
        "item": Id("video_id"),
        "author": Text("author_id"),
        "kind": Text("video_type"),
        "upload": Text("upload_type"),
        "music": Text("music_id"),
        "tags": Words("tag", ","),
        "duration": Number("video_duration"),
        "released": Time("upload_dt", unit=Unit.ISO),
    }
    videos = TableFile(_one(folder, "video_features_basic_"), columns, format=Format(missing=("", "UNKNOWN"))).read(
        folder, "items"
    )
    return videos.with_column("duration", pc.divide(videos.table["duration"], float(SECOND)))


def _find(path: Path) -> Folder:
    """The one folder or archive, here or one down, that holds logs, users and videos."""
    needs = ("log_standard_", "user_features_", "video_features_basic_")
    found = [folder for folder in folders(path) if all(_names(folder, start) for start in needs)]
    if not found:
        wanted = ", ".join(f"{start}*.csv" for start in needs)
        raise ValueError(f"{path}: no KuaiRand files; looked here and one folder or zip archive down for {wanted}")
    if len(found) > 1:
        raise ValueError(f"{path}: several data sets, {', '.join(str(one.path) for one in found)}; name one")
    return found[0]


def _one(folder: Folder, start: str) -> str:
    """Name of the one table that begins so."""
    name, *more = _names(folder, start)
    if more:
        raise ValueError(
            f"{folder.path}: expected one table {start}*, got {', '.join((name, *more))}; keep those of one data set"
        )
    return name


def _names(folder: Folder, start: str) -> list[str]:
    """Names of the tables that begin so, without the ending of a compressed one, in their order."""
    plain = {name.removesuffix(".gz") for name in folder.names()}
    return sorted(name for name in plain if name.startswith(start) and name.endswith((".csv", ".parquet")))
