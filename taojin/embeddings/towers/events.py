"""Two towers that learn from liked events: DSSM, YouTubeDNN, MIND, NeuralCF, ...

One tower reads who asks (and runs at request time on the live history), one what is offered, and their vectors' inner
product is the match. The item tower reads attributes, so an item without any event has a vector, too.

Shapes: I items in the vocabulary, B events of a batch, S items of a sample, D embedding size, K interests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from taojin.core.bounds import COUNT, Count, Dropped, NotNegative, Positive, bounded
from taojin.core.progress import Progress
from taojin.core.units import FIRST, Floats
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.next_item import HoldOut, gain, hold_out, next_items
from taojin.embeddings.query import TowerQuery
from taojin.embeddings.towers.batches import LikedEvents, Offered, RequestReader, TowerBatch, read_items
from taojin.embeddings.towers.losses import Loss, Softmax, total_loss
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.network import TwoTowers, UserTower, export_tower, label_aware
from taojin.features.feature import Column, Level
from taojin.features.inputs import Inputs
from taojin.nn.encoders import Encoder, MeanPool
from taojin.nn.trainer import seeded, train
from taojin.nn.training import Training

BLOCK = 65_536
"""Items whose vectors are computed at once."""


@dataclass(frozen=True, kw_only=True)
class TwoTowerModel:
    """Vectors from two towers; the defaults are DSSM's.

    features        of the request (read at request time) and attributes of the items, each goes to its own tower;
                    what the history's places hold must be among them
    history         the last liked items; what the encoder makes of them goes to the user tower
    hidden          widths of the hidden layers of the user tower; none: it is linear
    item_hidden     of the item tower
    cosine          vectors of length 1, so that popularity shows in their direction alone
    temperature     inner products are divided by it
    forget          each category is read as UNKNOWN with this probability, which is what a new item's id is
    example_age     the user tower reads how old an example is, and 0 at request time, so that what was liked lately
                    is told from what was liked once; needs a clock
    sharpness       of the attention by which a wanted item finds its interest among several
    held            whose last event is kept to stop by
    """

    features: tuple[str, ...] = ("item",)
    history: str = "history"
    event: str = "like"
    dim: Count = 64
    encoder: Encoder = MeanPool()
    hidden: Annotated[tuple[int, ...], COUNT] = ()
    item_hidden: Annotated[tuple[int, ...], COUNT] = ()
    dropout: Dropped = 0.1
    loss: Loss = Softmax()
    negatives: Negatives = Negatives(in_batch=True, uniform=256)
    cosine: bool = True
    temperature: Positive = 0.1
    forget: Dropped = 0.01
    example_age: bool = False
    sharpness: NotNegative = 10.0
    held: HoldOut = HoldOut()
    training: Training = Training(batch=512, learning_rate=2e-3, epochs=30, drop=0.3)

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def needs_clock(self) -> bool:
        """The age of an example is one of a clock."""
        return self.example_age

    def fit(
        self,
        view: TrainView,
        columns: Mapping[str, Column],
        *,
        seed: int,
        progress: Progress,
        checkpoint: Path | None = None,
    ) -> Embedding:
        """Learn until the next item of held-out users is not found better."""
        device = self.training.place()
        inputs = self._inputs(columns)
        reader = RequestReader(columns, inputs.side(Level.REQUEST), self.history, device)
        items = read_items(view, columns, inputs, device)
        warm = view.counts(view.kinds.all) > 0
        warm[:FIRST] = False
        rows = next_items(view, self.event)
        learned, held = hold_out(rows, seed=seed, share=self.held.share, most=self.held.most)
        count = np.bincount(rows.item[learned], minlength=view.n_items)
        sampler = self.negatives.sampler(torch.from_numpy(count).to(device), torch.from_numpy(warm).to(device))
        source = LikedEvents.of(rows[learned], reader, sampler, view)
        judged = rows[held]
        asked, age = reader.read(judged.requests), torch.from_numpy(source.age(judged.requests)).to(device)
        with seeded(seed):
            towers = self.towers(inputs)

        def loss(batch: TowerBatch) -> Tensor:
            return self._loss(towers, items, batch)

        @torch.no_grad()
        def users() -> Floats:
            found: Floats = towers.users(*asked, age).float().cpu().numpy()
            return found  # [V, K, D]

        def validate() -> float:
            return gain(users(), item_vectors(towers, items), judged)

        train(
            towers,
            source,
            loss,
            validate,
            self.training,
            seed=seed,
            name="towers",
            progress=progress,
            checkpoint=checkpoint,
        )
        vectors = item_vectors(towers, items)
        graph = export_tower(UserTower(towers), reader.read(rows[np.arange(2)].requests))
        query = TowerQuery(graph=graph, inputs=reader.inputs, history=self.history)
        known = np.arange(view.n_items) >= FIRST
        return Embedding(vectors * known[:, None], known, known & ~warm, query, users().reshape(-1, self.dim))

    def towers(self, inputs: Inputs) -> TwoTowers:
        """The network, with weights from torch's global generator."""
        return TwoTowers(
            inputs,
            self.dim,
            self.encoder,
            hidden=self.hidden,
            item_hidden=self.item_hidden,
            dropout=self.dropout,
            cosine=self.cosine,
            forget=self.forget,
            aged=self.example_age,
        )

    def _inputs(self, columns: Mapping[str, Column]) -> Inputs:
        for name in (*self.features, self.history):
            if name not in columns:
                raise ValueError(f"two towers: no feature {name!r}; there are {', '.join(columns)}")
        inputs = Inputs.of(columns[name] for name in (*self.features, self.history))
        if inputs.history is None:
            raise ValueError(f"two towers: {self.history!r} is not a history")
        if not inputs.side(Level.CANDIDATE).names:
            raise ValueError("two towers: `features` names none of the items, such as their id, for the item tower")
        return inputs

    def _loss(self, towers: TwoTowers, items: Offered, batch: TowerBatch) -> Tensor:
        vectors = towers.items(*items.of(torch.cat([batch.wanted, batch.sample.item])))
        wanted, others = vectors.split([len(batch.wanted), len(batch.sample.item)])
        users = label_aware(towers.users(*batch.asked, batch.age), wanted, self.sharpness)
        scaled = users / self.temperature
        return total_loss(self.loss, scaled, wanted, others, own=batch.wanted, sample=batch.sample) / len(wanted)


@torch.no_grad()
def item_vectors(towers: TwoTowers, items: Offered) -> Floats:
    """Vectors of all items, float32[I, D]."""
    starts = range(0, len(items.item), BLOCK)
    parts = [towers.items(*(column[start : start + BLOCK] for column in items)) for start in starts]
    vectors: Floats = torch.cat(parts).float().cpu().numpy()
    return vectors
