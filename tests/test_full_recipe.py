"""The whole recipe on ml-latest-small: the locks against training-serving skew, on hundreds of requests."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from taojin.bundle.bundle import same_within
from taojin.core.batch import Candidates, Requests
from taojin.data.split import Part
from taojin.experiment.evaluate import Offline
from taojin.experiment.train import requests_now
from taojin.live.sqlite import SQLiteStore
from taojin.serving.intake import Intake, Posted
from taojin.serving.recommender import Recommender

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("full")]


@pytest.fixture(scope="module")
def offline(small_run: Path) -> Offline:
    return Offline.load(small_run)


def everyone_now(offline: Offline) -> Requests:
    """A request of every user at the time of the bundle's snapshot."""
    history = offline.bundle.history
    users = np.flatnonzero(np.diff(history.offsets))
    requests = requests_now(history, users, users * 0, offline.bundle.fitted)
    return replace(requests, time=np.full(len(users), offline.view.end))


def test_a_batch_equals_its_requests_one_by_one(offline: Offline) -> None:
    pipeline = offline.pipeline("for_you", Part.TEST)
    requests = offline.divided.moments(Part.TEST, pipeline.consumed).requests
    assert len(requests) >= 500
    together = pipeline.recommend(requests)
    for r in range(len(requests)):
        rows = slice(together.offsets[r], together.offsets[r + 1])
        part = Candidates.of(np.array([0, rows.stop - rows.start]), together.item[rows])
        single = pipeline.recommend(requests[np.array([r])])
        assert same_within(part.with_score("final", together.scores["final"][rows]), single, 1e-5), r


def test_the_service_answers_as_evaluation_does(offline: Offline) -> None:
    """The snapshot in the bundle against the as-of store at the snapshot's time, moving lists included."""
    requests = everyone_now(offline)
    assert len(requests) >= 500
    served = replace(offline.bundle.scenes["for_you"], strict=True)
    spec = offline.experiment.scenes["for_you"].retrieval["hot"][0]
    judged = offline.pipeline("for_you", Part.TEST)
    judged = replace(judged, channels={**judged.channels, "hot": spec.fit(offline.view, {}, seed=0)})
    assert same_within(judged.recommend(requests), served.recommend(requests), 1e-5)


def test_golden_requests_are_answered_as_at_training(offline: Offline) -> None:
    offline.bundle.replay()


def test_events_told_one_by_one_become_the_history_that_training_saw(offline: Offline, tmp_path: Path) -> None:
    """The live path, from posted events to a past, against the rows of the log; and the same recommendations."""
    bundle = offline.bundle
    last = int(bundle.history.events.time.max())
    store = SQLiteStore(tmp_path / "live.sqlite")
    intake = Intake(bundle.kinds, store, clock=lambda: last)
    recommender = Recommender(bundle, store, clock=lambda: last)
    users = np.flatnonzero(np.diff(bundle.history.offsets))[::30]
    for user in users:
        rows = np.arange(bundle.history.offsets[user], bundle.history.offsets[user + 1])
        events = bundle.history.events
        posts = [
            Posted(
                user=f"again {user}",
                item=bundle.item_vocabulary.id(int(events.item[row])),
                event="rate",
                value=float(events.value[row]),
                time=int(events.time[row]),
            )
            for row in rows
        ]
        for start in range(0, len(posts), 500):
            intake.take(posts[start : start + 500])
        past, _ = recommender.past(f"again {user}").before(last + 1)
        told, known = past.events, slice(past.start[0], past.end[0])
        order = np.lexsort((told.item[known], told.time[known]))
        for column in ("item", "kinds", "value", "time"):
            assert np.array_equal(getattr(told, column)[known][order], getattr(events, column)[rows]), column
    store.close()
