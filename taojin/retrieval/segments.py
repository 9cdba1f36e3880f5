"""Channel: what people like this one like: by age, gender, region, ...

Shapes: U users, E events, G groups, C columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.core.bounds import Count, bounded
from taojin.core.units import FIRST, PAD, UNKNOWN, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.features.attributes import attribute
from taojin.features.encode import Words
from taojin.retrieval.serve.best import best
from taojin.retrieval.serve.keys import SegmentOfUser
from taojin.retrieval.serve.lists import Lists


@dataclass(frozen=True, kw_only=True)
class Segments:
    """The most liked items of the narrowest group that a user is known to be in and that says enough.

    Groups look at the first column, the first two, and so on; of whom nothing is known gets everybody's list. What the
    request's context says under the name of a column goes before what the table of users says, so that strangers are
    served, too.

    columns     columns of the users, words or whole numbers, coarsest first
    at_least    groups with fewer events have no list
    longest     places of a list
    """

    columns: tuple[str, ...]
    event: str = "like"
    at_least: Count = 100
    longest: Count = 1000
    needs_clock: bool = False
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounded(self)
        if not self.columns:
            raise ValueError("Segments: no column; name columns of the users, such as ('gender', 'age')")

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Lists:
        """Count the events of each group and item."""
        coded = [_coded(view, column) for column in self.columns]
        codes = np.stack([of_users for _, of_users in coded], axis=1)
        at = view.log.events.matching(view.kinds.bits(self.event)).position
        user, item = view.log.user[at], view.log.events.item[at]
        user, item = user[item >= FIRST], item[item >= FIRST]
        event, of_event = self._groups(codes[user])
        groups, group, events = np.unique(of_event, axis=0, return_inverse=True, return_counts=True)
        said = (events >= self.at_least) | (groups == PAD).all(axis=1)
        number = np.cumsum(said) - 1
        listed = said[group]
        ones = np.ones(listed.sum())
        lists = best(number[group][listed], item[event[listed]], ones, groups=max(said.sum(), 1), k=self.longest)
        keys = SegmentOfUser(
            columns=self.columns,
            words=tuple(words for words, _ in coded),
            codes=codes,
            groups=groups[said] if said.any() else np.zeros((1, len(self.columns)), np.int64),
        )
        return Lists(keys=keys, offsets=lists.offsets, item=lists.key, score=lists.score)

    def _groups(self, codes: Ints) -> tuple[Ints, Ints]:
        """Every event with every group that its user is in: place of the event, and the group's codes [pairs, C]."""
        told = np.logical_and.accumulate(codes >= FIRST, axis=1)  # [E, C]
        events, groups = [np.arange(len(codes))], [np.full_like(codes, PAD)]
        for depth in range(codes.shape[1]):
            events.append(np.flatnonzero(told[:, depth]))
            groups.append(np.where(np.arange(codes.shape[1]) <= depth, codes[events[-1]], PAD))
        return np.concatenate(events), np.concatenate(groups)


def _coded(view: TrainView, column: str) -> tuple[Words, Ints]:
    """The words of a column of the users, and the code of each user, UNKNOWN where the cell is empty, int64[U]."""
    cells = attribute(view, "user", column, "Segments")
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type) or pa.types.is_integer(cells.type)):
        raise ValueError(f"Segments: column {column!r} must hold words or whole numbers, not {cells.type}")
    cells = cells.cast(pa.string())
    cells = pc.if_else(pc.equal(cells, ""), None, cells)
    words = Words.fit(np.asarray(cells.drop_null(), dtype=np.str_))
    place = pc.fill_null(pc.index_in(cells, pa.array(words.words, pa.string())), UNKNOWN - FIRST)
    return words, np.concatenate([np.full(FIRST, UNKNOWN), np.asarray(place, dtype=np.int64) + FIRST])
