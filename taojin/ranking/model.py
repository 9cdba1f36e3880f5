"""A ranking model: fields -> interests -> crosses -> head, whatever the parts.

Shapes: N rows, R = 1 or N requests, F fields, D vector size, L history length, H history columns, T tasks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from taojin.core.auc import aucs
from taojin.core.bounds import Positive, Whole, bounded
from taojin.core.hint import did_you_mean
from taojin.core.progress import Progress
from taojin.core.units import Floats
from taojin.features.feature import Column, Level
from taojin.features.inputs import Inputs
from taojin.nn.activation import Dice
from taojin.nn.batch import Batch, Labelled, LabelledColumns
from taojin.nn.export import to_onnx
from taojin.nn.samples import Samples
from taojin.nn.size import check_size, largest
from taojin.nn.table import START_DEVIATION, Table
from taojin.nn.trainer import seeded, train, whole
from taojin.nn.training import Training
from taojin.ranking.crosses.beside import Beside
from taojin.ranking.crosses.decay import Decayed
from taojin.ranking.heads.single import Single
from taojin.ranking.interests.over import looking
from taojin.ranking.lesson import Lesson
from taojin.ranking.objective import Objective
from taojin.ranking.onnx import OnnxRanker
from taojin.ranking.parts import Cross, Embedded, Fields, Head, Interest, build_head
from taojin.ranking.start import check_field, vectors_of_codes

BLOCK = 16_384
"""Rows that are validated at once."""


@dataclass(frozen=True, kw_only=True)
class RankingModel:
    """A spec of a ranker; `zoo.py` has the named ones.

    crosses     side by side over the fields and what the interests return
    dim         size of the fields' vectors; 0: none are shared, for models whose parts own all they need
    deviation   standard deviation of these vectors before training
    features    names of the features it reads; empty: all that the experiment declares, without a history if there is
                no interest
    start       a model that is fitted first, on the same rows; this one begins with its shared vectors
    vectors     name of an item's category -> embedding, as long as `dim`, whose vectors its table begins with
    objective   what several tasks, and their positive rows, count
    chosen_by   what is best on the validation rows in the epoch that is kept: the loss, which asks for probabilities,
                or the mean AUC of the tasks, which asks for the order alone
    training    tables by row-wise Adagrad whatever their size: on MovieLens-1M DIN's validation AUC is 0.007 better
                than by Adam, Wide & Deep's the same, DeepFM's 0.002 worse
    """

    crosses: tuple[Cross, ...]
    interests: tuple[Interest, ...] = ()
    head: Head = Single()
    dim: Whole = 16
    deviation: Positive = START_DEVIATION
    features: tuple[str, ...] = ()
    start: "RankingModel | None" = None
    vectors: Mapping[str, str] = field(default_factory=dict)
    objective: Objective = Objective()
    chosen_by: Literal["loss", "auc"] = "loss"
    training: Training = Training(sparse=True)

    def __post_init__(self) -> None:
        bounded(self)
        if not self.crosses:
            raise ValueError("ranking: a model needs at least one cross, such as MLP((256, 128)); got none")
        if self.start is not None and not isinstance(self.start, RankingModel):
            raise ValueError(f"RankingModel.start: expected RankingModel; got {self.start!r}")
        twice = next((name for name in self.features if self.features.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"RankingModel.features: {twice!r} is there twice")
        if self.start is not None and (self.start.features or self.start.vectors):
            raise ValueError(
                "RankingModel.start: it learns from what the model reads; leave out its features and vectors"
            )
        if self.start is not None and self.start.dim != self.dim:
            raise ValueError(f"ranking: `start` has vectors of size {self.start.dim}, the model of size {self.dim}")
        if self.vectors and not self.features:
            raise ValueError("ranking: `vectors` begins some of the `features`; name all that the model reads")

    @property
    def embeddings(self) -> tuple[str, ...]:
        """None: what it reads of them are features."""
        return ()

    @property
    def starts(self) -> tuple[str, ...]:
        """Names of the embeddings it begins with."""
        return tuple(dict.fromkeys(self.vectors.values()))

    def inputs(self, columns: Mapping[str, Column]) -> Inputs:
        """The fields that the network reads out of fitted columns."""
        for name in self.features:
            if name not in columns:
                raise ValueError(f"ranking: feature {name!r} is not declared; {did_you_mean(name, columns)}")
        return self._of(Inputs.of(columns[name] for name in self.features or columns))

    def check(self, columns: Mapping[str, Column], tasks: tuple[str, ...]) -> None:
        """Build the network without memory for its weights, so that parts that do not fit are refused."""
        for name in self.vectors:
            check_field(name, columns)
        self._check_inputs(self.inputs(columns), tasks)

    def _check_inputs(self, inputs: Inputs, tasks: tuple[str, ...]) -> None:
        self._check_size(inputs, tasks)
        if self.start is not None:
            self.start._check_inputs(self.start._of(inputs), tasks)

    def _of(self, inputs: Inputs) -> Inputs:
        """What it reads of a model's inputs that begins with its vectors."""
        return inputs if self.interests else inputs.without_history()

    def _check_size(self, inputs: Inputs, tasks: tuple[str, ...]) -> None:
        """Refuse what cannot be built, or not in this memory, or not served."""
        try:
            with torch.device("meta"):
                network = Network(self, inputs, tasks)
        except (RuntimeError, OverflowError, MemoryError) as error:
            raise ValueError(f"ranking: no network of these sizes can be built, {error}; take smaller ones") from error
        check_size(network, self.training, "ranking", largest(inputs.categories))

    def fit(self, lesson: Lesson) -> OnnxRanker:
        """Learn from labelled rows and keep the epoch that is best on the validation rows."""
        lesson.check("ranking")
        train, valid = lesson.train, lesson.valid
        if self.chosen_by == "auc":
            aucs(valid.labels, valid.labels, valid.tasks)
        begin = {
            field: vectors_of_codes(field, lesson.columns, lesson.embeddings[embedding])
            for field, embedding in self.vectors.items()
        }
        network = self.learn(
            self.inputs(lesson.columns), train, valid, seed=lesson.seed, progress=lesson.progress,
            checkpoint=lesson.checkpoint, begin=begin, called=lesson.name,
        )  # fmt: skip
        return network.ranker()

    def learn(
        self,
        inputs: Inputs,
        train_samples: Samples,
        valid: Samples,
        *,
        seed: int,
        progress: Progress,
        checkpoint: Path | None = None,
        begin: Mapping[str, Floats] | None = None,
        called: str = "",
    ) -> "Network":
        """The trained network, in eval mode.

        called  its name in progress; its parts where there is none
        begin   what the codes of a category begin with, float32[size, D] by its name; zeros are left to chance
        """
        device = self.training.place()
        self._check_size(inputs, train_samples.tasks)
        with seeded(seed):
            network = Network(self, inputs, train_samples.tasks)
        if self.start is not None and network.table is not None:
            early = checkpoint.with_name(f"start.{checkpoint.name}") if checkpoint else None
            first = self.start.learn(
                self.start._of(inputs), train_samples, valid, seed=seed, progress=progress, checkpoint=early
            )
            assert first.table is not None, "the sizes of the vectors are the same"
            network.table.load_state_dict(first.table.state_dict())
        for name, rows in (begin or {}).items():
            network.begin(name, rows)
        source = LabelledColumns.pack(inputs, train_samples, device)
        judged = LabelledColumns.pack(inputs, valid, device)

        def loss(rows: Labelled) -> Tensor:
            logits, extra = network.learned(rows.batch)
            return network.objective(logits, rows.labels, rows.weight) + extra

        def validate() -> float:
            blocks = torch.arange(len(judged), device=device).split(BLOCK)
            pieces = [piece for block in blocks for piece in judged.pieces(block)]
            if self.chosen_by == "auc":
                return mean_auc(judged.gather(piece) for piece in pieces)
            return -sum(float(loss(judged.gather(piece))) * len(piece) for piece in pieces) / len(judged)

        def mean_auc(pieces: Iterable[Labelled]) -> float:
            said = [(network(rows.batch).float().cpu(), rows.labels.cpu()) for rows in pieces]
            logits, labels = (torch.cat(whole).numpy() for whole in zip(*said, strict=True))
            return float(np.mean(list(aucs(labels, logits, train_samples.tasks).values())))

        name = called or " + ".join(type(part).__name__ for part in (*self.interests, *self.crosses))
        together = any(isinstance(part, Dice) for part in network.modules())  # what rows say depends on the others
        train(
            network, source, loss, validate, self.training, seed=seed, name=name, progress=progress,
            checkpoint=checkpoint, pieces=whole if together else source.pieces,
        )  # fmt: skip
        return network


