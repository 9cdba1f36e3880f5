"""What a recipe's `models` are: specs of rankers, for pre-ranking and ranking alike."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from taojin.core.stages import Ranker
from taojin.features.feature import Column
from taojin.ranking.lesson import Lesson


@runtime_checkable
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

    def fit(self, lesson: Lesson) -> Ranker:
        """Learn from labelled rows, choosing on the validation rows."""
        ...
