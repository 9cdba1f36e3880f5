"""What channels share that answer from items: those of a user's history, or the one that a `similar` scene names."""

from dataclasses import dataclass
from typing import ClassVar

from taojin.core.bounds import Portion, bounded
from taojin.embeddings.seeds import Of, Seeds, seeds


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """Settings of where a request starts; a channel is a subclass.

    of          "user": the history of who asks; "item": the item that the request starts from
    history     name of the feature that holds it
    decay       weight of each place of the history against the next newer one
    """

    of: Of = "user"
    history: str = "history"
    decay: Portion = 1.0
    embeddings: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        bounded(self)

    @property
    def seeds(self) -> Seeds:
        """What finds those items."""
        return seeds(self.of, history=self.history, decay=self.decay)
