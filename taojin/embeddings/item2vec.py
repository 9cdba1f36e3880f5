"""Item2vec: items that the same users like near to each other, by skip-gram with negative sampling.

Barkan and Koenigstein, MLSP 2016, https://arxiv.org/abs/1603.04259; Mikolov et al., NeurIPS 2013,
https://arxiv.org/abs/1310.4546. Deviations: the negatives of a batch are shared, and count as `negatives` for each
pair (the same expectation, less noise, one matrix product); subsampling masks items and does not draw the others
closer together.

Shapes: I items in the vocabulary, M liked events, N of them a batch, C places around an event, K shared negatives,
D embedding size.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.batch import Rows
from taojin.core.progress import Progress
from taojin.core.units import PAD, Mask
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.next_item import NextItems, gain, hold_out, next_items
from taojin.embeddings.query import MeanOfItems
from taojin.embeddings.seeds import HistorySeeds
from taojin.features.feature import Ask, Column, Level
from taojin.features.inputs import CategoryField, Inputs
from taojin.nn.table import Table
from taojin.nn.trainer import Training, seeded, train


@dataclass(frozen=True, kw_only=True)
class Item2Vec:
    """Vectors of items from sequences of liked items; a user's query is the decayed mean of the history's vectors.

    window      an event learns from up to so many events on either side (a number drawn up to it)
    negatives   weight of the noise against each pair
    shared      negatives drawn for a batch, from counts ** 0.75
    subsample   an item with share f of events is read with probability sqrt(subsample ÷ f); 0: always
    min_count   items with fewer events have no vector
    cosine      vectors of length 1; else an item's popularity shows in its length
    decay       weight of each place of the history against the next newer one
    """

    event: str = "like"
    dim: int = 64
    window: int = 20
    negatives: float = 1.0
    shared: int = 256
    subsample: float = 0.0
    min_count: int = 2
    cosine: bool = False
    history: str = "history"
    decay: float = 0.95
    training: Training = Training(learning_rate=5e-3, batch=2048, epochs=30, drop=0.3)
    needs_clock: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        return (self.history,)

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Learn until the next item of held-out users is not found better."""
        rows = next_items(view, self.event)
        known = np.bincount(rows.item, minlength=view.n_items) >= self.min_count
        rows = rows[np.flatnonzero(known[rows.item])]
        learned, held = hold_out(rows, seed=seed)
        with seeded(seed):
            module = SkipGram(view.n_items, self.dim)
        source = Windows.of(rows[learned], view.n_items, self)
        judged = rows[held]
        asked = Rows({self.history: Ask(judged.requests, None, columns).value(self.history)}, {}, judged.item[:0])

        def validate() -> float:
            now = self._embedding(module, known)
            return gain(now.query.vectors(judged.requests, asked)[:, 0], now.vectors, judged)

        def loss(batch: Surroundings) -> Tensor:
            return negative_sampling(module(batch), batch.context != PAD, self.negatives)

        train(module, source, loss, validate, self.training, seed=seed, name="item2vec", progress=progress)
        return self._embedding(module, known)

    def _embedding(self, module: "SkipGram", known: Mask) -> Embedding:
        weight = module.inner.weight.detach()
        scaled = functional.normalize(weight, dim=1) if self.cosine else weight
        vectors = scaled.cpu().numpy() * known[:, None]
        query = MeanOfItems(seeds=HistorySeeds(history=self.history, decay=self.decay), items=vectors)
        return Embedding(vectors, known, np.zeros_like(known), query)


class Surroundings(NamedTuple):
    """Events and what stands around them in their users' sequences.

    item        int64[N]
    context     int64[N, C]     PAD where there is nothing
    noise       int64[K]        negatives of all of them
    """

    item: Tensor
    context: Tensor
    noise: Tensor


@dataclass(frozen=True)
class Windows:
    """Liked events as a source of batches: windows and noise are drawn when a batch is gathered.

    item, user      int64[M], by user and time
    read            float32[I]  probability that an event of an item is read
    noise           float64[I]  cumulative distribution of the negatives
    """

    item: Tensor
    user: Tensor
    read: Tensor
    noise: Tensor
    window: int
    shared: int

    @classmethod
    def of(cls, rows: NextItems, items: int, spec: Item2Vec) -> "Windows":
        """On the device of the training."""
        device = spec.training.place()
        count = np.bincount(rows.item, minlength=items)
        share = np.maximum(count, 1) / len(rows)
        read = np.minimum(np.sqrt(spec.subsample / share), 1.0) if spec.subsample else np.ones(items)
        noise = np.cumsum(count**0.75)
        return cls(
            torch.from_numpy(rows.item).to(device),
            torch.from_numpy(rows.requests.user).to(device),
            torch.from_numpy(read.astype(np.float32)).to(device),
            torch.from_numpy(noise / noise[-1]).to(device),
            spec.window,
            spec.shared,
        )

    def __len__(self) -> int:
        return len(self.item)

    def gather(self, rows: Tensor) -> Surroundings:
        """What stands around some events, each within a reach of its own."""
        device = rows.device
        steps = torch.arange(-self.window, self.window + 1, device=device)
        steps = steps[steps != 0]  # [C]
        reach = torch.randint(1, self.window + 1, (len(rows), 1), device=device)
        at = rows[:, None] + steps  # [N, C]
        inside = (at >= 0) & (at < len(self.item)) & (steps.abs() <= reach)
        at = at.clamp(0, len(self.item) - 1)
        item, context = self.item[rows], self.item[at]
        read = torch.rand(len(rows), 1, device=device) < self.read[item][:, None]
        read = read & (torch.rand(context.shape, device=device) < self.read[context])
        inside &= read & (self.user[at] == self.user[rows][:, None])
        drawn = torch.rand(self.shared, device=device, dtype=self.noise.dtype)
        noise = torch.searchsorted(self.noise, drawn, right=True).clamp(max=len(self.noise) - 1)
        return Surroundings(item, torch.where(inside, context, PAD), noise)


class SkipGram(nn.Module):
    """Two vectors per item: as the one that is read, and as what stands around."""

    def __init__(self, items: int, dim: int) -> None:
        super().__init__()
        field = Inputs((CategoryField("item", Level.CANDIDATE, items),))
        self.inner = Table(field, dim)
        self.outer = Table(field, dim)

    def forward(self, batch: Surroundings) -> tuple[Tensor, Tensor]:
        """Inner products with the surroundings, float32[N, C], and with the noise, float32[N, K]."""
        inner = self._vectors(self.inner, batch.item)  # [N, D]
        others = torch.cat([batch.context.flatten(), batch.noise])
        outer = self._vectors(self.outer, others)
        pairs = batch.context.numel()
        near = outer[:pairs].view(*batch.context.shape, -1) @ inner.unsqueeze(2)  # [N, C, 1]
        return near.squeeze(2), inner @ outer[pairs:].T

    def _vectors(self, table: Table, items: Tensor) -> Tensor:
        return functional.embedding(items, table.weight, padding_idx=PAD, sparse=table.sparse)


def negative_sampling(products: tuple[Tensor, Tensor], known: Tensor, negatives: float) -> Tensor:
    """Mean over known pairs of -log s(pair) - `negatives` times the mean over the noise of log s(-noise)."""
    near, noise = products
    pairs = known.sum(1)  # [N]
    attract = (functional.softplus(-near) * known).sum()
    repel = (functional.softplus(noise).mean(1) * pairs).sum() * negatives
    return (attract + repel) / pairs.sum().clamp(min=1)
