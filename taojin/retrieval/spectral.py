"""Channel: items that a filter on the graph of users and items lets through, sharpened.

A linear filter and an ideal low pass: GF-CF, Shen et al., CIKM 2021, https://arxiv.org/abs/2108.07567. Sharpening by
Euler steps: BSPM, Choi et al., SIGIR 2023, https://arxiv.org/abs/2211.09949. Deviations: the powers of the likes of
user and item are free, and the linear filter is divided by its largest eigenvalue, so that a step means the same for
all of them; the whole is one matrix between items, of which the largest cells are kept.

Shapes: I items in the vocabulary, B items of a block, N neighbours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from taojin.core.bounds import Count, NotNegative, Whole
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.factors.filters import Filter
from taojin.embeddings.factors.pairs import some_likes
from taojin.retrieval.seeded import Seeded
from taojin.retrieval.serve.best import Ranked, join
from taojin.retrieval.serve.neighbours import Neighbours
from taojin.retrieval.similar import as_neighbours

CELLS = 1 << 25
"""Pairs of items that are held at once, at most."""
ROUNDING = 1e-5
"""Cells below this share of the largest of their row are what floats leave of a zero."""


@dataclass(frozen=True, kw_only=True)
class Spectral(Seeded):
    """Items by the sum of the filter's cells for the items of the history, or for one item. Nothing is trained.

    neighbours  so many cells are kept of each item
    user_power  a like is divided by this power of the number of the user's likes,
    item_power  and by this power of the number of the item's (both 0.5: GF-CF)
    rank        singular vectors that the ideal low pass lets through; 0: the linear filter alone
    low_pass    its weight beside the linear filter (alpha of GF-CF, beta of BSPM)
    step, steps size and number of the sharpening steps (0: GF-CF)
    """

    event: str = "like"
    neighbours: Count = 500
    user_power: NotNegative = 0.3
    item_power: NotNegative = 0.5
    rank: Whole = 256
    low_pass: NotNegative = 0.2
    step: NotNegative = 1.0
    steps: Whole = 1
    needs_clock: bool = False

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Neighbours:
        """The largest positive cells of each item's row, its own cell left out."""
        whole = Filter.of(
            some_likes(view, self.event),
            user_power=self.user_power,
            item_power=self.item_power,
            rank=self.rank,
            low_pass=self.low_pass,
            step=self.step,
            steps=self.steps,
            seed=seed,
        )
        block = max(1, CELLS // view.n_items)
        starts = range(0, view.n_items, block)
        found = join([self._largest(whole, slice(start, min(start + block, view.n_items))) for start in starts])
        return as_neighbours(self.seeds, found)

    def _largest(self, whole: Filter, items: slice) -> Ranked:
        rows = whole.rows(items)  # [B, I]
        own = torch.arange(items.start, items.stop)
        rows[own - items.start, own] = 0
        cells, item = rows.topk(min(self.neighbours, rows.shape[1]), dim=1)  # [B, N]
        there = cells > ROUNDING * cells[:, :1]
        length = there.sum(1).numpy()
        return Ranked(np.concatenate(([0], np.cumsum(length))), item[there].numpy(), cells[there].numpy())
