"""Models that learn from whole sequences: SASRec, BERT4Rec, GRU4Rec, ... Their user tower reads the live history.

Items have one vector each, as what is read and as what is guessed (weight tying), so that nothing but their id speaks
for them. All places of a batch's sequences are guessed in one pass.

Shapes: I items in the vocabulary, R requests, B windows of a batch, L places, N places that guess, D embedding size.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.bounds import COUNT, Count, Dropped, Positive, bounded
from taojin.core.progress import Progress
from taojin.core.units import FIRST, PAD, Floats, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.next_item import HoldOut, gain, hold_out, next_items
from taojin.embeddings.query import TowerQuery
from taojin.embeddings.towers.losses import Loss, Softmax, total_loss
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.network import Forget, export_tower
from taojin.embeddings.towers.windows import MASK, Guesses, NextItem, Objective, Windows
from taojin.features.feature import Ask, Column, Level
from taojin.features.inputs import CategoryField, HistoryField, Inputs
from taojin.features.past import whole_catalogue
from taojin.nn.encoders import SequenceEncoder, SequenceModule
from taojin.nn.table import Table
from taojin.nn.trainer import seeded, train
from taojin.nn.training import Training
from taojin.nn.transformer import Transformer


@dataclass(frozen=True, kw_only=True)
class SequenceModel:
    """Vectors of items and a user tower, from each user's sequence of events of a kind.

    item        feature of the items whose codes are the vectors, such as their id
    history     feature of the request that holds the last of these codes; its length is the model's
    objective   what a sequence teaches: its next items, or its masked ones
    negatives   what a wanted item is told from; by default the whole catalogue
    cosine      vectors of length 1; else an item's popularity shows in its length
    temperature inner products are divided by it
    forget      each code is read as UNKNOWN with this probability
    longest     only the last so many events of each user are learned from, None: as many as the history has
    held        whose last event is kept to stop by
    places      events that go through the network at once, about; the gradients of a step add up
    """

    item: str = "item"
    history: str = "history"
    event: str = "like"
    dim: Count = 64
    encoder: SequenceEncoder = Transformer()
    objective: Objective = NextItem()
    loss: Loss = Softmax()
    negatives: Negatives = Negatives()
    cosine: bool = False
    temperature: Positive = 1.0
    forget: Dropped = 0.0
    longest: Annotated[int | None, COUNT] = None
    held: HoldOut = HoldOut()
    places: Count = 8192
    training: Training = Training(batch=128, epochs=200, patience=10, drop=0.8, embedding_l2=0.0)
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)
        if self.encoder.causal != (self.objective.ahead > 0):
            raise ValueError(
                "SequenceModel: what guesses the next item must be causal, or it sees it; what guesses masked items "
                f"must not be, got causal={self.encoder.causal} for {type(self.objective).__name__}"
            )

    @property
    def features(self) -> tuple[str, ...]:
        return (self.item, self.history)

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
        field, history = self._fields(columns)
        code = whole_catalogue(view, columns).value(self.item).astype(np.int64)  # [I]
        rows = next_items(view, self.event)
        learned, held = hold_out(rows, seed=seed, share=self.held.share, most=self.held.most)
        judged = rows[held]
        asked = Ask(judged.requests, None, columns).value(self.history)
        codes = code[rows.item[learned]]
        count = np.bincount(codes, minlength=field.size)
        count[:FIRST] = 0
        with seeded(seed):
            tower = SequenceTower(field, self, history.length)
        source = Windows.of(
            codes,
            rows.requests.user[learned],
            length=history.length,
            longest=self.longest or history.length + self.objective.ahead,
            objective=self.objective,
            sampler=self.negatives.sampler(torch.from_numpy(count).to(self.training.place())),
        )

        def validate() -> float:
            return gain(queries(tower, asked), tower.vectors()[code], judged, k=10)

        train(
            tower,
            source,
            lambda batch: self._loss(tower, source, batch),
            validate,
            self.training,
            seed=seed,
            name=type(self.encoder).__name__.lower(),
            progress=progress,
            checkpoint=checkpoint,
            pieces=lambda rows: source.pieces(rows, self.places),
        )
        known = count[code] > 0
        graph = export_tower(tower, [torch.from_numpy(asked[np.arange(2) % len(asked)])], names=("history",))
        query = TowerQuery(graph=graph, inputs=Inputs(), history=self.history)
        vectors = tower.vectors()[code] * known[:, None]
        return Embedding(vectors, known, np.zeros_like(known), query, queries(tower, asked)[:, 0])

    def _fields(self, columns: Mapping[str, Column]) -> tuple[CategoryField, HistoryField]:
        for name in self.features:
            if name not in columns:
                raise ValueError(f"SequenceModel: no feature {name!r}; there are {', '.join(columns)}")
        inputs = Inputs.of((columns[self.item], columns[self.history]))
        if inputs.history is None or inputs.history.columns != (self.item,):
            raise ValueError(f"SequenceModel: {self.history!r} must be a history of {self.item!r} and nothing else")
        return inputs.categories[0], inputs.history

    def _loss(self, tower: "SequenceTower", source: Windows, batch: Guesses) -> Tensor:
        sample = source.sampler.draw(batch.wanted)
        states = tower.states(batch.read, batch.known)[batch.asked]  # [N, D]
        vectors = tower.items(torch.cat([sample.item, batch.wanted]))
        total = total_loss(
            self.loss,
            tower.scaled(states) / self.temperature,
            vectors[len(sample.item) :],
            vectors[: len(sample.item)],
            own=batch.wanted,
            sample=sample,
        )
        # A mean over places that is one over windows, too, so that the pieces of a step add up to the whole.
        return total / (len(batch.read) * source.events)


class SequenceTower(nn.Module):
    """One table of items, and an encoder of sequences of them."""

    def __init__(self, field: CategoryField, spec: SequenceModel, length: int) -> None:
        super().__init__()
        item = CategoryField(field.name, Level.CANDIDATE, field.size)
        self.table = Table(Inputs((item,)), spec.dim)
        self.encoder: SequenceModule = spec.encoder.build(spec.dim, length)
        self.mask = None if spec.objective.ahead else nn.Parameter(torch.randn(spec.dim) * 0.01)
        self.forget = Forget(spec.forget, 1)
        self.cosine = spec.cosine

    def forward(self, history: Tensor) -> Tensor:
        """Query vectors float32[R, 1, D] of histories int64[R, L, 1], PAD on the left; zero where no item is known."""
        codes = history[:, :, 0]
        if self.mask is not None:
            codes = torch.cat([codes[:, 1:], torch.full_like(codes[:, :1], MASK)], 1)
        found = self.scaled(self.encoder(self._read(codes), codes != PAD))
        return found * (history >= FIRST).any(1, keepdim=True)

    def states(self, codes: Tensor, known: Tensor) -> Tensor:
        """States at all places, [B, L, D], of sequences int64[B, L] with PAD on the right."""
        return self.encoder.states(self._read(self.forget(codes.unsqueeze(2)).squeeze(2)), known)

    def items(self, codes: Tensor) -> Tensor:
        """Vectors of some items, float32[S, D]."""
        return self.scaled(self.table.items(codes.unsqueeze(1), self._no_numbers(codes)).squeeze(1))

    def vectors(self) -> Floats:
        """Vectors of all codes, float32[codes, D]."""
        vectors: Floats = self.scaled(self.table.weight.detach()).cpu().numpy()
        return vectors

    def scaled(self, vectors: Tensor) -> Tensor:
        """Vectors as they are compared."""
        return functional.normalize(vectors, dim=-1) if self.cosine else vectors

    def _read(self, codes: Tensor) -> Tensor:
        rows = codes.flatten().clamp(min=PAD).unsqueeze(1)
        found = self.table.items(rows, self._no_numbers(rows)).view(*codes.shape, -1)
        return found if self.mask is None else torch.where((codes == MASK).unsqueeze(2), self.mask, found)

    @staticmethod
    def _no_numbers(codes: Tensor) -> Tensor:
        return torch.empty(len(codes), 0, device=codes.device)


BLOCK = 256
"""Histories that are encoded at once for validation."""


@torch.no_grad()
@torch.no_grad()
def queries(tower: SequenceTower, history: Ints) -> Floats:
    """Query vectors of many histories, float32[R, 1, D]; those of like length together, cut to the longest of them."""
    device = next(tower.parameters()).device
    known = (history[:, :, 0] != PAD).sum(axis=1)
    order = np.argsort(known, kind="stable")
    found = np.empty((len(history), 1, tower.table.dim), np.float32)
    for start in range(0, len(order), BLOCK):
        block = order[start : start + BLOCK]
        # A place more than is known, for a tower that puts its mask there.
        longest = min(int(known[block].max()) + 1, history.shape[1])
        found[block] = tower(torch.from_numpy(history[block, -longest:]).to(device)).float().cpu().numpy()
    return found
