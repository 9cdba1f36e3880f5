"""What each user liked, newest first, as lists that others may be shown.

Shapes: U users in the vocabulary, M places of all lists together.
"""

import numpy as np

from taojin.core.units import FIRST, FOREVER
from taojin.data.dataset import TrainView
from taojin.retrieval.serve.best import Ranked


def user_lists(view: TrainView, event: str, *, longest: int, window: int = FOREVER, newest: float = 1.0) -> Ranked:
    """The last `longest` distinct items of each user, newest first; a user without a row of their own has none.

    window  milliseconds before the end of the view
    newest  score of each place against the next newer one, in (0, 1]
    """
    log = view.log
    at = log.events.matching(view.kinds.bits(event)).position
    user, item = log.user[at], log.events.item[at]
    kept = (item >= FIRST) & (user >= FIRST) & (log.events.time[at] >= view.end - window)
    user, item = user[kept], item[kept]
    newest_first = np.lexsort((-np.arange(len(user)), user))
    user, item = user[newest_first], item[newest_first]
    distinct = np.sort(np.unique(user * view.n_items + item, return_index=True)[1])
    user, item = user[distinct], item[distinct]
    place = np.arange(len(user)) - np.searchsorted(user, user)
    read = place < longest
    offsets = np.searchsorted(user[read], np.arange(view.n_users + 1))
    return Ranked(offsets, item[read], np.power(newest, place[read], dtype=np.float32))
