"""The share of the way from popularity to the ideal, on a truth that is known."""

import numpy as np
import pytest

from taojin.core.units import PAD
from taojin.evaluation.bootstrap import Bootstrap
from taojin.evaluation.gap import expected_likes, gap_share
from taojin.evaluation.recommended import Recommended


class Parity:
    """A user likes an item of the own parity with probability 1/2, others never."""

    def expected_likes(self, user: np.ndarray, time: np.ndarray, items: np.ndarray) -> np.ndarray:
        return (0.5 * ((items % 2 == user[:, None] % 2) & (items != PAD))).sum(axis=1).astype(np.float32)

    def best(self, user, time, *, k, excluded):
        had = set(zip(*(column.tolist() for column in excluded), strict=True))
        lists = [
            [i for i in range(2, 202) if i % 2 == u % 2 and (r, i) not in had][:k] for r, u in enumerate(user.tolist())
        ]
        return np.array(lists)


def lists(items: np.ndarray) -> Recommended:
    return Recommended(items, np.zeros(items.shape))


def test_the_ideal_reaches_all_and_popularity_nothing_of_the_gap(world) -> None:
    requests = world.test.requests
    other = np.tile(np.arange(2, 14), (len(requests), 1))
    ideal = Parity().best(requests.user, requests.time, k=10, excluded=requests.past.pairs(0))
    at_best = expected_likes(Parity(), requests, funnel=lists(ideal), popular=lists(other), had=3)
    assert at_best["ideal"].tolist() == [5.0] * len(requests)
    assert at_best["popular"].tolist() == [2.5] * len(requests)
    assert gap_share(at_best, Bootstrap()).mean == pytest.approx(1)
    at_worst = expected_likes(Parity(), requests, funnel=lists(other), popular=lists(other), had=3)
    assert gap_share(at_worst, Bootstrap()).mean == pytest.approx(0)


def test_the_ideal_avoids_what_the_user_has_had(world) -> None:
    seen = {}

    class Watching(Parity):
        def best(self, user, time, *, k, excluded):
            seen["pairs"] = set(zip(*(column.tolist() for column in excluded), strict=True))
            return super().best(user, time, k=k, excluded=excluded)

    past = world.test.requests.past
    popular = lists(np.full((len(past), 10), PAD))
    expected_likes(Watching(), world.test.requests, funnel=popular, popular=popular, had=world.view.kinds.all)
    rows = [range(a, b) for a, b in zip(past.start, past.end, strict=True)]
    assert seen["pairs"] == {(r, int(past.events.item[row])) for r, some in enumerate(rows) for row in some}


def test_the_share_is_a_ratio_of_sums_not_a_mean_of_ratios() -> None:
    likes = {"popular": np.zeros(2), "funnel": np.array([1.0, 0.0]), "ideal": np.array([1.0, 9.0])}
    assert gap_share(likes, Bootstrap()).mean == pytest.approx(0.1)
