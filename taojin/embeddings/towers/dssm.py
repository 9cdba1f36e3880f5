"""DSSM: a tower for who asks and one for what is offered; their vectors' inner product is the match.

Huang et al., CIKM 2013, https://doi.org/10.1145/2505515.2505665, with the features and the loss of Yi et al.,
RecSys 2019, https://doi.org/10.1145/3298689.3346996. The user tower runs at request time on the live history; the item
tower reads attributes, so an item without any event has a vector, too.

Shapes: I items in the vocabulary, D embedding size.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from taojin.core.progress import Progress
from taojin.core.units import FIRST, Floats
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.next_item import gain, hold_out, next_items
from taojin.embeddings.query import TowerQuery
from taojin.embeddings.towers.batches import LikedEvents, Offered, RequestReader, TowerBatch, read_items
from taojin.embeddings.towers.network import TwoTowers, export_user_tower
from taojin.embeddings.towers.sampled_softmax import sampled_softmax
from taojin.features.feature import Column, Level
from taojin.features.inputs import Inputs
from taojin.nn.trainer import Training, seeded, train

BLOCK = 65_536
"""Items whose vectors are computed at once."""


@dataclass(frozen=True, kw_only=True)
class DSSM:
    """Vectors from two towers.

    features        of the request (read at request time) and attributes of the items, each goes to its own tower;
                    what the history's places hold must be among them
    history         the last liked items; their mean, weighted by place, goes to the user tower
    hidden          widths of the hidden layers of each tower; none: the towers are linear
    cosine          vectors of length 1, so that popularity shows in their direction alone
    temperature     inner products are divided by it
    uniform         negatives drawn uniformly for each batch, beside the batch's own items
    forget          each category is read as UNKNOWN with this probability, which is what a new item's id is
    """

    features: tuple[str, ...] = ("item",)
    history: str = "history"
    event: str = "like"
    dim: int = 64
    hidden: tuple[int, ...] = ()
    dropout: float = 0.1
    cosine: bool = True
    temperature: float = 0.1
    uniform: int = 256
    forget: float = 0.01
    training: Training = Training(batch=512, learning_rate=2e-3, epochs=30, drop=0.3)
    needs_clock: bool = False

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Learn until the next item of held-out users is not found better."""
        device = self.training.place()
        inputs = self._inputs(columns)
        reader = RequestReader(columns, inputs.side(Level.REQUEST), self.history, device)
        items = read_items(view, columns, inputs, device)
        warm = view.counts(view.kinds.all) > 0
        warm[:FIRST] = False
        rows = next_items(view, self.event)
        learned, held = hold_out(rows, seed=seed)
        source = LikedEvents.of(rows[learned], reader, warm=warm, uniform=self.uniform)
        judged = rows[held]
        asked = reader.read(judged.requests)
        with seeded(seed):
            towers = TwoTowers(
                inputs, self.dim, self.hidden, dropout=self.dropout, cosine=self.cosine, forget=self.forget
            )

        def loss(batch: TowerBatch) -> Tensor:
            return self._loss(towers, items, batch)

        def validate() -> float:
            return gain(towers.users(*asked).float().cpu().numpy(), item_vectors(towers, items), judged)

        train(towers, source, loss, validate, self.training, seed=seed, name="dssm", progress=progress)
        vectors = item_vectors(towers, items)
        graph = export_user_tower(towers, [array.cpu() for array in reader.read(rows[np.arange(2)].requests)])
        query = TowerQuery(graph=graph, inputs=reader.inputs, history=self.history)
        known = np.arange(view.n_items) >= FIRST
        return Embedding(vectors * known[:, None], known, known & ~warm, query)

    def _inputs(self, columns: Mapping[str, Column]) -> Inputs:
        for name in (*self.features, self.history):
            if name not in columns:
                raise ValueError(f"DSSM: no feature {name!r}; there are {', '.join(columns)}")
        inputs = Inputs.of(columns[name] for name in (*self.features, self.history))
        if inputs.history is None:
            raise ValueError(f"DSSM: {self.history!r} is not a history")
        if not inputs.side(Level.CANDIDATE).names:
            raise ValueError("DSSM: `features` names none of the items, such as their id, for the item tower to read")
        return inputs

    def _loss(self, towers: TwoTowers, items: Offered, batch: TowerBatch) -> Tensor:
        vectors = towers.items(*items.of(batch.sampled))  # the wanted items come first
        return sampled_softmax(
            towers.users(*batch.asked),
            vectors[: len(batch.wanted)],
            vectors,
            same=batch.wanted[:, None] == batch.sampled,
            drawn=batch.drawn,
            temperature=self.temperature,
        )


@torch.no_grad()
def item_vectors(towers: TwoTowers, items: Offered) -> Floats:
    """Vectors of all items, float32[I, D]."""
    starts = range(0, len(items.item), BLOCK)
    parts = [towers.items(*(column[start : start + BLOCK] for column in items)) for start in starts]
    vectors: Floats = torch.cat(parts).float().cpu().numpy()
    return vectors
