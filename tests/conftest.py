"""Tests that need what not every machine has are skipped there, or fail where TAOJIN_REQUIRE names their mark."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from filelock import FileLock

from taojin.core.batch import Requests, Rows
from taojin.core.events import Events, no_pasts
from taojin.core.units import DAY, HOUR, PAD, UNKNOWN
from taojin.data.dataset import Clock, Log, TrainView
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary
from taojin.features.attributes import Attribute, Id
from taojin.features.feature import Column
from taojin.features.past import Recent

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NEEDS = {
    "spark": ("pyspark", "java"),
    "redis": ("redis", "redis-server"),
    "browser": ("playwright", "chromium"),
}
"""Mark: the package and the command that its tests need."""


def missing(mark: str) -> list[str]:
    """What of it this machine does not have."""
    package, command = NEEDS[mark]
    found = {f"package {package}": importlib.util.find_spec(package), f"command {command}": shutil.which(command)}
    return [what for what, where in found.items() if where is None]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in NEEDS:
        if item.get_closest_marker(mark) and (absent := missing(mark)):
            reason = f"{mark}: this machine lacks {' and '.join(absent)}"
            if mark in os.environ.get("TAOJIN_REQUIRE", "").split(","):
                pytest.fail(f"{reason}, and TAOJIN_REQUIRE asks for it")
            pytest.skip(reason)


@pytest.fixture(scope="session")
def spark_session() -> Iterator[SparkSession]:
    """One small Spark of this process, for tests marked `spark`."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.sql.shuffle.partitions": "1",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    session = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The recipe `world_tiny`, trained once for all workers of a session."""
    return trained(tmp_path_factory, worker_id, "world_tiny")


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The whole recipe `movielens` on ml-latest-small, trained once for all workers; takes minutes."""
    if "TAOJIN_DATA" not in os.environ:
        pytest.skip("needs ml-latest-small: set TAOJIN_DATA to the folder that holds it")
    return trained(tmp_path_factory, worker_id, "movielens", Path(os.environ["TAOJIN_DATA"], "ml-latest-small"))


def trained(factory: pytest.TempPathFactory, worker_id: str, recipe: str, data: Path | None = None) -> Path:
    """Folder of a trained recipe; the first worker that asks trains it and the others wait."""
    import taojin

    shared = factory.getbasetemp() if worker_id == "master" else factory.getbasetemp().parent
    with FileLock(shared / f"{recipe}.lock"):
        if not (shared / recipe / "manifest.json").exists():
            taojin.train(recipe, data, shared / recipe)
    return shared / recipe


