"""Every list and every test set as Parquet, so that all numbers can be computed again by other code.

requests.parquet    request, user, time, past (events before it), relevant (item ids)
lists.parquet       list, request, place (from 1), item, score: `funnel`, the baselines, `stage/NAME`, `channel/NAME`,
                    `ranker_top` (the ranker's 20 best of all that the rules allow)
items.parquet       item, events (in training), attributes (numbers of the values that diversity compares)
ranker.parquet      row, request, user, item, origin, task, label, prediction
expected.parquet    request, list, likes: expected likes among the first ten places (generated worlds alone)

Users and items are external ids. Shapes: R requests, N candidates, I items, T tasks.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from taojin.core.batch import Candidates
from taojin.core.units import FIRST, PAD, Floats, Ints
from taojin.data.vocabulary import Vocabulary
from taojin.evaluation.beyond import ItemSets
from taojin.evaluation.cases import Cases
from taojin.evaluation.ranker import JudgedRows
from taojin.evaluation.recommended import Doubles, Recommended
from taojin.nn.samples import Origin

WORDS = pa.dictionary(pa.int32(), pa.string())
LISTS = pa.schema(
    [("list", WORDS), ("request", pa.int32()), ("place", pa.int32()), ("item", WORDS), ("score", pa.float64())]
)


@dataclass(frozen=True)
class Dump:
    """An open dump; made by `dumping`."""

    directory: Path
    users: Vocabulary
    catalogue: Vocabulary
    writer: pq.ParquetWriter

    def candidates(self, name: str, first: int, candidates: Candidates) -> None:
        """A list of a block of requests that starts with request `first`, in the order of the candidates."""
        request = candidates.request
        place = np.arange(len(candidates)) - candidates.offsets[request]
        score = candidates.scores.get("final", np.full(len(candidates), np.nan, np.float32))
        self._write(name, request + first, place, candidates.item, score.astype(np.float64))

    def lists(self, name: str, found: Recommended) -> None:
        """The lists of all requests."""
        request, place = np.nonzero(found.item != PAD)
        self._write(name, request, place, found.item[request, place], found.score[request, place])

    def cases(self, cases: Cases) -> None:
        """Who was judged, and what was relevant."""
        relevant = pa.ListArray.from_arrays(pa.array(cases.offsets, pa.int32()), _ids(self.catalogue, cases.item))
        columns = {
            "request": np.arange(len(cases)),
            "user": _ids(self.users, cases.requests.user),
            "time": cases.requests.time,
            "past": cases.past,
            "relevant": relevant,
        }
        pq.write_table(pa.table(columns), self.directory / "requests.parquet")

    def items(self, counts: Ints, attributes: ItemSets | None) -> None:
        """The catalogue: how popular each item is and what makes it like others."""
        columns = {"item": pa.array(self.catalogue.ids), "events": counts[FIRST:]}
        if attributes is not None:
            columns["attributes"] = attributes.values()
        pq.write_table(pa.table(columns), self.directory / "items.parquet")

    def ranker(self, judged: JudgedRows, predictions: Mapping[str, Floats]) -> None:
        """What the ranker was judged on and what it said."""
        samples = judged.samples
        origin = pa.array([origin.name.lower() for origin in Origin])
        tables = [
            pa.table(
                {
                    "row": np.arange(len(samples)),
                    "request": samples.rows.of,
                    "user": _ids(self.users, judged.user),
                    "item": _ids(self.catalogue, judged.item),
                    "origin": pa.DictionaryArray.from_arrays(pa.array(samples.origin, pa.int32()), origin),
                    "task": pa.array([task]).take(pa.array(np.zeros(len(samples), np.int64))),
                    "label": samples.labels[:, samples.tasks.index(task)],
                    "prediction": predicted,
                }
            )
            for task, predicted in predictions.items()
        ]
        pq.write_table(pa.concat_tables(tables), self.directory / "ranker.parquet")

    def expected(self, likes: Mapping[str, Doubles]) -> None:
        """Expected likes of each list on a generated world."""
        tables = [
            pa.table({"request": np.arange(len(n)), "list": pa.array([name] * len(n)), "likes": n})
            for name, n in likes.items()
        ]
        if tables:
            pq.write_table(pa.concat_tables(tables), self.directory / "expected.parquet")

    def _write(self, name: str, request: Ints, place: Ints, item: Ints, score: Doubles) -> None:
        same = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(item), np.int32)), pa.array([name]))
        columns = [
            same,
            pa.array(request.astype(np.int32)),
            pa.array(place.astype(np.int32) + 1),
            _ids(self.catalogue, item),
            pa.array(score, from_pandas=True),
        ]
        self.writer.write_table(pa.table(columns, schema=LISTS))


@contextmanager
def dumping(directory: Path, *, users: Vocabulary, catalogue: Vocabulary) -> Iterator[Dump]:
    """A dump into a folder, which is made if it is not there; files of an older dump are replaced."""
    directory.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(directory / "lists.parquet", LISTS, compression="zstd") as writer:
        yield Dump(directory, users, catalogue, writer)


def _ids(vocabulary: Vocabulary, row: Ints) -> pa.DictionaryArray:
    """External ids of rows; null for PAD and UNKNOWN, which have none."""
    place = pa.array((row - FIRST).astype(np.int32), mask=row < FIRST)
    return pa.DictionaryArray.from_arrays(place, pa.array(vocabulary.ids, type=pa.string()))
