"""No leaks: nothing at or behind a request's time reaches it, and what feeds a ranker does not know its labels."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from taojin.core.auc import auc
from taojin.core.batch import Candidates, Requests
from taojin.core.events import Events
from taojin.core.progress import Silent
from taojin.core.units import FIRST
from taojin.data.dataset import Dataset, Log, take
from taojin.data.split import Part
from taojin.experiment.fit import Divided, fit_channels, fit_embeddings, fit_store, with_vectors
from taojin.experiment.lessons import draw_lessons, proposing, sampled_features
from taojin.experiment.samples import draw, late_moments
from taojin.features.feature import Ask
from taojin.features.materialize import Windowed, renew_windows
from taojin.features.past import Recent
from taojin.features.store import Store
from taojin.recipes.world import world_tiny
from taojin.scene import Experiment
from taojin.world.world import World

pytestmark = pytest.mark.xdist_group("proofs")


@dataclass(frozen=True)
class Fixed:
    """A source that gives a data set made by a test."""

    dataset: Dataset
    name: str = "fixed"

    def load(self, path: Path | None) -> Dataset:
        return self.dataset


@lru_cache(maxsize=1)
def small() -> tuple[Experiment, Divided]:
    experiment = replace(world_tiny(), data=World(users=200, items=200, events=10_000))
    return experiment, Divided.of(experiment, None)


@lru_cache(maxsize=1)
def fitted() -> tuple[Store, dict]:
    experiment, divided = small()
    store = fit_store(experiment.features, divided.view)
    embeddings = fit_embeddings(experiment, divided.view, store, experiment.embeddings, Silent())
    return with_vectors(store, embeddings), embeddings


def test_an_item_that_occurs_only_later_is_unreachable_for_every_channel() -> None:
    experiment, divided = small()
    dataset, log = divided.dataset, divided.dataset.log
    canary = int(np.bincount(log.events.item).argmax())
    # The most popular item of all, had its training events not been somebody else's.
    item = np.where((log.events.item == canary) & (divided.part == Part.TRAIN), FIRST, log.events.item)
    changed = replace(dataset, log=Log(log.offsets, replace_items(log.events, item)))
    view = Divided(changed, divided.part).view
    assert (changed.log.events.item == canary).sum() > 20
    store = fit_store(experiment.features, view)
    embeddings = fit_embeddings(experiment, view, store, experiment.embeddings, Silent())
    store = with_vectors(store, embeddings)
    moments = Divided(changed, divided.part).moments(Part.TEST, view.kinds.all)
    requests = replace(moments.requests, item=np.full(len(moments.requests), 5))
    for scene in experiment.scenes.values():
        for times in (None, requests.time):
            channels = fit_channels(scene, view, embeddings, seed=0, times=times)
            for name, channel in channels.items():
                rows = store.read(channel.features, requests)
                found = channel.retrieve(requests, rows, view.n_items)
                assert len(found), name
                assert canary not in found.item, name


def replace_items(events: Events, item: np.ndarray) -> Events:
    return Events(item, events.kinds, events.value, events.time)


def test_features_lists_and_histories_are_the_same_without_anything_at_or_behind_the_request() -> None:
    experiment, divided = small()
    view, (store, embeddings) = divided.view, fitted()
    scene = experiment.scenes["for_you"]
    names = tuple(name for name in store.columns if name not in embeddings)
    moments = late_moments(view, experiment.sampling, consumed=view.kinds.all, seed=0)
    for request in np.linspace(0, len(moments.requests) - 1, 6).astype(int):
        one = moments.requests[np.array([request])]
        time = int(one.time[0])
        before = replace(view, log=view.log.where(view.log.events.time < time))
        windows = {f.name for f in experiment.features if isinstance(f, Windowed)}
        specs = [f for f in experiment.features if f.name in windows]
        old = store.with_columns(dict(renew_windows(specs, {n: store.columns[n] for n in windows}, before)))
        past = before.log.before(one.user, one.time)
        asked = replace(one, past=past)
        assert take(past.events, np.arange(past.start[0], past.end[0])).item.tolist() == (
            take(one.past.events, np.arange(one.past.start[0], one.past.end[0])).item.tolist()
        )
        everything = Candidates.of(np.array([0, view.n_items - FIRST]), np.arange(FIRST, view.n_items))
        full, cut = store.read(names, one, everything), old.read(names, asked, everything)
        for name in names:
            assert np.array_equal(full[name], cut[name]), name
        hot, _ = scene.retrieval["hot"]
        lists = [hot.as_of(log_view, one.time).retrieve(one, full, 50) for log_view in (view, before)]
        assert lists[0].item.tolist() == lists[1].item.tolist()


def test_one_event_that_crosses_the_time_of_a_request_changes_features_hot_list_and_history() -> None:
    experiment, divided = small()
    view, (store, _) = divided.view, fitted()
    log, like = view.log, view.kinds.bits("like")
    liked = log.events.matching(like).position
    at = int(liked[len(liked) // 2])
    user, item, time = int(log.user[at]), int(log.events.item[at]), int(log.events.time[at])
    hour = experiment.scenes["for_you"].retrieval["hot"][0].refresh
    request_time = np.array([(time // hour + 1) * hour])
    one = np.array([user])
    answers = []
    for moved in (0, 2 * hour):
        times = log.events.time.copy()
        times[at] += moved
        owner = log.user
        shifted = replace(
            view,
            log=Log.of(owner, Events(log.events.item, log.events.kinds, log.events.value, times), view.n_users),
        )
        specs = [f for f in experiment.features if isinstance(f, Windowed)]
        columns = renew_windows(specs, {f.name: store.columns[f.name] for f in specs}, shifted)
        past = shifted.log.before(one, request_time)
        requests = Requests(one, one * 0, request_time, one.astype(np.uint64), past)
        candidates = Candidates.of(np.array([0, 1]), np.array([item]))
        rows = store.with_columns(dict(columns)).read(("item_likes", "history", "user_likes"), requests, candidates)
        hot = experiment.scenes["for_you"].retrieval["hot"][0].as_of(shifted, request_time)
        found = hot.retrieve(requests, rows, view.n_items)
        answers.append((rows, dict(zip(found.item.tolist(), found.found[:, 0].tolist(), strict=True))))
    (here, hot_here), (gone, hot_gone) = answers
    assert here["item_likes"][0, 0] > gone["item_likes"][0, 0]
    assert here["user_likes"][0, 0] > gone["user_likes"][0, 0]
    assert item in here["history"][0, :, 0]
    assert here["history"][0, :, 0].tolist() != gone["history"][0, :, 0].tolist()
    assert hot_here[item] > hot_gone.get(item, 0.0)


def test_a_feature_about_the_future_raises_no_auc() -> None:
    """Each judged like is followed by a planted event; whoever could see it would tell every label."""
    view = small()[1].view
    log, like = view.log, view.kinds.bits("like")
    rate = np.uint32(view.kinds.bits("rate"))
    liked = log.events.matching(like).position
    kinds = replace(view.kinds, names=(*view.kinds.names, "leak"))
    planted = log.events.time[liked] + 1
    owner = np.concatenate([log.user, log.user[liked]])
    events = Events(
        np.concatenate([log.events.item, log.events.item[liked]]),
        np.concatenate([log.events.kinds, np.full(len(liked), kinds.bits("leak"), np.uint32)]),
        np.concatenate([log.events.value, np.full(len(liked), np.nan, np.float32)]),
        np.concatenate([log.events.time, planted]),
    )
    leaky = replace(view, kinds=kinds, log=Log.of(owner, events, view.n_users))
    column = Recent(name="leaks", event="leak", length=200).fit(leaky, fitted()[0].columns)
    rated = np.flatnonzero(log.events.kinds & rate)
    past = leaky.log.before(log.user[rated], log.events.time[rated])
    zero = np.zeros(len(rated), np.int64)
    requests = Requests(log.user[rated], zero, log.events.time[rated], zero.astype(np.uint64), past)
    seen = column.read(Ask(requests, None, {}))[:, :, 0]
    told = (seen == log.events.item[rated][:, None]).any(axis=1)
    label = (log.events.kinds[rated] & np.uint32(like)) != 0
    assert auc(label.astype(np.float32), told.astype(np.float32)) == pytest.approx(0.5, abs=0.01)
    later = replace(requests, past=leaky.log.before(log.user[rated], log.events.time[rated] + 2))
    seen = column.read(Ask(later, None, {}))[:, :, 0]
    told = (seen == log.events.item[rated][:, None]).any(axis=1)
    assert auc(label.astype(np.float32), told.astype(np.float32)) > 0.9, "a peep of two milliseconds would tell"


def mean_place(samples: object) -> float:
    """How far in front item CF has the liked rows: mean of 1 / log2(1 + place)."""
    return float(samples.rows.candidate["by_item_cf"][samples.labels[:, 0] > 0, 0].mean())  # type: ignore[attr-defined]


def test_what_feeds_the_ranker_has_not_seen_its_labels() -> None:
    """Item CF puts what users will like as far in front on training rows as on validation rows; if it had been fitted
    on the training rows themselves, it would put it much further in front."""
    experiment, divided = small()
    view, (store, embeddings) = divided.view, fitted()
    lessons = draw_lessons(experiment, divided, store, embeddings, Silent())
    moments = late_moments(view, experiment.sampling, consumed=view.kinds.all, seed=experiment.seed)
    knowing = proposing(experiment, view, store, embeddings, moments)
    leaky = draw(knowing, moments, experiment.sampling, view.kinds, names=sampled_features(experiment), seed=1).samples
    honest, judged, knows = mean_place(lessons.train), mean_place(lessons.valid), mean_place(leaky)
    assert knows > 1.2 * honest
    assert abs(honest - judged) < 0.5 * (knows - judged)
