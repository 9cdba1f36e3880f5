"""What a recipe's `models` are: specs of rankers, for pre-ranking and ranking alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from taojin.core.progress import Progress
from taojin.core.stages import Ranker
from taojin.embeddings.embedding import Embedding
from taojin.features.feature import Column
from taojin.nn.samples import Samples


class Model(Protocol):
    """A spec of a ranker."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features it reads; empty: every one that the experiment declares."""
        ...

    @property
    def embeddings(self) -> tuple[str, ...]:
        """Names of the embeddings it reads."""
        ...

    @property
    def starts(self) -> tuple[str, ...]:
        """Names of the embeddings that it begins with."""
        ...

    def check(self, columns: Mapping[str, Column], tasks: tuple[str, ...]) -> None:
        """Refuse what cannot be built for these columns and tasks, before anything is trained; ValueError."""
        ...

    def fit(
        self,
        train: Samples,
        valid: Samples,
        columns: Mapping[str, Column],
        embeddings: Mapping[str, Embedding],
        *,
        seed: int,
        progress: Progress,
        checkpoint: Path | None = None,
    ) -> Ranker:
        """Learn from labelled rows, choosing on the validation rows.

        embeddings  those of `starts`, as they were before the rows: none knows their labels
        """
        ...