@dataclass(frozen=True)
class Parity:
    """A planted taste. Items have rows 2 to 61; those of rows 58 to 61 have no event, but genres like the others.

    view        40 users, each of whom likes 12 items of the parity of the user's row and rates 4 others badly;
                items have authors and dates, users regions and friends; the facts `triples` name each item's studio,
                which goes by parity
    columns     `item`, `genres` and `history` (liked items)
    """

    view: TrainView
    columns: dict[str, Column]

    @classmethod
    def make(cls, seed: int) -> Parity:
        """Draw who likes what, and when."""
        random = np.random.default_rng(seed)
        warm, users, kinds = np.arange(2, 58), 40, Kinds(("rate", "like"))
        user = np.repeat(np.arange(2, users + 2), 16)
        same = [random.choice(warm[warm % 2 == u % 2], 12, replace=False) for u in range(2, users + 2)]
        other = [random.choice(warm[warm % 2 != u % 2], 4, replace=False) for u in range(2, users + 2)]
        item = np.stack([np.concatenate(both) for both in zip(same, other, strict=True)])
        liked = np.tile(np.arange(16) < 12, users)
        value = np.where(liked, 5, 1).astype(np.float32)
        time = np.argsort(random.random((users, 16)), axis=1) * HOUR + np.arange(users)[:, None] * DAY
        events = Events(item.ravel(), np.where(liked, kinds.all, 1).astype(np.uint32), value, time.ravel())
        rows = np.arange(2, 62)
        facts = {
            "head": [f"i{row}" for row in rows],
            "relation": ["studio"] * len(rows),
            "tail": ["odd" if row % 2 else "even" for row in rows],
        }
        table = {
            "genres": [["odd" if row % 2 else "even", f"g{row % 7}"] for row in rows],
            "studio": ["odd" if row % 2 else "even" for row in rows],
            "year": 1950.0 + rows,
            "blurb": [f"A film of number {row % 7}, {'odd' if row % 2 else 'even'}!" for row in rows],
            "author": [f"a{row % 5}" for row in rows],
            "released": pa.array(((rows - 2) * 12 * HOUR).tolist(), mask=rows == 20),
        }
        numbers = range(users)
        people = {
            "user": [f"u{n}" for n in numbers],
            "region": ["south" if n % 2 else "north" for n in numbers],
            "gender": ["w" if n % 4 < 2 else "m" for n in numbers],
        }
        context = {
            "follows": pa.table({"user": people["user"], "author": [f"a{n % 5}" for n in numbers]}),
            "friends": pa.table({"user": people["user"], "friend": [f"u{n + 2}" for n in numbers]}),
            "campaigns": pa.table(
                {"item": ["i9", "i10", "i60", "gone", "i5", "i6", "i7"], "slot": [2, None, 1, 3, None, None, None]}
            ),
        }
        view = TrainView(
            users=pa.table(people),
            items=pa.table(table),
            user_vocabulary=Vocabulary(tuple(f"u{n}" for n in range(users))),
            item_vocabulary=Vocabulary(tuple(f"i{row}" for row in rows)),
            kinds=kinds,
            clock=Clock.REAL,
            log=Log.of(user, events, users + 2),
            context={**context, "triples": pa.table(facts)},
        )
        columns: dict[str, Column] = {}
        for feature in (
            Id(name="item"),
            Attribute(name="genres", column="genres"),
            Recent(name="history", event="like"),
        ):
            columns[feature.name] = feature.fit(view, columns)
        return cls(view, columns)

    def ask(
        self,
        *histories: list[int],
        item: list[int] | None = None,
        time: list[int] | None = None,
        allowed: np.ndarray | None = None,
        user: list[int] | None = None,
    ) -> tuple[Requests, Rows]:
        """A request per history of item rows, oldest first, and its features; of a stranger where no user is named."""
        n = len(histories)
        places = np.full((n, 50, 1), PAD)
        for request, history in enumerate(histories):
            places[request, 50 - len(history) :, 0] = history
        requests = Requests(
            user=np.array(user) if user else np.full(n, UNKNOWN),
            item=np.array(item) if item else np.full(n, PAD),
            time=np.array(time) if time else np.full(n, self.view.end),
            seed=np.arange(n, dtype=np.uint64),
            past=no_pasts(n),
            allowed=allowed,
        )
        return requests, Rows({"history": places}, {}, requests.user[:0])


@pytest.fixture(scope="session")
def parity() -> Parity:
    """Users who like items of their own parity only; see `Parity`."""
    return Parity.make(seed=0)


@pytest.fixture(scope="session")
def bridged() -> Parity:
    """Items 2 and 3 are liked by other users each, but all of these like item 4, too; so 5 and 6 beside 7.

    Users of rows 2 to 9 like {2, 4}, 10 to 17 {3, 4}, 18 to 25 {5, 7}, 26 to 33 {6, 7}; nobody likes item 8.
    """
    item = np.repeat([[2, 4], [3, 4], [5, 7], [6, 7]], 8, axis=0)
    users, kinds = len(item), Kinds(("like",))
    events = Events(
        item.ravel(),
        np.ones(item.size, np.uint32),
        np.full(item.size, np.nan, np.float32),
        np.tile([0, HOUR], users),
    )
    user, items = Vocabulary(tuple(f"u{n}" for n in range(users))), Vocabulary(tuple(f"i{row}" for row in range(2, 9)))
    view = TrainView(
        users=pa.table({"user": user.ids}),
        items=pa.table({"item": items.ids}),
        user_vocabulary=user,
        item_vocabulary=items,
        kinds=kinds,
        clock=Clock.REAL,
        log=Log.of(np.repeat(np.arange(2, users + 2), 2), events, users + 2),
    )
    history = Recent(name="history", event="like").fit(view, {"item": Id(name="item").fit(view, {})})
    return Parity(view, {"history": history})
