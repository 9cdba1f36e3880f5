"""Channel: what users like who like what this one likes.

Resnick et al., CSCW 1994, https://doi.org/10.1145/192844.192905; items that everybody likes say little of who is alike:
inverse user frequency, Breese et al., UAI 1998, https://arxiv.org/abs/1301.7363

Shapes: U users and I items in the vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taojin.core.bounds import Count, Portion, bounded
from taojin.core.units import FOREVER
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.seeds import HistorySeeds
from taojin.features.words import rarity
from taojin.retrieval.serve.keys import SimilarUsers
from taojin.retrieval.serve.lists import Lists
from taojin.retrieval.user_lists import user_lists


@dataclass(frozen=True, kw_only=True)
class UserCF:
    """Items by the mean over the most similar users, weighted by their cosine, of what they liked.

    Who is similar is found from the history when a request comes, so that a history that moved since training, or one
    that a stranger brings, counts as it is.

    users       so many similar users are asked
    rare        items that few users like count more in the cosine
    window      milliseconds before the end of training in which events are read
    newest      weight of each place of a similar user's likes against the next newer one: below 1, the newest come
                first
    longest     only the last so many items of each user are read
    decay       weight of each place of the history against the next newer one
    """

    event: str = "like"
    users: Count = 100
    rare: bool = False
    window: Count = FOREVER
    newest: Portion = 1.0
    longest: Count = 500
    history: str = "history"
    decay: Portion = 0.97
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def needs_clock(self) -> bool:
        """A window is one of a clock."""
        return self.window != FOREVER

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Lists:
        """Index who likes what; nothing is learned here."""
        lists = user_lists(view, self.event, longest=self.longest, window=self.window, newest=self.newest)
        user = np.repeat(np.arange(view.n_users), np.diff(lists.offsets))
        liking = np.bincount(lists.key, minlength=view.n_items)
        weight = rarity(liking, view.n_users) ** 2 if self.rare else np.ones(view.n_items, np.float32)
        keys = SimilarUsers(
            seeds=HistorySeeds(history=self.history, decay=self.decay),
            offsets=np.concatenate(([0], np.cumsum(liking))),
            user=user[np.argsort(lists.key, kind="stable")],
            weight=weight,
            length=np.sqrt(np.bincount(user, weights=weight[lists.key], minlength=view.n_users)).astype(np.float32),
            most=self.users,
        )
        return Lists(keys=keys, offsets=lists.offsets, item=lists.key, score=lists.score)
