"""Channel: what friends like."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taojin.core.bounds import Count, Portion, bounded
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.retrieval.relation import by_row, known_rows
from taojin.retrieval.serve.keys import OfUser
from taojin.retrieval.serve.lists import Lists
from taojin.retrieval.user_lists import user_lists


@dataclass(frozen=True, kw_only=True)
class Social:
    """Items by the number of friends who liked them, newer likes counting more.

    table, user, friend     a context table and its columns of user ids
    mutual      each row makes friends of both; else `friend` is shown to `user` alone
    newest      weight of each place of a friend's likes against the next newer one
    longest     only the last so many items of each friend are read
    """

    table: str = "friends"
    user: str = "user"
    friend: str = "friend"
    mutual: bool = True
    event: str = "like"
    newest: Portion = 0.97
    longest: Count = 100
    needs_clock: bool = False
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Lists:
        """Nothing is learned here; nobody is their own friend."""
        users = view.user_vocabulary
        _, row = known_rows(view, self.table, {self.user: users, self.friend: users}, "Social")
        one, other = row[self.user], row[self.friend]
        if self.mutual:
            one, other = np.concatenate([one, other]), np.concatenate([other, one])
        offsets, friend = by_row(one[one != other], other[one != other], view.n_users)
        lists = user_lists(view, self.event, longest=self.longest, newest=self.newest)
        keys = OfUser(offsets=offsets, key=friend, weight=np.ones(len(friend), np.float32))
        return Lists(keys=keys, offsets=lists.offsets, item=lists.key, score=lists.score)
