"""EGES: skip-gram over walks, in which an item's vector is a weighted mean of its own and of its attributes' vectors.

Wang et al., KDD 2018, https://arxiv.org/abs/1803.02349. Deviations: the weights of an item add to weights that all
items share, so that attributes which say nothing are found out by all items together; and an item without events takes
the sum of its attributes by the shared weights, where the paper takes the plain mean: in place of its own vector stands
zero, so that what nobody knows does not outshine what many liked.

Shapes: I items in the vocabulary, N places of a batch, C places around each, K shared negatives, F parts of an item
(its own vector, then its attributes), D embedding size.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from taojin.core.bounds import NotNegative
from taojin.core.progress import Progress
from taojin.core.units import FIRST, Floats, Mask
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.skip_gram import SkipGram, Surroundings, embed, learn
from taojin.embeddings.towers.batches import Offered, read_items
from taojin.embeddings.walks.spec import WalkSpec, random_walks
from taojin.embeddings.walks.walk import first_order
from taojin.features.feature import Column, Level
from taojin.features.inputs import Inputs
from taojin.nn.table import Table
from taojin.nn.trainer import seeded


@dataclass(frozen=True, kw_only=True)
class EGES(WalkSpec):
    """Vectors of items from walks and from what is known of the items.

    side    attributes of the items: features of the level candidate that no request changes
    lead    logit by which an item's own vector starts ahead of its attributes, which have to earn their weight; the
            smaller, the more items lie by their attributes and the less by what was liked
    """

    side: tuple[str, ...]
    lead: NotNegative = 4.0

    @property
    def features(self) -> tuple[str, ...]:
        return (*self.side, self.history)

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> "SideInformed":
        """Learn until the next item of held-out users is not found better."""
        evidence = self.evidence(view, columns, seed=seed)
        sequences = random_walks(self, evidence.learned, view.n_items, first_order, seed=seed)
        inputs = self._inputs(columns)
        items = read_items(view, columns, inputs, self.training.place())
        with seeded(seed):
            network = Enhanced(
                inputs, items, np.bincount(sequences.item, minlength=view.n_items) > 0, self.dim, self.lead
            )
        cold = view.counts(view.kinds.all) == 0
        cold[:FIRST] = False

        def now() -> Embedding:
            return embed(self, network.vectors(), np.arange(view.n_items) >= FIRST, cold)

        learn(self, network, sequences, lambda: evidence.gain(now()), seed=seed, name="eges", progress=progress)
        parts = ("itself", *(field.name for field in inputs.categories), *(field.name for field in inputs.numbers))
        found = now()
        return SideInformed(found.vectors, found.known, found.cold, found.query, parts=parts, weights=network.weights())

    def _inputs(self, columns: Mapping[str, Column]) -> Inputs:
        for name in self.side:
            if name not in columns:
                raise ValueError(f"EGES: no feature {name!r}; there are {', '.join(columns)}")
            if columns[name].level != Level.CANDIDATE:
                raise ValueError(f"EGES: feature {name!r} is not of the items")
        if not self.side:
            raise ValueError("EGES: `side` names no attribute of the items; without any, use DeepWalk")
        return Inputs.of(columns[name] for name in self.side)


@dataclass(frozen=True, kw_only=True)
class SideInformed(Embedding):
    """Vectors, and what they are made of.

    parts       F names: "itself", then the attributes
    weights     float32[I, F]   what each part counts in the item's vector; rows sum to 1
    """

    parts: tuple[str, ...]
    weights: Floats


class Enhanced(nn.Module):
    """Skip-gram in which an item that is read is a weighted mean of its parts.

    met     bool[I]     items of the walks; the own vector of any other is zero, and its weights are the shared ones
    """

    by_row = ("own",)

    def __init__(self, inputs: Inputs, items: Offered, met: Mask, dim: int, lead: float) -> None:
        super().__init__()
        self.pairs = SkipGram(len(met), dim)
        self.side = Table(inputs, dim)
        self.codes, self.numbers = (
            nn.Buffer(items.item, persistent=False),
            nn.Buffer(items.item_numbers, persistent=False),
        )
        self.met = nn.Buffer(torch.from_numpy(met).to(items.item.device), persistent=False)
        parts = 1 + len(inputs.categories) + len(inputs.numbers)
        self.shared = nn.Parameter(torch.tensor([lead, *[0.0] * (parts - 1)]))
        self.own = nn.Parameter(torch.zeros(len(met), parts))

    def forward(self, batch: Surroundings) -> tuple[Tensor, Tensor]:
        """Inner products with the surroundings, float32[G, PLACES, C], and with the noise, float32[N, K]."""
        return self.pairs.products(self.of(batch.item), batch)

    def of(self, items: Tensor) -> Tensor:
        """Vectors of some items, float32[N, D]."""
        own = (self.pairs.read(items) * self.met[items].unsqueeze(1)).unsqueeze(1)
        side = self.side.items(self.codes[items], self.numbers[items])
        parts = torch.cat([own, side], 1)  # [N, F, D]
        return (self.attention(items).unsqueeze(2) * parts).sum(1)

    def attention(self, items: Tensor) -> Tensor:
        """What each part of some items counts, float32[N, F]."""
        return (self.shared + self.own[items] * self.met[items].unsqueeze(1)).softmax(1)

    @torch.no_grad()
    def vectors(self) -> Floats:
        """Vectors of all items, float32[I, D]."""
        vectors: Floats = self.of(torch.arange(len(self.met), device=self.met.device)).cpu().numpy()
        return vectors

    @torch.no_grad()
    def weights(self) -> Floats:
        """What the parts of all items count, float32[I, F]."""
        weights: Floats = self.attention(torch.arange(len(self.met), device=self.met.device)).cpu().numpy()
        return weights
