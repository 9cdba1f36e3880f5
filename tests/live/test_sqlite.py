"""What only the SQLite store promises: a file that survives a killed process, and errors about the file."""

import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from taojin.core.live import LiveEvent, Receipt
from taojin.live.group_commit import GroupCommit
from taojin.live.sqlite import SQLiteStore

APPEND_FOREVER = """
import itertools, sys, threading
from taojin.core.live import LiveEvent
from taojin.live.sqlite import SQLiteStore

store, lock = SQLiteStore(sys.argv[1]), threading.Lock()

def post(thread):
    for place in itertools.count():
        id = f"{thread}-{place}"
        store.append([LiveEvent(id, "u", id, "like", None, place)])
        with lock:
            sys.stdout.write(id + "\\n")
            sys.stdout.flush()

for thread in range(4):
    threading.Thread(target=post, args=(thread,)).start()
"""


def test_what_was_acknowledged_before_a_kill_is_there_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "live.sqlite"
    process = subprocess.Popen([sys.executable, "-c", APPEND_FOREVER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(200)]
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read()
    # A kill may cut the last line short: then it was not acknowledged to us.
    acknowledged += rest.splitlines() if rest.endswith("\n") else rest.splitlines()[:-1]
    process.wait()
    store = SQLiteStore(path)
    assert set(acknowledged) <= set(store.user_events("u").item)
    assert store.append([LiveEvent("after", "u", "after", "like", None, 1)]) == Receipt(1, 0)
    store.close()


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "live.sqlite")
    assert store._writing.execute("PRAGMA synchronous").fetchone()[0] == 2, "2 is FULL"
    assert store._writing.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    store.close()


def test_what_queues_up_during_a_commit_shares_the_next_one() -> None:
    groups: list[list[int]] = []
    started, go_on = threading.Event(), threading.Event()

    def commit(group: list[int]) -> list[int]:
        groups.append(group)
        started.set()
        go_on.wait()
        return group

    writer = GroupCommit(commit, name="test")
    first = writer.submit(0)
    started.wait()
    others = [writer.submit(number) for number in (1, 2, 3)]
    go_on.set()
    assert [job.result() for job in (first, *others)] == [0, 1, 2, 3]
    assert groups == [[0], [1, 2, 3]]
    writer.close()


def test_an_error_reaches_those_who_wait_and_the_next_group_is_written() -> None:
    def commit(group: list[int]) -> list[float]:
        return [1 / number for number in group]

    writer = GroupCommit(commit, name="test")
    with pytest.raises(ZeroDivisionError):
        writer.submit(0).result()
    assert writer.submit(2).result() == 0.5
    writer.close()


def test_a_job_that_cannot_be_written_takes_no_other_with_it() -> None:
    groups: list[list[int]] = []
    started, go_on = threading.Event(), threading.Event()

    def commit(group: list[int]) -> list[float]:
        groups.append(group)
        started.set()
        go_on.wait()
        return [1 / number for number in group]

    writer = GroupCommit(commit, name="test")
    first = writer.submit(1)
    started.wait()
    others = [writer.submit(number) for number in (2, 0, 4)]
    go_on.set()
    assert first.result() == 1 and others[0].result() == 0.5 and others[2].result() == 0.25
    with pytest.raises(ZeroDivisionError):
        others[1].result()
    assert groups == [[1], [2, 0, 4], [2], [0], [4]]
    writer.close()


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda path: path.write_text("user,item\n" * 500), "expected an SQLite file"),
        (lambda path: path.mkdir(), "expected an SQLite file"),
    ],
    ids=["a text file", "a folder"],
)
def test_what_is_no_store_is_refused_by_name(tmp_path: Path, prepare: object, message: str) -> None:
    path = tmp_path / "live.sqlite"
    prepare(path)  # type: ignore[operator]
    with pytest.raises(ValueError, match=message) as error:
        SQLiteStore(path)
    assert "live.sqlite" in str(error.value)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="existing folder"):
        SQLiteStore(tmp_path / "nowhere" / "live.sqlite")


def test_a_store_of_another_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "live.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(ValueError, match="expected format 1, got 9"):
        SQLiteStore(path)
