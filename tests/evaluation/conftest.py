"""A small data set with a planted taste (even users like even items), and a funnel of fakes that partly knows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.events import Events
from taojin.core.formula import Formula
from taojin.core.stages import NOTHING
from taojin.core.units import DAY, FIRST, Floats, Mask
from taojin.data.dataset import Clock, Dataset, Log, TrainView
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary
from taojin.evaluation.cases import Cases, cases
from taojin.pipeline import Pipeline
from taojin.rules.already_seen import NotConsumed
from taojin.scene import Cutoffs

USERS, ITEMS, EVENTS = 70, 200, 24
KINDS = Kinds(("rate", "like"))
LIKE = KINDS.bits("like")
TRAIN, VALID, TEST = 0, 1, 2


@dataclass(frozen=True)
class Planted:
    """The data set and its parts by each user's time: 16 events to learn from, 4 for validation, 4 for the test."""

    dataset: Dataset
    part: np.ndarray
    view: TrainView
    valid: Cases
    test: Cases


def planted(seed: int = 0, clock: Clock = Clock.REAL) -> Planted:
    """Users rate items of their own parity more often, and like them; low items are more popular."""
    random = np.random.default_rng(seed)
    user = np.repeat(np.arange(FIRST, USERS + FIRST), EVENTS)
    popular = 1 / np.arange(3, ITEMS + 3)
    item = np.concatenate([_items(u, popular, random) for u in range(FIRST, USERS + FIRST)])
    same = (user % 2) == (item % 2)
    kinds = np.where(same & (random.random(len(user)) < 0.9), LIKE, 0) | KINDS.bits("rate")
    order = np.tile(np.arange(EVENTS), USERS)
    time = order if clock is Clock.ORDER else order * DAY + random.integers(0, DAY // 2, len(user)) + user * DAY
    log = Log.of(user, Events(item, kinds.astype(np.uint32), np.ones(len(item), np.float32), time), USERS + FIRST)
    part = np.where(order < 16, TRAIN, np.where(order < 20, VALID, TEST)).astype(np.uint8)
    names, titles = tuple(f"u{n}" for n in range(USERS)), tuple(f"i{n}" for n in range(ITEMS))
    genres = [["even" if n % 2 == 0 else "odd", f"g{n % 7}"] for n in range(ITEMS)]
    dataset = Dataset(
        pa.table({"user": names}),
        pa.table({"item": titles, "genres": genres}),
        Vocabulary(names),
        Vocabulary(titles),
        kinds=KINDS,
        clock=clock,
        log=log,
        name="planted",
    )
    judged = [cases(dataset, part, which, LIKE, n=20, min_past=5) for which in (VALID, TEST)]
    return Planted(dataset, part, dataset.view(part == TRAIN), *judged)


def _items(user: int, popular: np.ndarray, random: np.random.Generator) -> np.ndarray:
    weight = popular * np.where(np.arange(ITEMS) % 2 == user % 2, 4, 1)
    return FIRST + random.choice(ITEMS, EVENTS, replace=False, p=weight / weight.sum())


def noise(request: np.ndarray, item: np.ndarray, salt: int) -> np.ndarray:
    """A number in [0, 1) for each (user, item), the same whenever it is asked."""
    return np.modf(np.abs(np.sin(request * 12.9898 + item * 78.233 + salt) * 43758.5453))[0]


@dataclass(frozen=True)
class FakeChannel:
    """The k items with the highest of: counts, noise, and a bonus for the user's own parity."""

    counts: np.ndarray
    bonus: float
    salt: int
    features: tuple[str, ...] = ()

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        item = np.arange(len(self.counts))
        user = requests.user[:, None]
        scores = self.counts + noise(user, item, self.salt) + self.bonus * (user % 2 == item % 2)
        if requests.allowed is not None:
            scores = np.where(requests.allowed, scores, -np.inf)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        known = np.isfinite(np.take_along_axis(scores, best, axis=1))
        offsets = np.concatenate(([0], np.cumsum(known.sum(axis=1))))
        return Candidates.proposed("", offsets, best[known], np.take_along_axis(scores, best, axis=1)[known])


@dataclass(frozen=True)
class FakeStore:
    """One feature: whether user and item have the same parity and how popular the item is, told with noise."""

    counts: np.ndarray

    def read(
        self,
        names: Sequence[str],
        requests: Requests,
        candidates: Candidates | None = None,
        known: Mapping[str, np.ndarray] = NOTHING,
    ) -> Rows:
        if candidates is None:
            return Rows({}, {}, np.empty(0, np.int64))
        user = requests.user[candidates.request]
        popular = self.counts[candidates.item] / self.counts.max()
        taste = (user % 2 == candidates.item % 2) + 2 * popular + 0.2 * noise(user, candidates.item, 5)
        return Rows({"user": requests.user}, {"taste": taste.astype(np.float32)}, candidates.request)


@dataclass(frozen=True)
class FakeRanker:
    """A probability that rises with the feature, up to a wave that the light one adds."""

    wave: float
    features: tuple[str, ...] = ("taste",)

    def score(self, rows: Rows) -> dict[str, Floats]:
        taste = rows.candidate["taste"]
        return {"like": (1 / (1 + np.exp(2 - 2 * taste - self.wave * np.sin(40 * taste)))).astype(np.float32)}


@dataclass(frozen=True)
class SwapFirstTwo:
    """A re-ranker that changes something."""

    features: tuple[str, ...] = ()

    def rerank(self, requests: Requests, candidates: Candidates, rows: Rows, k: int) -> Candidates:
        place = np.arange(len(candidates)) - candidates.offsets[candidates.request]
        length = np.diff(candidates.offsets)[candidates.request]
        step: Mask = (place < 2) & (length > 1)
        return candidates.take(np.arange(len(candidates)) + np.where(step, 1 - 2 * place, 0))


def funnel(view: TrainView) -> Pipeline:
    """Three channels, one rule, light and heavy ranker, one re-ranker."""
    counts = view.counts(LIKE).astype(np.float64)
    flat = np.zeros(len(counts))
    return Pipeline(
        FakeStore(counts),
        {"hot": FakeChannel(counts, 0.0, 1), "taste": FakeChannel(flat, 0.5, 2), "random": FakeChannel(flat, 0.0, 3)},
        {"hot": 80, "taste": 70, "random": 40},
        {"seen": NotConsumed(KINDS.all, 1 << 62, view.n_items)},
        FakeRanker(3.0),
        FakeRanker(0.0),
        Formula("like"),
        {"swap": SwapFirstTwo()},
        Cutoffs(prerank=18, rank=12),
        "hot",
        KINDS.all,
        view.n_items,
        block=16,
    )


@pytest.fixture(scope="session")
def world() -> Planted:
    """The planted data with real times."""
    return planted()


@pytest.fixture(scope="session")
def ordered_world() -> Planted:
    """The planted data without comparable times."""
    return planted(clock=Clock.ORDER)


@pytest.fixture(scope="session")
def pipeline(world: Planted) -> Pipeline:
    """The funnel of fakes, small enough to lose something at every stage."""
    return funnel(world.view)
