"""What a user has had before, as it stands in the request.

Shapes: R requests, L events that are looked at.
"""

from dataclasses import dataclass

import numpy as np

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.units import PAD
from taojin.retrieval.serve.best import Combine, propose


@dataclass(frozen=True, kw_only=True)
class Had:
    """The items of each request's last events, those of several events and of late ones first.

    kinds   bits of the kinds of event
    length  so many events are looked at
    """

    kinds: int
    length: int

    @property
    def features(self) -> tuple[str, ...]:
        """None: the past is part of the request."""
        return ()

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        """At most k items per request."""
        items = requests.past.items(self.kinds, self.length)  # [R, L]
        request, place = np.nonzero(items != PAD)
        score = (1 / (self.length - place)).astype(np.float32)
        return propose(requests, request, items[request, place], score, k=k, combine=Combine.SUM)
