"""Recommendations for many users at once, each as a request of its own would be answered now.

Shapes: R users of a block, E events of all their pasts.
"""

import os
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from taojin.bundle.bundle import Bundle
from taojin.core.batch import Requests
from taojin.core.events import Events, Pasts
from taojin.core.hint import did_you_mean
from taojin.core.progress import Progress, Silent
from taojin.core.units import FIRST, PAD
from taojin.core.whole import check_file, whole
from taojin.core.workers import fresh_processes
from taojin.live.store import open_store
from taojin.serving.recommender import Recommender, seed_of

BLOCK = 512
"""Users that go through the funnel together."""
SHOWN = 3
"""Ids that a message names."""
SCHEMA = pa.schema(
    {"user": pa.string(), "place": pa.int32(), "item": pa.string(), "score": pa.float32(), "title": pa.string()}
)
"""A row for each recommendation, by user and place from 1."""
WRITERS = {".parquet": pa.parquet.ParquetWriter, ".csv": pa.csv.CSVWriter}


def recommend_in_bulk(
    run: Path,
    users: Sequence[str] | None,
    out: Path,
    *,
    scene: str,
    n: int,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[int, list[str]]:
    """Write the lists of some users, or of all that the bundle knows; how many users there were, and who is unknown.

    users       ids; one that neither the bundle nor the live store knows is answered as a stranger is, and a
                `ValueError` where they are all such
    out         a file, *.parquet or *.csv, with the columns of SCHEMA; it is complete or not there
    workers     processes; None: one for each core
    """
    if out.suffix not in WRITERS:
        raise ValueError(f"--out {out}: expected a file that ends in {' or '.join(WRITERS)}")
    check_file(out)
    bundle, progress = Bundle.load(run), progress or Silent()
    if scene not in bundle.scenes:
        raise ValueError(f"scene {scene!r}: this bundle has no such scene; {did_you_mean(scene, bundle.scenes)}")
    asked = list(bundle.user_vocabulary.ids if users is None else dict.fromkeys(users))
    if not asked:
        raise ValueError("users: expected the id of one user or more, got none")
    unknown = _unknown(run, bundle, asked)
    if len(unknown) == len(asked):
        raise ValueError(
            f"users: expected ids that {run} knows, one a line, got {len(asked):,} of which it knows none: "
            f"{some(unknown)}; leave out the line with the name of the column and whatever stands beside an id"
        )
    blocks = [asked[start : start + BLOCK] for start in range(0, len(asked), BLOCK)]
    with (
        whole(out) as beside,
        WRITERS[out.suffix](beside, SCHEMA) as writer,
        progress.task("recommend", len(asked)) as advance,
    ):
        answered = _answered(run, bundle, blocks, scene, n, workers or os.cpu_count() or 1)
        for block, table in zip(blocks, answered, strict=True):
            writer.write_table(table)
            advance(len(block), "")
    return len(asked), unknown


def some(users: Sequence[str]) -> str:
    """The first few, as messages show them.

    >>> some(["a", "b", "c", "d"])
    "'a', 'b', 'c', ..."
    """
    return ", ".join([*(repr(user) for user in users[:SHOWN]), *(["..."] if len(users) > SHOWN else [])])


def _unknown(run: Path, bundle: Bundle, users: Sequence[str]) -> list[str]:
    """Those of whom neither training nor the live store has anything."""
    new = [user for user in users if user not in bundle.user_vocabulary]
    if not new:
        return new
    store = open_store(run)
    try:
        return [user for user in new if not len(store.user_events(user))]
    finally:
        store.close()


def _answered(
    run: Path, bundle: Bundle, blocks: list[list[str]], scene: str, n: int, workers: int
) -> Iterator[pa.Table]:
    """The lists of each block, in their order."""
    workers = min(workers, len(blocks))
    if workers == 1:
        recommender = Recommender(bundle, open_store(run))
        yield from (lists(recommender, block, scene=scene, n=n) for block in blocks)
        return
    with fresh_processes(workers) as pool:
        yield from pool.map(partial(_lists, run, scene, n), blocks)


@cache
def _loaded(run: Path) -> Recommender:
    """What a worker keeps between its blocks."""
    return Recommender(Bundle.load(run, verify=False), open_store(run))


def _lists(run: Path, scene: str, n: int, users: list[str]) -> pa.Table:
    return lists(_loaded(run), users, scene=scene, n=n)


def lists(recommender: Recommender, users: Sequence[str], *, scene: str, n: int) -> pa.Table:
    """The best n items of each user, rows of SCHEMA."""
    bundle, requests = recommender.bundle, requests_of(recommender, users, n)
    shown = bundle.scenes[scene].recommend(requests)
    return pa.table(
        [
            pa.array(users, pa.string()).take(pa.array(shown.request)),
            pa.array(shown.position + 1, pa.int32()),
            bundle.item_vocabulary.column.take(pa.array(shown.item - FIRST)),
            pa.array(shown.scores["final"], pa.float32()),
            pa.array(bundle.catalogue.titles(shown.item), pa.string()),
        ],
        schema=SCHEMA,
    )


def requests_of(recommender: Recommender, users: Sequence[str], n: int) -> Requests:
    """A request of each user now, with all that is known of them."""
    bundle, now = recommender.bundle, recommender.clock() + 1
    before = [recommender.past(user).before(now) for user in users]
    return Requests(
        user=bundle.user_vocabulary.rows(users),
        item=np.full(len(users), PAD),
        time=np.array([time for _, time in before], np.int64),
        seed=np.array([seed_of(user) for user in users], np.uint64),
        past=_together([past for past, _ in before]),
        allowed=recommender.filters.mask({}),
        n=n,
    )


def _together(pasts: Sequence[Pasts]) -> Pasts:
    """The pasts of several requests, each over events of its own, as one."""
    whole = [past.events for past in pasts]
    start = np.cumsum([0, *(len(events) for events in whole)])
    joined = Events(
        np.concatenate([events.item for events in whole]),
        np.concatenate([events.kinds for events in whole]),
        np.concatenate([events.value for events in whole]),
        np.concatenate([events.time for events in whole]),
    )
    end = start[:-1] + np.array([int(past.end[0]) for past in pasts], np.int64)
    return Pasts(joined, start[:-1], end)
