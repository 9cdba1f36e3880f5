"""What the funnel is judged on: one request per user, and what the user went on to like.

Shapes: R requests, E events, U users, M relevant items of all requests.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Requests
from taojin.core.events import Consumed, last_of_each, spread
from taojin.core.units import PAD, Ints
from taojin.data.dataset import Dataset
from taojin.evaluation.metrics import member


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Requests and what was relevant to each.

    requests            one per user, at the time of the user's first event of the judged part
    offsets, item       relevant items, CSR: int64[R+1] and int64[M], ascending within each request
    short_past          users left out because too little is known of them
    nothing_relevant    users left out because no new item of the part was relevant to them
    """

    requests: Requests
    offsets: Ints
    item: Ints
    short_past: int
    nothing_relevant: int

    def __len__(self) -> int:
        return len(self.requests)

    @property
    def relevant(self) -> Ints:
        """How many items are relevant to each request, int64[R]."""
        return np.diff(self.offsets)

    @property
    def request(self) -> Ints:
        """Request of each relevant item, int64[M]."""
        return np.repeat(np.arange(len(self)), self.relevant)

    @property
    def past(self) -> Ints:
        """How many events of each request's user lie before it, int64[R]."""
        return self.requests.past.end - self.requests.past.start

    def only(self, rows: Ints) -> "Cases":
        """Some of the cases."""
        _, at = spread(self.offsets[:-1][rows], self.offsets[1:][rows])
        return replace(
            self,
            requests=self.requests[rows],
            offsets=np.concatenate(([0], np.cumsum(self.relevant[rows]))),
            item=self.item[at],
        )


def cases(
    dataset: Dataset,
    part: NDArray[np.uint8],
    which: int,
    positive: int,
    *,
    n: int = 50,
    min_past: int = 5,
    seed: int = 0,
    had: int | None = None,
) -> Cases:
    """One request for every user with an event in the part: at the first of them, with all that is known before it.

    part        uint8[E]    the part of each event of `dataset.log`
    which       the part that is judged
    positive    bits of the kinds of event that make an item relevant
    n           places to fill
    min_past    users with fewer events before the request are left out, and counted
    had         bits of the kinds of event after which an item is not to be found again; None: all

    The past is taken from the whole log: before a test request it includes the user's own validation events. Events at
    the very time of the request do not belong to it. Relevant are the distinct items of the user's positive events of
    this part without those that the user has had before; users with none are left out, and counted.
    """
    log, had = dataset.log, dataset.kinds.all if had is None else had
    judged = part == which
    user, first = np.unique(log.user[judged], return_index=True)
    time = log.events.time[judged][first]
    past = log.before(user, time)
    known = np.flatnonzero(past.end - past.start >= min_past)
    short_past = len(user) - len(known)
    user, time, past = user[known], time[known], past[known]

    liked = judged & ((log.events.kinds & np.uint32(positive)) != 0)
    consumed = past.consumed(had, dataset.n_items)
    relevant, item = _new_likes(user, consumed, log.user[liked], log.events.item[liked], dataset)
    judgeable = np.flatnonzero(relevant)
    requests = Requests(
        user=user[judgeable],
        item=np.full(len(judgeable), PAD, np.int64),
        time=time[judgeable],
        seed=_seeds(user[judgeable], seed),
        past=past[judgeable],
        n=n,
    )
    return Cases(
        requests=requests,
        offsets=np.concatenate(([0], np.cumsum(relevant[judgeable]))).astype(np.int64),
        item=item,
        short_past=short_past,
        nothing_relevant=len(user) - len(judgeable),
    )


def _new_likes(user: Ints, had: Consumed, liker: Ints, liked: Ints, dataset: Dataset) -> tuple[Ints, Ints]:
    """How many items each request's user likes that are not had yet, int64[R], and which, by request and ascending.

    liker, liked    user and item of each like
    """
    items = len(dataset.item_vocabulary)
    request = np.full(len(dataset.log.offsets) - 1, -1, np.int64)
    request[user] = np.arange(len(user))
    of = request[liker]
    fresh = (of >= 0) & (had.times(of, liked) == 0)
    key = np.sort(of[fresh] * items + liked[fresh])
    key = key[last_of_each(key)]
    return np.bincount(key // items, minlength=len(user)).astype(np.int64), key % items


def found_relevant(cases: Cases, offsets: Ints, item: Ints) -> NDArray[np.bool_]:
    """Which relevant items stand among the given items of their requests, bool[M].

    offsets, item   items of each request, CSR, in any order
    """
    request = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    order = np.lexsort((item, request))
    return member(offsets, item[order], cases.request, cases.item)


def _seeds(user: Ints, seed: int) -> NDArray[np.uint64]:
    """A seed per request: SplitMix64 of its user and the seed, so that it does not depend on who else is judged.

    Steele, Lea and Flood, OOPSLA 2014, https://doi.org/10.1145/2660193.2660195
    """
    with np.errstate(over="ignore"):
        z = (user.astype(np.uint64) << np.uint64(32)) + np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
