"""Vectors and events as files, for whoever goes on with them elsewhere.

Shapes: V vectors of D numbers.
"""

from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from taojin.bundle.bundle import Bundle
from taojin.core.hint import did_you_mean
from taojin.core.units import FIRST, Floats
from taojin.core.whole import check_file, whole
from taojin.features.store import Store
from taojin.live.store import collected, open_store, place_of
from taojin.pipeline import Pipeline
from taojin.retrieval.serve.nearest import NearestItems
from taojin.serving.in_bulk import BLOCK, requests_of, some
from taojin.serving.recommender import Recommender

TABLES = {".parquet": pa.parquet.write_table, ".csv": pa.csv.write_csv}
VECTORS = (".parquet", ".txt")


def export_vectors(run: Path, channel: str, of: Literal["items", "users"], out: Path) -> tuple[int, int]:
    """Write the vectors that a channel compares; how many there are, V, and their size, D.

    channel     one that searches vectors, of any scene
    of          users: what a request of theirs would ask with now, one row or more each
    out         *.parquet, with the columns `id` and `vector`, or *.txt, with lines `id:v1 v2 ...`; whole or not there

    The inner product of a user's and an item's vector is the channel's score. Items that it cannot propose have none,
    and neither have users of whom it knows nothing.
    """
    if out.suffix not in VECTORS:
        raise ValueError(f"--out {out}: expected a file that ends in {' or '.join(VECTORS)}")
    check_file(out)
    bundle = Bundle.load(run)
    pipeline, nearest = _found(bundle, channel)
    if of == "items":
        rows = np.flatnonzero(nearest.searched)
        ids, vectors = bundle.item_vocabulary.column.take(pa.array(rows - FIRST)), nearest.vectors[rows]
    else:
        ids, vectors = _asked(run, bundle, pipeline, nearest)
    if out.suffix == ".txt":
        _check_words(ids, out)
    with whole(out) as beside:
        if out.suffix == ".txt":
            beside.write_text(as_text(ids, vectors), encoding="utf-8")
        else:
            pa.parquet.write_table(pa.table({"id": ids, "vector": _lists(vectors)}), beside)
    return vectors.shape


def export_events(run: Path, out: Path) -> int:
    """Write what the live store has collected, as `taojin train --from RUN --events FILE` takes it; how many events."""
    if out.suffix not in TABLES:
        raise ValueError(f"--out {out}: expected a file that ends in {' or '.join(TABLES)}")
    check_file(out)
    Bundle.load(run, verify=False)  # says where there is no run
    table = collected(run)
    if table is None:
        raise ValueError(f"{place_of(run)}: no such file; `taojin serve {run}` makes it and collects what is posted")
    events = table.drop_columns(["arrival"])
    with whole(out) as beside:
        TABLES[out.suffix](events, beside)
    return int(events.num_rows)


def as_text(ids: pa.Array, vectors: Floats) -> str:
    """A line for each vector; the id ends at the last colon.

    >>> as_text(pa.array(["a", "b"]), np.array([[0.5, 1], [2, 3]], np.float32))
    'a:0.5 1\\nb:2 3\\n'
    """
    numbers = pa.array(vectors.reshape(-1)).cast(pa.string())
    offsets = pa.array(np.arange(len(vectors) + 1) * vectors.shape[1], pa.int32())
    lines = pc.binary_join_element_wise(ids, pc.binary_join(pa.ListArray.from_arrays(offsets, numbers), " "), ":")
    every = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
    return f"{pc.binary_join(every, chr(10))[0].as_py()}\n" if len(lines) else ""


def _check_words(ids: pa.Array, out: Path) -> None:
    """Refuse ids that a reader of lines and words would take apart."""
    broken = ids.filter(pc.match_substring_regex(ids, r"[\s\p{Z}\p{Cc}]")).unique().to_pylist()
    if broken:
        raise ValueError(
            f"--out {out}: expected ids without spaces and line breaks, got {some(broken)}; write *.parquet, "
            "which holds any id"
        )


def _found(bundle: Bundle, channel: str) -> tuple[Pipeline, NearestItems]:
    """The first scene that has the channel."""
    there: dict[str, tuple[Pipeline, NearestItems]] = {}
    for pipeline in bundle.scenes.values():
        for name, one in pipeline.channels.items():
            if isinstance(one, NearestItems):
                there.setdefault(name, (pipeline, one))
    if channel not in there:
        raise ValueError(f"channel {channel!r}: searches no vectors in this run; {did_you_mean(channel, there)}")
    return there[channel]


def _asked(run: Path, bundle: Bundle, pipeline: Pipeline, nearest: NearestItems) -> tuple[pa.Array, Floats]:
    """Vectors of all users of the bundle."""
    assert isinstance(pipeline.store, Store), "a bundle holds the one feature store"
    store = open_store(run)
    recommender, users = Recommender(bundle, store), bundle.user_vocabulary.ids
    ids, vectors = [], []
    for start in range(0, len(users), BLOCK):
        block = users[start : start + BLOCK]
        requests = requests_of(recommender, block, 1)
        query = nearest.query.vectors(requests, pipeline.store.read(nearest.query.features, requests))
        user, place = np.nonzero(query.any(axis=2))
        ids.append(pa.array(block, pa.string()).take(pa.array(user)))
        vectors.append(query[user, place])
    store.close()
    return pa.concat_arrays(ids), np.concatenate(vectors)


def _lists(vectors: Floats) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
