"""Channel: the newest of those whom a user follows.

Shapes: U users and A authors, M (item, author) pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taojin.core.bounds import Count, bounded
from taojin.core.units import FIRST, FOREVER
from taojin.data.dataset import TrainView
from taojin.data.vocabulary import Vocabulary
from taojin.embeddings.embedding import Embedding
from taojin.features.words import words_of
from taojin.retrieval.latest import newest_lists
from taojin.retrieval.relation import by_row, known_rows
from taojin.retrieval.serve.keys import OfUser
from taojin.retrieval.serve.lists import NewestLists


@dataclass(frozen=True, kw_only=True)
class Follow:
    """Items by authors whom the user follows, newest first; an item of two of them stands there once.

    table, user, author     a context table and its columns: who follows whom
    by      column of the items: ids of their authors, one or a list
    since   column of the items: when each came out
    age     milliseconds after which an item is no news any more
    """

    table: str = "follows"
    user: str = "user"
    author: str = "author"
    by: str = "author"
    since: str = "released"
    age: Count = FOREVER
    needs_clock: bool = True
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> NewestLists:
        """Sort each author's items by date; authors without items are nobody to follow."""
        made = words_of(view, "item", self.by, "Follow")
        ids = {self.user: view.user_vocabulary, self.author: Vocabulary(made.names)}
        _, row = known_rows(view, self.table, ids, "Follow")
        offsets, author = by_row(row[self.user], row[self.author] - FIRST, view.n_users)
        keys = OfUser(offsets=offsets, key=author, weight=np.ones(len(author), np.float32))
        item = np.repeat(np.arange(view.n_items), np.diff(made.offsets))
        return newest_lists(view, self.since, "Follow", keys, made.word, item, lists=len(made.names), age=self.age)
