"""A small bundle made by hand of the parts that serve, whose answers a reader can foretell.

`hot` proposes every film in the order f1, f2, ...; `alike` proposes films that share genres with the last liked ones
(or with the film a request starts from). What a user rated or liked does not come back.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import pytest
import uvicorn

from taojin.bundle.bundle import Bundle, Fitted, Golden
from taojin.bundle.manifest import Manifest
from taojin.bundle.save import save
from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.events import Events
from taojin.core.live import LiveStore
from taojin.core.units import DAY, FIRST, FOREVER, PAD
from taojin.data.dataset import Clock, Log
from taojin.data.kinds import Kinds, Label
from taojin.embeddings.seeds import HistorySeeds, ItemSeed
from taojin.features.feature import History
from taojin.features.past import RecentItems
from taojin.features.store import Store
from taojin.live.sqlite import SQLiteStore
from taojin.pipeline import Pipeline
from taojin.retrieval.serve.keys import Everyone
from taojin.retrieval.serve.lists import Lists
from taojin.retrieval.serve.neighbours import Neighbours
from taojin.rules.already_seen import NotConsumed
from taojin.scene import Cutoffs
from taojin.serving.app import create_app
from taojin.serving.recommender import Recommender
from taojin.serving.server import bound
from taojin.serving.service import Service, Status

GENRES = ("Comedy", "Drama", "Horror", "Western", "Sci-Fi", "Romance")
WORDS = ("River", "Night", "Stone", "Garden", "Signal", "Harbour", "Winter", "Lantern", "Mirror", "Orchard")
KINDS = Kinds(("rate", "like"), (Label("like", "rate", at_least=3.5),))
NOW = 1_700_000_000_000
FILMS = 120
USERS = 6


@dataclass
class Clockwork:
    """A clock that a test sets."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass(frozen=True)
class Broken:
    """A channel that always fails."""

    features: tuple[str, ...] = ()

    def retrieve(self, requests: Requests, rows: Rows, k: int) -> Candidates:
        raise RuntimeError("the index is away")


