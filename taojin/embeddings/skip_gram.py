"""Skip-gram with negative sampling: what stands near to one another in sequences gets vectors that are near.

Mikolov et al., NeurIPS 2013, https://arxiv.org/abs/1310.4546. Deviations: the negatives of a batch are shared, and
count as `negatives` for each pair (the same expectation, less noise, one matrix product); subsampling masks items and
does not draw the others closer together.

Shapes: I items in the vocabulary, M places of all sequences, G runs of PLACES of them a batch, N places of all runs
together, C places that a run sees, K shared negatives, D embedding size.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.bounds import Count, NotNegative, Portion, Positive, bounded
from taojin.core.progress import Progress
from taojin.core.units import PAD, Floats, Ints, Mask
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding, unit_length
from taojin.embeddings.evidence import Evidence
from taojin.embeddings.query import MeanOfItems
from taojin.embeddings.seeds import HistorySeeds
from taojin.features.feature import Column, Level
from taojin.features.inputs import CategoryField, Inputs
from taojin.nn.table import Table
from taojin.nn.trainer import seeded, train
from taojin.nn.training import Training

PLACES = 32
"""Places that stand behind one another are learned from together: they share what stands around them, which is read
once for all and meets them in one small product of matrices."""


@dataclass(frozen=True, kw_only=True)
class SkipGramSpec:
    """What every embedding by skip-gram declares; a user's query is the decayed mean of the history's vectors.

    window      a place learns from up to so many places on either side (a number drawn up to it)
    negatives   weight of the noise against each pair
    shared      negatives drawn for a batch, from counts ** 0.75
    subsample   an item with share f of places is read with probability sqrt(subsample ÷ f); 0: always
    min_count   items with fewer events have no vector
    cosine      vectors of length 1; else an item's popularity shows in its length
    decay       weight of each place of the history against the next newer one
    training    its rows are runs of PLACES places
    """

    event: str = "like"
    dim: Count = 64
    window: Count = 10
    negatives: Positive = 1.0
    shared: Count = 64
    subsample: NotNegative = 0.0
    min_count: Count = 2
    cosine: bool = False
    history: str = "history"
    decay: Portion = 0.92
    training: Training = Training(learning_rate=1e-2, batch=128, epochs=30, drop=0.3)

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def features(self) -> tuple[str, ...]:
        return (self.history,)

    def evidence(self, view: TrainView, columns: Mapping[str, Column], *, seed: int) -> Evidence:
        """The events to learn from and to judge by."""
        return Evidence.of(view, columns, event=self.event, history=self.history, min_count=self.min_count, seed=seed)


class Sequences(NamedTuple):
    """Items in their order, sequence by sequence.

    item        int64[M]
    sequence    int64[M]    equal within a sequence, whose places stand together
    """

    item: Ints
    sequence: Ints


def embed(spec: SkipGramSpec, vectors: Floats, known: Mask, cold: Mask) -> Embedding:
    """Learned vectors as an embedding."""
    vectors = vectors * known[:, None]
    if spec.cosine:
        vectors = unit_length(vectors)
    query = MeanOfItems(seeds=HistorySeeds(history=spec.history, decay=spec.decay), items=vectors)
    return Embedding(vectors, known, cold, query)


def fit_skip_gram(
    spec: SkipGramSpec, sequences: Sequences, evidence: Evidence, *, seed: int, name: str, progress: Progress
) -> Embedding:
    """An embedding whose items have a vector of their own, and nothing else."""
    known = evidence.known
    with seeded(seed):
        module = SkipGram(len(known), spec.dim)

    def now() -> Embedding:
        return embed(spec, module.inner.weight.detach().cpu().numpy(), known, np.zeros_like(known))

    learn(spec, module, sequences, lambda: evidence.gain(now()), seed=seed, name=name, progress=progress)
    return now()


def learn(
    spec: SkipGramSpec,
    network: nn.Module,
    sequences: Sequences,
    validate: Callable[[], float],
    *,
    seed: int,
    name: str,
    progress: Progress,
) -> None:
    """Train a network of the form of `SkipGram` until the next items of held-out users are not found better."""
    source = Windows.of(sequences, spec)

    def loss(batch: Surroundings) -> Tensor:
        return negative_sampling(network(batch), batch.near, spec.negatives)

    train(network, source, loss, validate, spec.training, seed=seed, name=name, progress=progress)


class Surroundings(NamedTuple):
    """Places and what stands around them in their sequences.

    item        int64[N]            run by run, PAD behind the last of all
    context     int64[G, C]         what a run sees: itself, and `window` places on either side
    near        bool[G, PLACES, C]  which of it a place learns from
    noise       int64[K]            negatives of all of them
    """

    item: Tensor
    context: Tensor
    near: Tensor
    noise: Tensor


@dataclass(frozen=True)
class Windows:
    """Runs of places as a source of batches: windows and noise are drawn when a batch is gathered.

    places              M
    item, sequence      int64[M']   with PAD and -1 as far around the places as runs may see
    read                float32[I]  probability that a place of an item is read
    noise               float64[I]  cumulative distribution of the negatives
    """

    places: int
    item: Tensor
    sequence: Tensor
    read: Tensor
    noise: Tensor
    window: int
    shared: int

    @classmethod
    def of(cls, sequences: Sequences, spec: SkipGramSpec) -> "Windows":
        """On the device of the training."""
        device = spec.training.place()
        count = np.bincount(sequences.item)
        share = np.maximum(count, 1) / len(sequences.item)
        read = np.minimum(np.sqrt(spec.subsample / share), 1.0) if spec.subsample else np.ones(len(count))
        noise = np.cumsum(count**0.75)
        around = spec.window, spec.window + PLACES
        return cls(
            len(sequences.item),
            torch.from_numpy(np.pad(sequences.item, around, constant_values=PAD)).to(device),
            torch.from_numpy(np.pad(sequences.sequence, around, constant_values=-1)).to(device),
            torch.from_numpy(read.astype(np.float32)).to(device),
            torch.from_numpy(noise / noise[-1]).to(device),
            spec.window,
            spec.shared,
        )

    def __len__(self) -> int:
        return math.ceil(self.places / PLACES)

    def gather(self, rows: Tensor) -> Surroundings:
        """What stands around the places of some runs, each within a reach of its own."""
        device = rows.device
        places = torch.arange(PLACES, device=device).unsqueeze(1)
        steps = torch.arange(PLACES + 2 * self.window, device=device) - self.window - places  # [PLACES, C]
        at = (rows * PLACES).unsqueeze(1) + torch.arange(steps.shape[1], device=device)  # [G, C]
        inside = slice(self.window, self.window + PLACES)
        context, sequence = self.item[at], self.sequence[at]
        read = torch.rand(context.shape, device=device) < self.read[context]
        reach = torch.randint(1, self.window + 1, (len(rows), PLACES, 1), device=device)
        near = (steps != 0) & (steps.abs() <= reach)
        near &= sequence[:, inside].unsqueeze(2) == sequence.unsqueeze(1)
        near &= (read[:, inside] & (context[:, inside] != PAD)).unsqueeze(2) & read.unsqueeze(1)
        drawn = torch.rand(self.shared, device=device, dtype=self.noise.dtype)
        noise = torch.searchsorted(self.noise, drawn, right=True).clamp(max=len(self.noise) - 1)
        return Surroundings(context[:, inside].flatten(), context, near, noise)


class SkipGram(nn.Module):
    """Two vectors per item: as the one that is read, and as what stands around."""

    def __init__(self, items: int, dim: int) -> None:
        super().__init__()
        field = Inputs((CategoryField("item", Level.CANDIDATE, items),))
        self.inner = Table(field, dim)
        self.outer = Table(field, dim)

    def forward(self, batch: Surroundings) -> tuple[Tensor, Tensor]:
        """Inner products with the surroundings, float32[G, PLACES, C], and with the noise, float32[N, K]."""
        return self.products(self.read(batch.item), batch)

    def read(self, items: Tensor) -> Tensor:
        """Vectors of items as the ones that are read, float32[N, D]."""
        return _vectors(self.inner, items)

    def products(self, read: Tensor, batch: Surroundings) -> tuple[Tensor, Tensor]:
        """The same as `forward`, of any vectors that are read, float32[N, D]."""
        outer = _vectors(self.outer, torch.cat([batch.context.flatten(), batch.noise]))
        context, noise = outer.split([batch.context.numel(), len(batch.noise)])
        runs = read.view(len(batch.context), -1, read.shape[1])  # [G, PLACES, D]
        return runs @ context.view(*batch.context.shape, -1).transpose(1, 2), read @ noise.T


def _vectors(table: Table, items: Tensor) -> Tensor:
    return functional.embedding(items, table.weight, padding_idx=PAD, sparse=table.sparse)


def negative_sampling(products: tuple[Tensor, Tensor], near: Tensor, negatives: float) -> Tensor:
    """Mean over near pairs of -log s(pair) - `negatives` times the mean over the noise of log s(-noise)."""
    around, noise = products
    pairs = near.sum(2).flatten()  # [N]
    attract = (functional.softplus(-around) * near).sum()
    repel = (functional.softplus(noise).mean(1) * pairs).sum() * negatives
    return (attract + repel) / pairs.sum().clamp(min=1)
