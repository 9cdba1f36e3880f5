"""The rows that rankers are compared on: which there are, and what is said of them."""

from pathlib import Path

import pytest

from benchmarks.film_rows import film_rows
from benchmarks.rows import NAMES, protocol, rows_of


def test_what_is_said_of_rows_counts_them() -> None:
    rows = film_rows(None, 4_000)
    users = len(set(rows.columns["user"].tolist()))
    assert protocol("ml-1m", rows).startswith("ml-1m: is a rating a like")
    assert f"{len(rows):,} rows of {users:,} users" in protocol("ml-1m", rows)
    assert all(name in protocol(name, rows) for name in NAMES)


def test_videos_are_read_whole(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"--rows 5: kuairand is always read whole"):
        rows_of("kuairand", tmp_path, 5)
