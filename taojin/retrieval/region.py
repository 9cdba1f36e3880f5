"""Channel: what people of the same region like."""

from collections.abc import Mapping
from dataclasses import dataclass

from taojin.core.bounds import Count, bounded
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.retrieval.segments import Segments
from taojin.retrieval.serve.lists import Lists


@dataclass(frozen=True, kw_only=True)
class Region:
    """The most liked items of the user's region: where the request comes from, else where the user is at home.

    columns     columns of the users from coarse to fine, such as country, city; and names of the request's context
    at_least    of regions with fewer events the next coarser one is taken
    """

    columns: tuple[str, ...] = ("region",)
    event: str = "like"
    at_least: Count = 100
    longest: Count = 1000
    needs_clock: bool = False
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounded(self)

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Lists:
        """Regions are segments of the users."""
        segments = Segments(columns=self.columns, event=self.event, at_least=self.at_least, longest=self.longest)
        return segments.fit(view, embeddings, seed=seed)