class Network(nn.Module):
    """The torch module of a ranking model: logits float32[N, T] of a batch with R = 1 or N."""

    def __init__(self, spec: RankingModel, inputs: Inputs, tasks: tuple[str, ...]) -> None:
        super().__init__()
        self.inputs, self.tasks = inputs, tasks
        self.table = Table(inputs, spec.dim, spec.deviation) if spec.dim else None
        fields = Fields(inputs, inputs.names_of_sides, spec.dim, inputs.side(Level.REQUEST).names)
        interests = [looking(interest, fields) for interest in spec.interests]
        self.interests = nn.ModuleList(interests)
        extra = {f"interest.{i}.{k}": part for i, part in enumerate(interests) for k in range(part.count)}
        shared = (name for name, part in extra.items() if part.of_request)
        fields = replace(fields, names=(*fields.names, *extra), of_request=(*fields.of_request, *shared))
        self.crosses = Beside(spec.crosses).build(fields)
        self.head = build_head(spec.head, self.crosses.widths, len(tasks))
        self.objective = spec.objective.build(tasks)

    def begin(self, name: str, rows: Floats) -> None:
        """Let the vectors of a category begin with those of its codes that are not zero, float32[size, D]."""
        if self.table is None or rows.shape[1] != self.table.dim:
            own = 0 if self.table is None else self.table.dim
            raise ValueError(
                f"ranking: vectors for {name!r} are of size {rows.shape[1]}, the model's of size {own}; "
                "fit the embedding with `dim` as the model has it"
            )
        self.table.fill(name, torch.from_numpy(rows))

    def forward(self, batch: Batch) -> Tensor:
        """Logits, float32[N, T]."""
        return self.learned(batch)[0]

    def learned(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Logits, float32[N, T], and what the parts add to the loss, a scalar."""
        blocks, extra = self._blocks(batch)
        logits: Tensor = self.head(self.crosses(Embedded(blocks, batch)))
        penalties = [part.penalty() for part in self.modules() if isinstance(part, Decayed)] if self.training else []
        return logits, sum((torch.as_tensor(part) for part in [*extra, *penalties]), start=logits.new_zeros(()))

    def _blocks(self, batch: Batch) -> tuple[tuple[Tensor, ...], list[Tensor | float]]:
        """What the crosses read, and what the interests add to the loss."""
        if self.table is None:
            return (), []
        vectors = self.table(batch)
        blocks = [side for side in (vectors.request, vectors.item) if side.shape[1]]
        extra: list[Tensor | float] = []
        for interest in self.interests:
            found, loss = interest(vectors, batch)
            blocks.append(found)
            extra.append(loss)
        return tuple(blocks), extra

    def ranker(self) -> OnnxRanker:
        """The network as it is served."""
        return OnnxRanker(_export(self), self.inputs, self.tasks, self.inputs.names)


class _Probabilities(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, *batch: Tensor) -> Tensor:
        probabilities: Tensor = self.network(Batch(*batch)).sigmoid()
        return probabilities


def _export(network: Network) -> bytes:
    """A graph whose request side has 1 row or as many as the item side, and whose history may be short."""
    inputs = network.inputs
    slots = {level: sum(f.values for f in inputs.categories if f.level == level) for level in Level}
    widths = {level: sum(f.width for f in inputs.numbers if f.level == level) for level in Level}
    places = max((history.length for history in inputs.histories), default=0)
    columns = len(inputs.history_columns)
    example = Batch(
        torch.zeros(1, slots[Level.REQUEST], dtype=torch.int64),
        torch.zeros(2, slots[Level.CANDIDATE], dtype=torch.int64),
        torch.zeros(1, widths[Level.REQUEST]),
        torch.zeros(2, widths[Level.CANDIDATE]),
        torch.zeros(1, places, columns, dtype=torch.int64),
    )
    return to_onnx(
        _Probabilities(network),
        example,
        inputs=Batch._fields,
        outputs=("probability",),
        dynamic={
            "request": {0: "requests"},
            "item": {0: "rows"},
            "request_numbers": {0: "requests"},
            "item_numbers": {0: "rows"},
            "history": {0: "requests", 1: "places"},
            "probability": {0: "rows"},
        },
    )
