"""Vectors of several sources side by side: behaviour and content, ...

Shapes: I items in the vocabulary, D size of the joined vectors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from taojin.core.progress import Progress
from taojin.data.dataset import TrainView
from taojin.embeddings.embedding import Embedder, Embedding, unit_length
from taojin.embeddings.query import JoinedQuery
from taojin.features.feature import Column


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The inner product of two joined vectors is the weighted sum of the cosines of their parts.

    parts       embedders by name, each fitted here
    weights     of each part's cosine; 1 for those that are not named
    """

    parts: dict[str, Embedder]
    weights: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            if name not in self.parts:
                raise ValueError(f"Joined: weight of {name!r}, but the parts are {', '.join(self.parts)}")
            if weight <= 0:
                raise ValueError(
                    f"Joined: weight {weight} of {name!r}; expected a number above 0, or leave the part out"
                )

    @property
    def needs_clock(self) -> bool:
        """True if a part does."""
        return any(part.needs_clock for part in self.parts.values())

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for part in self.parts.values() for name in part.features))

    def fit(self, view: TrainView, columns: Mapping[str, Column], *, seed: int, progress: Progress) -> Embedding:
        """Fit the parts and join them."""
        found = {name: part.fit(view, columns, seed=seed, progress=progress) for name, part in self.parts.items()}
        return join(found, self.weights)


def join(parts: Mapping[str, Embedding], weights: Mapping[str, float]) -> Embedding:
    """Fitted embeddings as one; where an item has no vector in a part, the part adds nothing.

    weights     as in `Joined`
    """
    # The root on either side gives the weight in the product.
    scales = tuple(float(np.sqrt(weights.get(name, 1.0))) for name in parts)
    found = tuple(parts.values())
    vectors = [scale * unit_length(part.vectors) for scale, part in zip(scales, found, strict=True)]
    return Embedding(
        np.concatenate(vectors, axis=1, dtype=np.float32),
        np.logical_or.reduce([part.known for part in found]),
        np.logical_or.reduce([part.cold for part in found]),
        JoinedQuery(parts=tuple(part.query for part in found), scales=scales),
    )
