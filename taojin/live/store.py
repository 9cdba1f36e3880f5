"""Where the live store of a run is: a file beside it, or the Redis that TAOJIN_STORE names."""

import os
from pathlib import Path

import pyarrow as pa

from taojin.core.live import LiveStore
from taojin.live.sqlite import SQLiteStore
from taojin.live.tables import events_table

VARIABLE = "TAOJIN_STORE"
"""An address such as redis://localhost:6379/0; every command that opens a run's store reads it."""


def live_path(run: Path) -> Path:
    """The file of a run's store: beside the bundle, since a new bundle takes the bundle's place.

    >>> live_path(Path("runs/demo")).as_posix()
    'runs/demo.live.sqlite'
    """
    return run.with_name(f"{run.name}.live.sqlite")


def open_store(run: Path) -> LiveStore:
    """The store of a run, which is made where there is none."""
    address = os.environ.get(VARIABLE, "")
    if not address:
        return SQLiteStore(live_path(run))
    if not address.startswith(("redis://", "rediss://")):
        raise ValueError(f"{VARIABLE}={address!r}: expected an address such as redis://localhost:6379/0, or nothing")
    try:
        from taojin.live.redis import RedisStore  # noqa: PLC0415 - only where it is asked for
    except ImportError as error:
        raise ValueError(f"{VARIABLE}: {error}; it needs the extra `redis`: pip install 'taojin[redis]'") from error
    return RedisStore(address, Path(run).absolute().name)


def place_of(run: Path) -> str:
    """What messages call the store of a run."""
    return os.environ.get(VARIABLE, "") or str(live_path(run))


def collected(run: Path) -> pa.Table | None:
    """All events that the store of a run holds, in the order of arrival; None where nothing has opened one yet."""
    if not os.environ.get(VARIABLE) and not live_path(run).exists():
        return None
    store = open_store(run)
    try:
        return events_table(store)
    finally:
        store.close()
