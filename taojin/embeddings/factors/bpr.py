"""BPR: factors that put what a user likes before what the user does not.

Rendle et al., UAI 2009, https://arxiv.org/abs/1205.2618. Deviations: no bias of the items; how popular an item is shows
in the length of its vector. Each like is told from all items of a sample that its batch shares, but those its user
likes; the paper draws one for each like, which says far less for nearly the same work.

Shapes: U users, I items in the vocabulary, D factors.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from taojin.core.bounds import Count, Portion, bounded
from taojin.core.progress import Progress
from taojin.core.units import Floats, Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.factors.pairs import LikedPairs, Pairs
from taojin.embeddings.factors.query import UserAndHistory
from taojin.embeddings.likes import likes, ones
from taojin.embeddings.next_item import gain, hold_out, next_items
from taojin.embeddings.seeds import HistorySeeds
from taojin.embeddings.towers.losses import BPR as Loss
from taojin.embeddings.towers.losses import total_loss
from taojin.embeddings.towers.negatives import Negatives, Sample
from taojin.features.feature import Column, Level
from taojin.features.inputs import CategoryField, Inputs
from taojin.nn.table import Table
from taojin.nn.trainer import seeded, train
from taojin.nn.training import Training

CLOSING = 0.25
"""Learning rates of the last epoch against those of the first."""
RIDGE = 1e-3
"""Penalty of the regression from histories to users, against the mean square of what it reads."""


@dataclass(frozen=True, kw_only=True)
class BPR:
    """A vector per user and item from pairs of a liked and another item; `training.embedding_l2` keeps them short.

    At request time a user's vector is the trained one, moved by what has come to the history since: a regression over
    all users says what vector a history makes probable. A stranger has that one alone.

    negatives   what the likes of a batch are told from
    decay       weight of each place of the history against the next newer one
    """

    event: str = "like"
    dim: Count = 64
    negatives: Negatives = Negatives(uniform=128)
    history: str = "history"
    decay: Portion = 1.0
    training: Training = Training(learning_rate=1e-2, batch=4096, epochs=60, embedding_l2=0.0, drop=0.5)
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def features(self) -> tuple[str, ...]:
        return (self.history,)

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Learn until the next item of held-out users is not found better; then an epoch of all likes, theirs too."""
        device, everything = self.training.place(), likes(view, self.event)
        rows = next_items(view, self.event)
        learned, held = hold_out(rows, seed=seed)
        judged = rows[held]
        with seeded(seed):
            module = Factors(view.n_users, view.n_items, self.dim)

        def learn(
            liked: sparse.csr_matrix, validate: Callable[[], float], training: Training, *, closing: bool = False
        ) -> None:
            source = LikedPairs.of(liked, device)
            sampler = self.negatives.sampler(torch.bincount(source.item, minlength=view.n_items))

            def loss(batch: Pairs) -> Tensor:
                return bpr_loss(module, source, batch, sampler.draw(batch.item))

            train(
                module,
                source,
                loss,
                validate,
                training,
                seed=seed,
                name="bpr",
                progress=progress,
                goes_on=not closing,
            )

        def validate() -> float:
            return gain(_array(module.users)[judged.requests.user], _array(module.items), judged)

        learn(ones(view, rows.requests.user[learned], rows.item[learned]), validate, self.training)
        rate, sparse_rate = CLOSING * self.training.learning_rate, CLOSING * self.training.sparse_rate
        last = replace(self.training, learning_rate=rate, sparse_rate=sparse_rate, epochs=1)
        learn(everything, lambda: 0.0, last, closing=True)
        return self._embedding(module, everything, asked=judged.requests.user)

    def _embedding(self, module: "Factors", liked: sparse.csr_matrix, *, asked: Ints) -> Embedding:
        active, known = np.diff(liked.indptr) > 0, np.diff(liked.tocsc().indptr) > 0
        users, items = _array(module.users) * active[:, None], _array(module.items) * known[:, None]
        means = sparse.diags(1 / np.maximum(np.diff(liked.indptr), 1)).astype(np.float32) @ liked @ items  # [U, D]
        says = items @ regression(means, users)
        query = UserAndHistory(
            seeds=HistorySeeds(history=self.history, decay=self.decay),
            users=users - means @ regression(means, users),
            items=says,
            power=1.0,
        )
        return Embedding(items, known, np.zeros_like(known), query, users[asked])


def bpr_loss(module: "Factors", source: LikedPairs, batch: Pairs, sample: Sample) -> Tensor:
    """Mean over a batch and a sample of -log s(user · item - user · other), which is 0 where the other is liked."""
    user, item, others = module(batch, sample.item)
    liked = source.cells(batch.user, sample.item)
    return total_loss(Loss(), user, item, others, own=batch.item, sample=sample, liked=liked) / len(user)


def regression(read: Floats, told: Floats) -> Floats:
    """The matrix, float32[D, D], by which the rows of one matrix best tell those of another, in least squares."""
    square = read.T @ read
    ridge = RIDGE * np.trace(square) / len(square) * np.eye(len(square), dtype=np.float32)
    weights: Floats = np.linalg.solve(square + ridge, read.T @ told)
    return weights


class Factors(nn.Module):
    """A table of users and one of items."""

    def __init__(self, users: int, items: int, dim: int) -> None:
        super().__init__()
        self.users = Table(Inputs((CategoryField("user", Level.CANDIDATE, users),)), dim)
        self.items = Table(Inputs((CategoryField("item", Level.CANDIDATE, items),)), dim)

    def forward(self, pairs: Pairs, others: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors of users and items, float32[B, D] each, and of the others, float32[S, D]."""
        items = self.items.of(torch.cat([pairs.item, others]))
        return self.users.of(pairs.user), *items.split([len(pairs.item), len(others)])


def _array(table: Table) -> Floats:
    """Every row, float32[V, D]."""
    vectors: Floats = table.weight.detach().cpu().numpy()
    return vectors
