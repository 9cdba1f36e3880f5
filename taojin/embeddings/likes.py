"""Who likes what, as a sparse matrix.

Shapes: U users and I items in the vocabulary, M pairs.
"""

import numpy as np
from scipy import sparse

from taojin.core.events import spread
from taojin.core.units import FIRST, Ints
from taojin.data.dataset import TrainView


def likes(view: TrainView, event: str, longest: int | None = None) -> sparse.csr_matrix:
    """1 where a user has an event of a kind with an item, float32[U, I]; ids outside the vocabulary are left out.

    longest     only the last so many events of each user are read
    """
    offsets, item = view.sequences(view.kinds.bits(event), longest)
    user, _ = spread(offsets[:-1], offsets[1:])
    known = item >= FIRST
    return ones(view, user[known], item[known])


def ones(view: TrainView, user: Ints, item: Ints) -> sparse.csr_matrix:
    """1 at these cells, int64[M] each, float32[U, I]; one that is named more than once is 1, too."""
    cells = (np.ones(len(user), np.float32), (user, item))
    found = sparse.csr_matrix(cells, shape=(view.n_users, view.n_items))
    found.data[:] = 1
    return found
