"""Rule: never show what the operator has blocked."""

from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.units import Mask
from taojin.data.dataset import TrainView


@dataclass(frozen=True, kw_only=True)
class Blocked:
    """Remove these items (external ids)."""

    items: tuple[str, ...] = ()
    needs_clock: bool = False

    def fit(self, view: TrainView) -> "Permitted":
        """Look the ids up; one that the data does not have is an error: a typo would show what must not be shown."""
        for item in self.items:
            if item not in view.item_vocabulary:
                raise ValueError(f"rule Blocked: the data has no item {item!r}; check the id")
        allowed = np.ones(view.n_items, np.bool_)
        allowed[view.item_vocabulary.rows(self.items)] = False
        return Permitted(allowed)


@dataclass(frozen=True)
class Permitted:
    """Keeps what a mask over the catalogue permits.

    allowed     bool[I]
    """

    allowed: Mask
    must: bool = True
    features: tuple[str, ...] = ()

    def keep(self, requests: Requests, candidates: Candidates, rows: Rows) -> Mask:
        """The mask at the candidates' items."""
        return self.allowed[candidates.item]

    def forbids(self, requests: Requests) -> Mask | None:
        """All that it does not permit."""
        return ~self.allowed

    def removes(self, requests: Requests) -> int:
        """Nothing else."""
        return 0
