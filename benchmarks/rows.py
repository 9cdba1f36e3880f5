"""The rows that rankers are compared on, by name; DATA is the folder that holds the data sets."""

from pathlib import Path

from benchmarks.encoded import EncodedRows
from benchmarks.film_rows import film_rows
from benchmarks.video_rows import TARGETS, video_rows
from taojin.data.tasks import Task

ASKED = {"kuairand": "is a shown video clicked?", "ml-1m": "is a rating a like (4 stars and more)?"}
PARTED = {
    "kuairand": "the last four days are the test part",
    "ml-1m": "the last fifth of each user's ratings is the test part",
}
NAMES = tuple(ASKED)


def rows_of(name: str, data: Path, limit: int | None = None, tasks: tuple[str | Task, ...] = TARGETS) -> EncodedRows:
    """The rows of a data set, one of NAMES.

    limit   about so many ratings, those of the first users; ValueError for KuaiRand, which is read whole
    tasks   KuaiRand's labels
    """
    if name == "ml-1m":
        return film_rows(data / "ml-1m", limit)
    if limit is not None:
        raise ValueError(f"--rows {limit}: {name} is always read whole; leave it out")
    return video_rows(data / "kuairand-pure", tasks)


def protocol(name: str, rows: EncodedRows) -> str:
    """What is asked of which rows, as sentences."""
    users = len(set(rows.columns["user"].tolist()))
    return f"{name}: {ASKED[name]} {len(rows):,} rows of {users:,} users; {PARTED[name]}."
