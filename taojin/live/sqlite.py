"""The default live store: one SQLite file.

Write-ahead log with `synchronous=FULL`, so a commit is on disk when it returns; commits are shared by group commit.
Readers have connections of their own and never wait for the writer.
"""

import json
import logging
import queue
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from taojin.core.live import Impression, LiveEvent, LiveEvents, Receipt
from taojin.live.group_commit import GroupCommit

log = logging.getLogger(__name__)

VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL,
    item TEXT NOT NULL,
    event TEXT NOT NULL,
    value REAL,
    time INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS events_of_user ON events (user, time, arrival);
CREATE TABLE IF NOT EXISTS impressions (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL,
    user TEXT NOT NULL,
    scene TEXT NOT NULL,
    time INTEGER NOT NULL,
    items TEXT NOT NULL,
    scores TEXT NOT NULL
) STRICT;
"""
INSERT_EVENT = (
    "INSERT INTO events (id, user, item, event, value, time) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
)
INSERT_IMPRESSION = "INSERT INTO impressions (request_id, user, scene, time, items, scores) VALUES (?, ?, ?, ?, ?, ?)"
COLUMNS = "user, item, event, value, time, arrival"
BLOCK = 50_000
NEWEST = 10_000
BUSY_SECONDS = 10.0

Work = Sequence[LiveEvent] | Impression


class SQLiteStore:
    """A live store in one file, which is made where there is none.

    Its writer is one thread, so an `append` costs one commit of the group that it falls into.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = SQLiteStore(f"{folder}/live.sqlite")
    ...     receipt = store.append([LiveEvent("e1", "42", "31", "like", None, 1_700_000_000_000)])
    ...     again = store.append([LiveEvent("e1", "42", "31", "like", None, 1_700_000_000_000)])
    ...     liked = store.user_events("42").item
    ...     store.close()
    >>> receipt, again, liked
    (Receipt(applied=1, duplicates=0), Receipt(applied=0, duplicates=1), ('31',))
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._writing = self._prepared()
        self._writer: GroupCommit[Work, Receipt] = GroupCommit(self._commit, name=f"live store {self.path}")

    def append(self, events: Sequence[LiveEvent]) -> Receipt:
        """Store all of these or none; returns once they are on disk. An id that is there already is not applied."""
        return self._writer.submit(events).result()

    def record(self, impression: Impression) -> None:
        """Queue what was shown; `flush` waits for the disk."""
        self._writer.submit(impression).add_done_callback(_tell_failure)

    def flush(self) -> None:
        """Wait until all that was recorded is on disk."""
        self._writer.submit(()).result()

    def user_events(self, user: str) -> LiveEvents:
        """All events of one user, by (time, arrival)."""
        with self._reading() as connection:
            query = f"SELECT {COLUMNS} FROM events WHERE user = ? ORDER BY time, arrival"
            return LiveEvents.of(connection.execute(query, (user,)).fetchall())

    def users(self, limit: int) -> tuple[str, ...]:
        """Users among the newest 10,000 events, those with the newest arrivals first."""
        newest = "SELECT user, arrival FROM events ORDER BY arrival DESC LIMIT ?"
        query = f"SELECT user FROM ({newest}) GROUP BY user ORDER BY max(arrival) DESC LIMIT ?"
        with self._reading() as connection:
            return tuple(user for (user,) in connection.execute(query, (NEWEST, limit)))

    def collect(self, since: int = 0) -> Iterator[LiveEvents]:
        """The events whose arrival is above `since`, in the order of arrival, in blocks of 50,000."""
        query = f"SELECT {COLUMNS} FROM events WHERE arrival > ? ORDER BY arrival LIMIT {BLOCK}"
        while True:
            with self._reading() as connection:
                block = LiveEvents.of(connection.execute(query, (since,)).fetchall())
            if not len(block):
                return
            yield block
            since = int(block.arrival[-1])

    def shown(self, since: int = 0) -> Iterator[tuple[int, Impression]]:
        """Impressions with their numbers, from above `since` on, in the order of arrival."""
        query = f"SELECT * FROM impressions WHERE arrival > ? ORDER BY arrival LIMIT {BLOCK}"
        while True:
            with self._reading() as connection:
                block = connection.execute(query, (since,)).fetchall()
            if not block:
                return
            yield from (_shown(row) for row in block)
            since = block[-1][0]

    def close(self) -> None:
        """Write what is queued and let go of the file."""
        self._writer.close()
        self._writing.close()
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _prepared(self) -> sqlite3.Connection:
        """The writer's connection, on a file that has our tables."""
        try:
            connection = self._connected()
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, VERSION):
                raise ValueError(
                    f"live store {self.path}: expected format {VERSION}, got {version}; it was written by another "
                    f"release: use that one, or name another file"
                )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(SCHEMA)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"live store {self.path}: expected an SQLite file or none in an existing folder, got: {error}"
            ) from error
        return connection

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that nobody else uses now."""
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._connected()
        try:
            yield connection
        finally:
            self._idle.put(connection)

    def _commit(self, group: Sequence[Work]) -> list[Receipt]:
        """One transaction for the whole group."""
        connection = self._writing
        connection.execute("BEGIN IMMEDIATE")
        try:
            receipts = [self._write(work) for work in group]
            connection.execute("COMMIT")
        except BaseException:
            # A full disk makes SQLite roll back by itself.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return receipts

    def _write(self, work: Work) -> Receipt:
        if isinstance(work, Impression):
            items, scores = json.dumps(work.items), json.dumps(work.scores)
            row = (work.request_id, work.user, work.scene, work.time, items, scores)
            self._writing.execute(INSERT_IMPRESSION, row)
            return Receipt(1, 0)
        before = self._writing.total_changes
        self._writing.executemany(INSERT_EVENT, work)
        applied = self._writing.total_changes - before
        return Receipt(applied, len(work) - applied)


def _tell_failure(written: "Future[Receipt]") -> None:
    if (error := written.exception()) is not None:
        log.error("live store: an impression was not stored: %s", error)


def _shown(row: tuple[int, str, str, str, int, str, str]) -> tuple[int, Impression]:
    arrival, request_id, user, scene, time, items, scores = row
    impression = Impression(
        request_id=request_id,
        user=user,
        scene=scene,
        time=time,
        items=tuple(json.loads(items)),
        scores=tuple(json.loads(scores)),
    )
    return arrival, impression
