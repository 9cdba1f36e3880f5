"""What item vectors without a user tower are learned from, and how they are judged on the way.

Shapes: I items in the vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Rows
from taojin.core.units import Mask
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.next_item import NextItems, gain, hold_out, next_items
from taojin.features.feature import Ask, Column


@dataclass(frozen=True)
class Evidence:
    """The events that vectors are learned from and judged on.

    learned     events of known items, the held-out ones left out
    judged      held-out events
    asked       the histories of these
    known       bool[I]     items with enough events
    """

    learned: NextItems
    judged: NextItems
    asked: Rows
    known: Mask

    @classmethod
    def of(
        cls, view: TrainView, columns: Mapping[str, Column], *, event: str, history: str, min_count: int, seed: int
    ) -> "Evidence":
        """Hold out the last event of some users.

        event       kind of the events
        history     name of the feature by which queries are made
        min_count   items with fewer events are not known
        """
        rows = next_items(view, event)
        known = np.bincount(rows.item, minlength=view.n_items) >= min_count
        if len(rows) and not known[rows.item].any():
            raise ValueError(
                f"no item has {min_count} events of the kind {event!r} that are learned from: lower `min_count`, "
                "or name another kind of event"
            )
        rows = rows[np.flatnonzero(known[rows.item])]
        learned, held = hold_out(rows, seed=seed)
        judged = rows[held]
        asked = {history: Ask(judged.requests, None, columns).value(history)}
        return cls(rows[learned], judged, Rows(asked, {}, judged.item[:0]), known)

    def gain(self, embedding: Embedding) -> float:
        """How well an embedding finds the held-out items, in (0, 1]."""
        queries = embedding.query.vectors(self.judged.requests, self.asked)[:, 0]
        return gain(queries, embedding.vectors, self.judged)
