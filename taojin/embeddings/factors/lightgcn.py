"""LightGCN: factors smoothed over the graph of users and items, and learned so that they fit when smoothed.

He et al., SIGIR 2020, https://arxiv.org/abs/2002.02126. Deviations: a batch is larger, since every step smooths the
whole graph; what is liked is told from a sample that the batch shares, by the softmax of cosines of Wu et al., TOIS
2024, https://arxiv.org/abs/2201.02327 (the paper's own loss: `loss=BPR(), cosine=False, temperature=1.0`).

Shapes: U users, I items in the vocabulary, B pairs of a batch, D factors.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.bounds import Count, NotNegative, Portion, Positive, bounded
from taojin.core.progress import Progress
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.factors.graph import Graph
from taojin.embeddings.factors.pairs import LikedPairs, Pairs
from taojin.embeddings.factors.query import UserAndHistory
from taojin.embeddings.likes import likes, ones
from taojin.embeddings.next_item import gain, hold_out, next_items
from taojin.embeddings.seeds import HistorySeeds
from taojin.embeddings.towers.losses import Loss, Softmax, total_loss
from taojin.embeddings.towers.negatives import Negatives, Sampler
from taojin.features.feature import Column
from taojin.nn.trainer import seeded, train
from taojin.nn.training import Training


@dataclass(frozen=True, kw_only=True)
class LightGCN:
    """The mean of the vectors of a user or item after 0, 1, ..., `layers` steps over the graph of likes.

    A step gives each node the sum of its neighbours, each divided by the root of both degrees. All layers of a user but
    the first are thus sums over the history, and at request time they are taken over the live one; only the user's own
    vector, which a stranger lacks, is as training left it.

    layers          steps over the graph
    loss            one of the towers' losses
    negatives       what each like is told from
    cosine          smoothed vectors are compared at length 1; else an item's popularity shows in its length
    temperature     inner products are divided by it
    regularization  times the squares of the batch's vectors before the smoothing
    deviation       standard deviation of the vectors before training
    decay           weight of each place of the history against the next newer one
    """

    event: str = "like"
    dim: Count = 64
    layers: Count = 3
    loss: Loss = Softmax()
    negatives: Negatives = Negatives(uniform=1024, popular=1024, power=1.0)
    cosine: bool = True
    temperature: Positive = 0.15
    regularization: NotNegative = 1e-4
    deviation: Positive = 0.1
    history: str = "history"
    decay: Portion = 1.0
    training: Training = Training(learning_rate=5e-3, batch=8192, epochs=200, patience=5, drop=0.7)
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def features(self) -> tuple[str, ...]:
        return (self.history,)

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Learn until the next item of held-out users is not found better; then what was held out joins the graph."""
        device = self.training.place()
        rows = next_items(view, self.event)
        learned, held = hold_out(rows, seed=seed)
        judged = rows[held]
        liked = ones(view, rows.requests.user[learned], rows.item[learned])
        graph, source = Graph.of(liked, device), LikedPairs.of(liked, device)
        sampler = self.negatives.sampler(torch.bincount(source.item, minlength=view.n_items))
        with seeded(seed):
            module = Ego(view.n_users, view.n_items, self.dim, self.deviation)

        def loss(batch: Pairs) -> Tensor:
            return self._loss(module, graph, sampler, batch)

        def validate() -> float:
            users, items = graph.smooth(module.users, module.items, self.layers)
            return gain(users[judged.requests.user].cpu().numpy(), self._scaled(items).cpu().numpy(), judged)

        train(module, source, loss, validate, self.training, seed=seed, name="lightgcn", progress=progress)
        return self._embedding(module, likes(view, self.event))

    def _loss(self, module: "Ego", graph: Graph, sampler: Sampler, batch: Pairs) -> Tensor:
        users, items = graph.smooth(module.users, module.items, self.layers)
        sample = sampler.draw(batch.item)
        vectors = self._scaled(items[torch.cat([batch.item, sample.item])])
        wanted, others = vectors.split([len(batch.item), len(sample.item)])
        asked = self._scaled(users[batch.user]) / self.temperature
        fits = total_loss(self.loss, asked, wanted, others, own=batch.item, sample=sample)
        penalty = module.users[batch.user].square().sum() + module.items[batch.item].square().sum()
        return (fits + self.regularization * penalty / 2) / len(batch.item)

    def _scaled(self, vectors: Tensor) -> Tensor:
        return functional.normalize(vectors, dim=1) if self.cosine else vectors

    @torch.no_grad()
    def _embedding(self, module: "Ego", liked: sparse.csr_matrix) -> Embedding:
        graph = Graph.of(liked, module.users.device)
        active, known = np.diff(liked.indptr) > 0, np.diff(liked.tocsc().indptr) > 0
        _, items = graph.smooth(module.users, module.items, self.layers)
        # Of all layers but the last: a step further they are the user's.
        _, before = graph.smooth(module.users, module.items, self.layers - 1)
        share = self.layers / (self.layers + 1)
        query = UserAndHistory(
            seeds=HistorySeeds(history=self.history, decay=self.decay),
            users=module.users.cpu().numpy() * active[:, None] / (self.layers + 1),
            items=(share * before * graph.item_weight[:, None]).cpu().numpy(),
            power=0.5,
        )
        return Embedding(self._scaled(items).cpu().numpy() * known[:, None], known, np.zeros_like(known), query)


class Ego(nn.Module):
    """Vectors of users, float32[U, D], and of items, float32[I, D], before the smoothing."""

    by_row = ("users", "items")

    def __init__(self, users: int, items: int, dim: int, deviation: float) -> None:
        super().__init__()
        self.users = nn.Parameter(torch.randn(users, dim) * deviation)
        self.items = nn.Parameter(torch.randn(items, dim) * deviation)
