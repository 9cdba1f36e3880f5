"""What is shown because somebody decided so, while it runs.

Shapes: R requests, M rows of all campaigns.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.units import Ints
from taojin.retrieval.serve.best import Combine, propose


@dataclass(frozen=True, kw_only=True)
class Campaigns:
    """Proposes the items of the campaigns that run at the time of the request, first row first.

    item    int64[M]
    slot    int16[M]    forced place in the shown list, from 0; -1 for none
    start   int64[M]    milliseconds
    stop    int64[M]
    """

    item: Ints
    slot: NDArray[np.int16]
    start: Ints
    stop: Ints
    features: tuple[str, ...] = ()

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        """At most k items per request, each by its first running row; no later cut drops those with a slot."""
        time = requests.time[:, None]
        request, row = np.nonzero((self.start <= time) & (time < self.stop))
        score = (len(self.item) - row).astype(np.float32)
        found = propose(requests, request, self.item[row], score, k=k, combine=Combine.MAX)
        slot = self.slot[len(self.item) - found.found[:, 0].astype(np.int64)]
        return replace(found, slot=slot, keep=slot >= 0)
