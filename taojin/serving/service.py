"""What the service works with, and how far it is: loading, ready or failed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from taojin.bundle.bundle import Bundle
from taojin.core.live import LiveStore
from taojin.serving.intake import Intake
from taojin.serving.library import Library
from taojin.serving.question import Question
from taojin.serving.recommender import Recommender, now_ms


class Status(StrEnum):
    """How far a service is."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Desk:
    """All that routes ask: recommendations, look-ups and the intake of events, over one bundle and one store."""

    recommender: Recommender
    library: Library
    intake: Intake

    @classmethod
    def over(cls, bundle: Bundle, store: LiveStore, clock: Callable[[], int] = now_ms) -> "Desk":
        """A desk over one bundle and one store."""
        recommender = Recommender(bundle, store, clock)
        return cls(recommender, Library(recommender), Intake(bundle.kinds, store, clock))

    @property
    def version(self) -> str:
        """Of the bundle."""
        return self.recommender.bundle.version

    def warm_up(self) -> None:
        """Build what is otherwise built by the first request."""
        assert self.library.words is not None
        self.library.search("warm up", limit=1)
        for user in self.recommender.bundle.user_vocabulary.ids[:1]:
            self.recommender.recommend(Question(user=user, request_id="warm up"))


class Swapped(NamedTuple):
    """Versions of the bundle that answered before, if any did, and of the one that answers now."""

    before: str | None
    version: str


class Busy(Exception):
    """A bundle is being loaded already."""


class Service:
    """Loads its bundle on a thread of its own, so that the process can tell meanwhile that it lives.

    load    reads a bundle, checks it and replays its golden requests
    store   is closed with the service
    """

    def __init__(self, load: Callable[[], Bundle], store: LiveStore, clock: Callable[[], int] = now_ms) -> None:
        self.status = Status.LOADING
        self.failure: Exception | None = None
        self.desk: Desk | None = None
        self.store = store
        self._load = load
        self._clock = clock
        self._loading = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._watchers: list[Callable[[str], None]] = []

    @classmethod
    def of(cls, bundle: Bundle | Path | str, store: LiveStore, clock: Callable[[], int] = now_ms) -> "Service":
        """A service over a bundle, or over the folder of one."""
        return cls((lambda: bundle) if isinstance(bundle, Bundle) else (lambda: Bundle.load(bundle)), store, clock)

    def when_settled(self, listener: Callable[[], None]) -> None:
        """Call the listener once the service is ready or has failed."""
        self._listeners.append(listener)

    def when_swapped(self, watcher: Callable[[str], None]) -> None:
        """Call the watcher with a sentence on each swap, whoever asked for it, also on one that failed."""
        self._watchers.append(watcher)

    def start(self) -> None:
        """Begin to load on a thread, unless that is done."""
        if self.status is Status.LOADING:
            threading.Thread(target=self.prepare, name="load bundle", daemon=True).start()

    def swap(self) -> Swapped:
        """Load the bundle again and answer with it from now on.

        Requests that are being answered are finished by the one before, which stays in use if the new one does not load
        or answers its golden requests otherwise: a BundleError. While a bundle is being loaded another swap is `Busy`.
        """
        if not self._loading.acquire(blocking=False):
            raise Busy
        try:
            before = self.desk.version if self.desk is not None else None
            self._settle(self._new_desk())
        except Exception as error:
            self._tell(f"the bundle in use stays: {error}")
            raise
        finally:
            self._loading.release()
        assert self.desk is not None
        self._tell(f"serving {self.desk.version}, before it {before}")
        return Swapped(before, self.desk.version)

    def close(self) -> None:
        """Write what is queued."""
        self.store.close()

    def prepare(self) -> None:
        """Load, and settle as ready or failed."""
        with self._loading:
            try:
                self._settle(self._new_desk())
            except Exception as error:  # told by /v1/ready and by whoever started the service
                self.failure, self.status = error, Status.FAILED
        for listener in self._listeners:
            listener()

    def _new_desk(self) -> Desk:
        desk = Desk.over(self._load(), self.store, self._clock)
        desk.warm_up()
        return desk

    def _tell(self, sentence: str) -> None:
        for watcher in self._watchers:
            watcher(sentence)

    def _settle(self, desk: Desk) -> None:
        self.desk, self.failure, self.status = desk, None, Status.READY
