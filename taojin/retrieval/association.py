"""Channel: items that come shortly after or before each other in what users did.

Deshpande and Karypis, TOIS 2004, https://doi.org/10.1145/963770.963776, count such pairs; here nearer pairs count more,
and the order of the two matters.

Shapes: E events, P pairs of events of a block, B items of a block, I items in the vocabulary.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from taojin.core.bounds import Count, NotNegative, Portion, Share, Whole
from taojin.core.events import spread
from taojin.core.units import FIRST, FOREVER, Floats, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.retrieval.seeded import Seeded
from taojin.retrieval.serve.best import blocks
from taojin.retrieval.serve.neighbours import Neighbours
from taojin.retrieval.similar import as_neighbours, best_of_rows, less_if_popular


@dataclass(frozen=True, kw_only=True)
class Association(Seeded):
    """Items by the sum, over the items of the history, of how strongly they go together.

    Every ordered pair (i, j) of two events of one user adds near ** (distance - 1) × (1 if i comes before j, else
    `backward`) to the strength of j beside i; the distance counts events, those of unknown items included.

    near        weight of each step of distance against one step less
    backward    weight of what came before i, against what came after it
    window      farthest distance of a pair; 0: any
    gap         milliseconds without an event after which a new session starts; pairs stay inside one
    half_life   milliseconds, counted back from the end of training, after which a pair counts half
    popularity  strengths are divided by (n_i n_j) ** popularity, n counting an item's events
    longest     only the last so many events of each user are read
    """

    event: str = "like"
    neighbours: Count = 100
    near: Portion = 0.8
    backward: Share = 0.7
    window: Whole = 0
    gap: Count = FOREVER
    half_life: Count = FOREVER
    popularity: NotNegative = 0.0
    longest: Count = 500

    @property
    def needs_clock(self) -> bool:
        """Sessions and half-lives are times."""
        return self.gap != FOREVER or self.half_life != FOREVER

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Neighbours:
        """The strongest of each item, exactly."""
        runs = self._runs(view)
        score = less_if_popular(np.bincount(runs.item, minlength=view.n_items), self.popularity)
        found = best_of_rows(self._strengths(runs, view.n_items), self.neighbours, score)
        return as_neighbours(self.seeds, found)

    def _runs(self, view: TrainView) -> "Runs":
        """The events of the kind, each with the part of its session that lies within the window."""
        log = view.log
        at = log.events.matching(view.kinds.bits(self.event)).position
        user, time = log.user[at], log.events.time[at]
        new = np.ones(len(at), np.bool_)
        new[1:] = (np.diff(user) != 0) | (np.diff(time) > self.gap)
        start = np.flatnonzero(new)
        end_of_user = np.searchsorted(user, user, side="right")
        session = np.cumsum(new) - 1
        stop = np.append(start, len(at))[session + 1]
        place = np.arange(len(at))
        window = self.window or len(at)
        first = np.maximum(start[session], end_of_user - self.longest)
        read = place >= first
        # What is read of a user is a suffix, so a pair is read if its earlier event is.
        return Runs(
            item=log.events.item[at],
            first=np.where(read, np.maximum(first, place - window), place),
            stop=np.where(read, np.minimum(stop, place + window + 1), place),
            fresh=np.exp2((time - view.end) / self.half_life).astype(np.float32),
        )

    def _strengths(self, runs: "Runs", items: int) -> Iterator[sparse.csr_matrix]:
        """Summed weights of what stands around the events of each item, [B, I] at a time."""
        order = np.argsort(runs.item, kind="stable")
        of_item = np.searchsorted(runs.item[order], np.arange(items + 1))
        sizes = np.concatenate(([0], np.cumsum((runs.stop - runs.first)[order])))
        for block in blocks(np.diff(sizes[of_item])):
            events = order[of_item[block.start] : of_item[block.stop]]
            around = self._around(runs, events, items)  # [events of the block, I]
            row = runs.item[events] - block.start
            cells = (np.ones(len(events), np.float32), (row, np.arange(len(events))))
            yield sparse.csr_matrix(cells, shape=(block.stop - block.start, len(events))) @ around

    def _around(self, runs: "Runs", events: Ints, items: int) -> sparse.csr_matrix:
        """What stands around each of these events: its item and the weight of the pair."""
        event, other = spread(runs.first[events], runs.stop[events])
        steps = other - events[event]
        pairs = (steps != 0) & (runs.item[other] >= FIRST) & (runs.item[events[event]] >= FIRST)
        event, other, steps = event[pairs], other[pairs], steps[pairs]
        weight = self._of_steps(int(np.abs(steps).max(initial=0)))[steps]
        weight *= runs.fresh[np.maximum(events[event], other)]
        offsets = np.searchsorted(event, np.arange(len(events) + 1))
        return sparse.csr_matrix((weight, runs.item[other], offsets), shape=(len(events), items))

    def _of_steps(self, most: int) -> Floats:
        """Weight of a pair by its steps, float32[2 most + 1]; those backward stand at negative places."""
        weight = np.power(self.near, np.arange(most), dtype=np.float32)
        return np.concatenate((np.zeros(1, np.float32), weight, np.float32(self.backward) * weight[::-1]))


@dataclass(frozen=True)
class Runs:
    """Events, and which stand around each near enough.

    item    int64[E]
    first   int64[E]    event e makes pairs with events first[e]:stop[e] but itself
    stop    int64[E]
    fresh   float32[E]  weight of a pair whose later event this is
    """

    item: Ints
    first: Ints
    stop: Ints
    fresh: Floats
