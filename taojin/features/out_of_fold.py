"""Statistics of items on data without a clock between users, from other users than the one who learns from them.

On such data "before" means nothing between users, so a statistic of an item must be taken over all training events.
Taken plainly it contains the row's own label. The common remedy, leaving the row's own event out, is worse than it
looks: within an item it is the total minus the label, so it *orders the item's rows by their labels exactly*, and a
model that can tell items apart reads the label off it. Here whole folds of users are left out. What remains of the
leak is the share of one label in its fold's sum: with m users of a fold per item the correlation within an item is
about -1 / sqrt(m) instead of -1, and `strength` damps it for items with few events.

Micci-Barreca, SIGKDD Explorations 2001, https://doi.org/10.1145/507533.507538 (target statistics)
Prokhorenkova et al., NeurIPS 2018, https://arxiv.org/abs/1706.09516 (why leaving one out leaks)
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from taojin.core.units import FOREVER, Floats
from taojin.data.dataset import TrainView
from taojin.data.engine import DuckDB, Engine
from taojin.features.encode import Scale
from taojin.features.feature import Column
from taojin.features.materialize import totals
from taojin.features.snapshot import OutOfFoldValues, fold
from taojin.features.windows import Count, Rate, Statistic


@dataclass(frozen=True, kw_only=True)
class OutOfFold:
    """The statistic `of`, without time: over the other folds' users in training, over everybody afterwards.

    Counts of a part of the users are scaled to all of them, and the strength of a rate is scaled down to the part.
    """

    of: Count | Rate | Statistic
    folds: int = 5
    needs_clock: bool = False

    def __post_init__(self) -> None:
        if self.of.window != FOREVER:
            raise ValueError(f"feature {self.name!r}: out of fold there is no time; its window must be FOREVER")
        if self.of.entity != "item":
            raise ValueError(f"feature {self.name!r}: the other folds hold nothing of a user; use `Past` for users")
        if self.folds < 2:
            raise ValueError(f"feature {self.name!r}: at least 2 folds, got {self.folds}")

    @property
    def name(self) -> str:
        """The statistic's name."""
        return self.of.name

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> OutOfFoldValues:
        """Take the statistic without each fold and over everybody; scale by what training rows will read."""
        empty, belongs = self.of.empty(view), fold(view.log.user, self.folds)
        read = (view.log.events.kinds & np.uint32(self.of.reads(view.kinds))) != 0
        engine, values = DuckDB(), []
        for left_out in range(self.folds + 1):  # the last leaves out nobody
            others = belongs != left_out
            share = (others & read).sum() / max(read.sum(), 1)
            if not share:
                raise ValueError(
                    f"feature {self.name!r}: fewer than two of {self.folds} folds have users with such events; "
                    "there is too little data to learn it from"
                )
            values.append(self._totals(replace(view, log=view.log.where(others)), share, empty, engine))
        table = np.stack(values)  # [K + 1, E]
        scale = Scale.fit(table[belongs, view.log.events.item], log=self.of.log)
        return OutOfFoldValues(self.name, table, empty, scale)

    def _totals(self, view: TrainView, share: float, empty: float, engine: Engine) -> Floats:
        """Values float32[E] of a share of the events, made comparable to those of all."""
        match self.of:
            case Rate(strength=strength):
                return totals(replace(self.of, strength=strength * share), view, empty, engine)
            case Count():
                return totals(self.of, view, empty, engine) / np.float32(share)
            case Statistic():
                return totals(self.of, view, empty, engine)
