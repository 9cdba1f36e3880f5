"""What a ranker learns from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from taojin.core.progress import Progress, Silent
from taojin.embeddings.embedding import Embedding
from taojin.features.feature import Column
from taojin.nn.samples import Samples


@dataclass(frozen=True)
class Lesson:
    """Labelled rows, what stands in them, and the terms of the fit.

    train, valid    rows of the same tasks; choices are made on `valid`
    columns         what the names of the features stand for
    embeddings      those of the model's `starts`, as they were before the rows: none knows their labels
    served          the rows of `valid` as they would be served, where features know more than that; None: they do not
    checkpoint      file from which a killed training goes on
    name            what progress calls the model
    """

    train: Samples
    valid: Samples
    columns: Mapping[str, Column]
    embeddings: Mapping[str, Embedding] = field(default_factory=dict)
    seed: int = 0
    progress: Progress = field(default_factory=Silent)
    served: Samples | None = None
    checkpoint: Path | None = None
    name: str = ""

    def check(self, who: str) -> None:
        """Refuse validation rows of other tasks, or none, and labels that teach nothing; ValueError."""
        if self.train.tasks != self.valid.tasks:
            raise ValueError(f"{who}: expected validation rows with tasks {self.train.tasks}, got {self.valid.tasks}")
        if not len(self.valid):
            raise ValueError(f"{who}: expected validation rows, got none; take a larger validation share")
        self.train.check_labels(who)
