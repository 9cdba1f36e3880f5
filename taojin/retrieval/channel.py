"""What a channel's spec promises."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from taojin.core.stages import Retriever
from taojin.core.units import Ints
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding


@runtime_checkable
class Channel(Protocol):
    """A spec of a retriever: fitted on the training split, served from the bundle."""

    @property
    def needs_clock(self) -> bool:
        """True if it means nothing on data whose clock is ORDER."""
        ...

    @property
    def embeddings(self) -> tuple[str, ...]:
        """Names of the experiment's embeddings that it reads."""
        ...

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Retriever:
        """What is served: the state at the end of the view."""
        ...


@runtime_checkable
class TimedChannel(Channel, Protocol):
    """A channel whose lists move with time; evaluation asks for their state as of each request."""

    def as_of(self, view: TrainView, times: Ints) -> Retriever:
        """The lists as they stood at each of these times (rounded down to the channel's refresh)."""
        ...
