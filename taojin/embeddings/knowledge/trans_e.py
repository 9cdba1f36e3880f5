"""TransE: what is related differs by the vector of the relation, head + relation = tail.

Bordes et al., NeurIPS 2013, https://papers.nips.cc/paper/5071. Deviations: vectors are brought to length 1 where they
are read, not after each step; each fact has several corrupted ones; training stops by how well the items' vectors find
what users like next.

Shapes: I items in the vocabulary, E other entities, S relations, N facts of a batch, K corrupted ones for each,
D embedding size.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from taojin.core.bounds import Count, Portion, Positive, bounded
from taojin.core.progress import Progress
from taojin.core.units import Floats
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.embeddings.evidence import Evidence
from taojin.embeddings.knowledge.triples import Triples, read_triples
from taojin.embeddings.query import MeanOfItems
from taojin.embeddings.seeds import HistorySeeds
from taojin.features.feature import Column, Level
from taojin.features.inputs import CategoryField, Inputs
from taojin.nn.table import Table
from taojin.nn.trainer import seeded, train
from taojin.nn.training import Training


@dataclass(frozen=True, kw_only=True)
class TransE:
    """Vectors of items and entities from facts; items without events have one, those without facts have none.

    table       name of the facts among the context tables, with columns head, relation, tail
    event       kind of event that vectors are judged by
    margin      a fact should be nearer than a corrupted one by so much
    negatives   corrupted facts for each
    decay       weight of each place of the history against the next newer one
    """

    table: str = "triples"
    event: str = "like"
    dim: Count = 64
    margin: Positive = 0.5
    negatives: Count = 8
    history: str = "history"
    decay: Portion = 0.95
    training: Training = Training(learning_rate=1e-2, batch=2048, epochs=30, drop=0.3)
    needs_clock: bool = False

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def features(self) -> tuple[str, ...]:
        return (self.history,)

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> "EntityVectors":
        """Learn until the next item of held-out users is not found better."""
        facts = read_triples(view, self.table, "TransE")
        evidence = Evidence.of(view, columns, event=self.event, history=self.history, min_count=1, seed=seed)
        with seeded(seed):
            module = Translation(facts.nodes, len(facts.relations), self.dim)
        source = Facts.of(facts, self.negatives, self.training.place())

        def validate() -> float:
            return evidence.gain(self._embedding(view, facts, module))

        def loss(batch: Corrupted) -> Tensor:
            near, far = module(batch)
            return functional.relu(self.margin + near.unsqueeze(1) - far).mean()

        # Other facts number the nodes in another order.
        train(
            module, source, loss, validate, self.training, seed=seed, name="trans_e", progress=progress, goes_on=False
        )
        return self._embedding(view, facts, module)

    def _embedding(self, view: TrainView, facts: Triples, module: "Translation") -> "EntityVectors":
        with torch.no_grad():
            nodes: Floats = functional.normalize(module.nodes.weight, dim=1).cpu().numpy()
        named = np.bincount(np.concatenate([facts.head, facts.tail]), minlength=facts.nodes) > 0
        known = named[: view.n_items]
        vectors = nodes[: view.n_items] * known[:, None]
        return EntityVectors(
            vectors,
            known,
            known & (view.counts(view.kinds.all) == 0),
            MeanOfItems(seeds=HistorySeeds(history=self.history, decay=self.decay), items=vectors),
            entities=facts.entities,
            entity_vectors=nodes[view.n_items :],
            relations=facts.relations,
            relation_vectors=module.relations.weight.detach().cpu().numpy(),
        )


@dataclass(frozen=True, kw_only=True)
class EntityVectors(Embedding):
    """Vectors of items, and of what else the facts name.

    entity_vectors      float32[E, D]   length 1, as the items'
    relation_vectors    float32[S, D]
    """

    entities: tuple[str, ...]
    entity_vectors: Floats
    relations: tuple[str, ...]
    relation_vectors: Floats


class Corrupted(NamedTuple):
    """Facts, and for each some in which the head or the tail is another.

    head, relation, tail    int64[N]
    other_head, other_tail  int64[N, K]
    """

    head: Tensor
    relation: Tensor
    tail: Tensor
    other_head: Tensor
    other_tail: Tensor


@dataclass(frozen=True)
class Facts:
    """Triples as a source of batches, int64[M] each.

    pool    int64   rows of what the facts name, which others are drawn from
    """

    head: Tensor
    relation: Tensor
    tail: Tensor
    pool: Tensor
    negatives: int

    @classmethod
    def of(cls, facts: Triples, negatives: int, device: torch.device) -> "Facts":
        """On the device of the training."""
        pool = np.unique(np.concatenate([facts.head, facts.tail]))
        head, relation, tail, named = (
            torch.from_numpy(rows).to(device) for rows in (facts.head, facts.relation, facts.tail, pool)
        )
        return cls(head, relation, tail, named, negatives)

    def __len__(self) -> int:
        return len(self.head)

    def gather(self, rows: Tensor) -> Corrupted:
        """Some facts; by a coin for each corrupted one, its head or its tail is drawn anew."""
        head, tail = self.head[rows], self.tail[rows]
        shape = (len(rows), self.negatives)
        drawn = self.pool[torch.randint(len(self.pool), shape, device=rows.device)]
        of_head = torch.rand(shape, device=rows.device) < 0.5
        return Corrupted(
            head,
            self.relation[rows],
            tail,
            torch.where(of_head, drawn, head[:, None]),
            torch.where(of_head, tail[:, None], drawn),
        )


class Translation(nn.Module):
    """Vectors of nodes and of relations."""

    def __init__(self, nodes: int, relations: int, dim: int) -> None:
        super().__init__()
        self.nodes = Table(Inputs((CategoryField("node", Level.CANDIDATE, nodes),)), dim)
        self.relations = nn.Embedding(relations, dim)
        nn.init.normal_(self.relations.weight, std=0.1)

    def forward(self, batch: Corrupted) -> tuple[Tensor, Tensor]:
        """Distances of the facts, float32[N], and of the corrupted ones, float32[N, K]."""
        relation = self.relations(batch.relation)  # [N, D]
        near = self._at(batch.head) + relation - self._at(batch.tail)
        far = self._at(batch.other_head) + relation.unsqueeze(1) - self._at(batch.other_tail)
        return near.norm(dim=1), far.norm(dim=2)

    def _at(self, nodes: Tensor) -> Tensor:
        return functional.normalize(functional.embedding(nodes, self.nodes.weight, sparse=self.nodes.sparse), dim=-1)
