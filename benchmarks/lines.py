"""What a line of the zoo reads of encoded rows."""

from dataclasses import replace

import numpy as np

from benchmarks.encoded import EncodedRows
from benchmarks.fits.ours import Encoded, columns, samples
from taojin.core.batch import Rows
from taojin.features.feature import Column, History, Level
from taojin.nn.samples import Samples
from taojin.ranking.model import RankingModel
from taojin.ranking.trees import Trees

SHORT = 5
"""Newest places that stand for a session: neither data set has one."""

Line = RankingModel | Trees


def columns_of(spec: Line, rows: EncodedRows) -> dict[str, Column]:
    """Its columns: single values and sets, or with an interest single values and the history."""
    if isinstance(spec, Trees):
        read = columns(rows, sequence=False, one_level=True)
        # A user's rows lie at different moments, among which an order would be told by the user's own counts.
        return {name: read[name] for name in read if spec.learns != "order" or name not in rows.request}
    read = columns(rows, sequence=bool(spec.interests))
    if len(spec.interests) > 1:
        read["session"] = Encoded("session", History(SHORT, rows.history), Level.REQUEST)
    return {name: read[name] for name in spec.features} if spec.features else read


def part_of(rows: EncodedRows, part: int, read: dict[str, Column], targets: tuple[str, ...], spec: Line) -> Samples:
    """Rows of a part, each its own request; for trees that learn an order, a request is a user."""
    chosen = np.flatnonzero(rows.part == part)
    without = {name: column for name, column in read.items() if name != "session"}
    found = samples(rows, chosen, without, targets)
    if isinstance(spec, Trees) and spec.learns == "order":
        of = np.unique(rows.columns["user"][chosen], return_inverse=True)[1]
        return replace(found, rows=Rows({}, found.rows.candidate, of))
    if "session" in read:
        request = found.rows.request | {"session": found.rows.request["history"][:, -SHORT:]}
        return replace(found, rows=Rows(request, found.rows.candidate, found.rows.of))
    return found
