"""What a user had comes again, the latest and the most frequent first."""

from dataclasses import replace

import numpy as np
import pytest

from taojin.core.units import FIRST
from taojin.retrieval.again import Again


def test_the_score_is_the_sum_over_events_of_one_by_how_many_came_after(parity) -> None:
    view, kinds = parity.view, parity.view.kinds
    requests, rows = parity.ask([], [], [], user=[2, 3, 1])
    requests = replace(requests, past=view.log.before(requests.user, requests.time))
    for events, length in ((("like",), 5), (("like", "rate"), 100)):
        found = Again(events=events, length=length).fit(view, {}, seed=0).retrieve(requests, rows, 1_000)
        for request, user in enumerate((2, 3, 1)):
            at = slice(view.log.offsets[user], view.log.offsets[user + 1])
            of = (view.log.events.kinds[at] & kinds.bits(*events)) != 0
            expected: dict[int, float] = {}
            for after, item in enumerate(view.log.events.item[at][of][::-1][:length]):
                expected[int(item)] = expected.get(int(item), 0.0) + 1 / (1 + after)
            here = slice(found.offsets[request], found.offsets[request + 1])
            assert dict(zip(found.item[here].tolist(), found.found[here, 0], strict=True)) == pytest.approx(expected)
            assert (np.diff(found.found[here, 0]) <= 0).all()


def test_what_may_not_be_shown_is_left_out(parity) -> None:
    view = parity.view
    allowed = np.ones(view.n_items, np.bool_)
    item = int(view.log.events.item[view.log.offsets[3] - 1])
    allowed[item] = False
    requests, rows = parity.ask([], user=[2], allowed=allowed)
    requests = replace(requests, past=view.log.before(requests.user, requests.time))
    found = Again(events=view.kinds.names).fit(view, {}, seed=0).retrieve(requests, rows, 1_000)
    assert item not in found.item and (found.item >= FIRST).all()


def test_no_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Again.events: expected one kind or more, such as \(\"buy\",\); got none"):
        Again(events=())
