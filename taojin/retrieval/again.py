"""Channel: what the user has had lately, for shops to which people come back for the same things.

A user's own past is the strongest candidate for what is bought or watched next where repetition is common: Anderson,
Kumar, Tomkins and Vassilvitskii, "The dynamics of repeat consumption", WWW 2014, https://doi.org/10.1145/2566486.2568018
"""

from collections.abc import Mapping
from dataclasses import dataclass

from taojin.core.bounds import Count, bounded
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedding
from taojin.retrieval.serve.again import Had


@dataclass(frozen=True, kw_only=True)
class Again:
    """Items of the user's last `length` events: the sum over them of 1 / (1 + how many came after).

    events  kinds of event that count
    """

    events: tuple[str, ...] = ("like",)
    length: Count = 100
    needs_clock: bool = False
    embeddings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounded(self)
        if not self.events:
            raise ValueError('Again.events: expected one kind or more, such as ("buy",); got none')

    def fit(self, view: TrainView, embeddings: Mapping[str, Embedding], *, seed: int) -> Had:
        """There is nothing to learn."""
        return Had(kinds=view.kinds.bits(*self.events), length=self.length)