@dataclass(frozen=True)
class Films:
    """What the small bundle is made from; a test asks for it by the fixture `films`."""

    count: int = FILMS
    users: int = USERS

    @property
    def table(self) -> pa.Table:
        """Films f1, f2, ... of one or two genres each."""
        number = range(1, self.count + 1)
        return pa.table(
            {
                "item": [f"f{n}" for n in number],
                "title": [f"The {WORDS[n % 10]} of {WORDS[(n // 10) % 10]} {n}" for n in number],
                "genres": [sorted({GENRES[n % len(GENRES)], GENRES[(n // 5) % len(GENRES)]}) for n in number],
                "year": [1950 + n % 70 for n in number],
                "directors": [[f"{WORDS[n % 7]} Smith"] for n in number],
                "mean": [float("nan") if n == 1 else n / 10 for n in number],
            }
        )

    def history(self, clock: Clock) -> Log:
        """Each user rated four films: 5, 2, 4, 3, a day apart."""
        rng = np.random.default_rng(0)
        user = np.repeat(np.arange(FIRST, FIRST + self.users), 4)
        item = np.concatenate([FIRST + rng.choice(self.count, 4, replace=False) for _ in range(self.users)])
        value = np.tile(np.array([5, 2, 4, 3], np.float32), self.users)
        place = np.tile(np.arange(4), self.users)
        when = place if clock is Clock.ORDER else NOW - (10 - place) * DAY
        return Log.of(user, Events(item, KINDS.code(["rate"] * len(user), value), value, when), FIRST + self.users)

    def fitted(self, clock: Clock = Clock.REAL) -> Fitted:
        """Both scenes over the same two channels."""
        items = self.count + FIRST
        rows = np.arange(FIRST, items)
        hot = Lists(keys=Everyone(), offsets=np.array([0, len(rows)]), item=rows, score=-rows.astype(np.float32))
        alike = Neighbours(seeds=HistorySeeds(decay=0.5), **self._neighbours())
        recent = RecentItems("history", KINDS.bits("like"), History(5, ("item",)), (np.arange(items),))
        for_you = Pipeline(
            store=Store({"history": recent}),
            channels={"alike": alike, "hot": hot},
            quotas={"alike": 50, "hot": 50},
            rules={"unseen": NotConsumed(KINDS.all, FOREVER, items)},
            preranker=None,
            ranker=None,
            value=None,
            rerankers={},
            cutoffs=Cutoffs(),
            last_resort="hot",
            consumed=KINDS.all,
            items=items,
            strict=False,
        )
        like_this = {"alike": replace(alike, seeds=ItemSeed()), "hot": hot}
        similar = replace(for_you, channels=like_this, rules={})
        return Fitted(KINDS, clock, self.history(clock), {"for_you": for_you, "similar": similar}, "like", NOW)

    def bundle(self, clock: Clock = Clock.REAL, *, broken: bool = False) -> Bundle:
        """The bundle in memory; with `broken` a third channel fails on every request."""
        fitted = self.fitted(clock)
        if broken:
            whole = fitted.scenes["for_you"]
            channels, quotas = {**whole.channels, "broken": Broken()}, {**whole.quotas, "broken": 10}
            scenes = {**fitted.scenes, "for_you": replace(whole, channels=channels, quotas=quotas)}
            fitted = replace(fitted, scenes=scenes)
        users = pa.table({"user": [f"u{n}" for n in range(1, self.users + 1)]})
        manifest = Manifest("films", "1", "2023-11-14", "2023-11-14", {})
        return Bundle(Path("films"), manifest, fitted, users, self.table, ())

    def saved(self, folder: Path, clock: Clock = Clock.REAL) -> Path:
        """The bundle on disk, with one golden request in each scene."""
        bundle = self.bundle(clock)
        user, item = np.array([FIRST]), {"for_you": PAD, "similar": FIRST}
        past = bundle.history.before(user, np.array([NOW]))
        golden = []
        for scene, start in item.items():
            requests = Requests(user, np.array([start]), np.array([NOW]), np.array([7], np.uint64), past)
            golden.append(Golden(scene, requests, bundle.scenes[scene].recommend(requests)))
        return save(
            folder,
            name="films",
            experiment=Cutoffs(),
            fitted=bundle.fitted,
            users=bundle.users,
            items=bundle.items,
            golden=tuple(golden),
        )

    def _neighbours(self) -> dict[str, np.ndarray]:
        """Films by the number of genres that they share, up to 60 each."""
        has = np.array([[genre in film for genre in GENRES] for film in self.table["genres"].to_pylist()], np.float32)
        shared = has @ has.T
        np.fill_diagonal(shared, 0)
        order = np.argsort(-shared, axis=1, kind="stable")[:, :60]
        similarity = np.take_along_axis(shared, order, axis=1)
        count = np.concatenate(([0] * FIRST, (similarity > 0).sum(axis=1)))
        return {
            "offsets": np.concatenate(([0], np.cumsum(count))),
            "item": order[similarity > 0] + FIRST,
            "similarity": similarity[similarity > 0],
        }


@pytest.fixture(scope="session")
def films() -> Films:
    return Films()


@pytest.fixture(scope="session")
def bundle(films: Films) -> Bundle:
    return films.bundle()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LiveStore]:
    opened = SQLiteStore(tmp_path / "live.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clockwork:
    return Clockwork()


@pytest.fixture
def recommender(bundle: Bundle, store: LiveStore, clock: Clockwork) -> Recommender:
    return Recommender(bundle, store, clock)


@contextmanager
def served(service: Service, admin_key: str | None = None) -> Iterator[str]:
    """The service on a free port of this machine, for as long as the block lasts; gives its address."""
    listening = bound("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(service, admin_key=admin_key), log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def serve() -> Callable[..., AbstractContextManager[str]]:
    return served


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> SQLiteStore:
    """The store of the shared service: a test that writes takes a user of its own."""
    return SQLiteStore(tmp_path_factory.mktemp("shared") / "live.sqlite")


@pytest.fixture(scope="session")
def address(bundle: Bundle, shared_store: SQLiteStore) -> Iterator[str]:
    """Where the small bundle is served, ready, for all tests."""
    service = Service.of(bundle, shared_store, Clockwork())
    service.prepare()
    assert service.status is Status.READY, service.failure
    with served(service) as address:
        yield address


@pytest.fixture(scope="session")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=30) as client:
        yield client
