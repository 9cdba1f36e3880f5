"""Recommendations for one user: turns external ids into one request of the funnel and its candidates back into ids.

The HTTP service, the command line and the Python API all ask through this.
"""

import difflib
import hashlib
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from taojin.bundle.bundle import Bundle
from taojin.core.batch import Candidates, Requests
from taojin.core.events import NO_EVENTS, Events, Pasts
from taojin.core.live import LiveEvents, LiveStore
from taojin.core.trace import Trace
from taojin.core.units import FIRST, PAD, UNKNOWN, Ints
from taojin.data.dataset import take
from taojin.pipeline import Pipeline
from taojin.serving.answer import Answer, Recommended
from taojin.serving.filters import Filters
from taojin.serving.past import Coding, Past
from taojin.serving.problem import Problem, known
from taojin.serving.question import SIMILAR, Question
from taojin.serving.reasons import Reasons

ANCHORS = 10
MOST_COMPARED = 20_000
"""Comparing a mistyped id with more ids than these takes too long."""


def now_ms() -> int:
    """The time on the wall, milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Recommender:
    """Answers from one bundle and one live store; safe to use from many threads.

    clock   gives the time of a request, milliseconds
    """

    bundle: Bundle
    store: LiveStore
    clock: Callable[[], int] = now_ms

    def recommend(self, question: Question) -> Answer:
        """The best items for one user, with the reason for each.

        A scene, item, channel, field or filter that does not exist raises a `ValueError` whose argument is a `Problem`.
        Unknown ids in `history` and `exclude` have no effect; the answer tells them, and whether nothing is known
        of the user.
        """
        pipeline = self._pipeline(question.scene, tuple(question.channels))
        for field in question.fields:
            known(field, self.bundle.catalogue.fields, "fields")
        request_id = question.request_id or uuid.uuid4().hex
        requests = self._requests(question, request_id)
        trace = Trace()
        shown = pipeline.recommend(requests, trace)
        return Answer(
            items=self._items(shown, self._anchors(requests), question.fields),
            request_id=request_id,
            scene=question.scene,
            user=question.user,
            bundle=self.bundle.version,
            degraded=tuple(trace.degraded),
            exhausted=len(shown) < question.n,
            unknown=tuple(id for id in (*question.history, *question.exclude) if id not in self.bundle.item_vocabulary),
            stranger=not len(requests.past.events) and int(requests.user[0]) < FIRST,
            trace=trace if question.explain else None,
        )

    def similar(
        self, item: str, *, n: int = 10, user: str | None = None, fields: Sequence[str] = (), explain: bool = False
    ) -> Answer:
        """The n items most like one item; with a user, those that the scene's rules let this user see."""
        return self.recommend(Question(user=user, item=item, scene=SIMILAR, n=n, fields=fields, explain=explain))

    def past(self, user: str) -> Past:
        """All that a user is known to have done: the bundle's events joined with the live store's."""
        return self.past_and_live(user)[0]

    def past_and_live(self, user: str) -> tuple[Past, LiveEvents]:
        """The same, and the live events that `Past.live` points into."""
        live = self.store.user_events(user)
        return self._coding.join(self._trained(user), live), live

    def item_row(self, item: str) -> int:
        """Row of an item that the catalogue has; an unknown one raises a `ValueError`."""
        if item in self.bundle.item_vocabulary:
            return self.bundle.item_vocabulary.row(item)
        raise ValueError(Problem("item", "the id of an item in the catalogue", repr(item), self._meant(item)))

    @cached_property
    def filters(self) -> Filters:
        """Attribute filters over the bundle's catalogue."""
        return Filters(self.bundle.catalogue)

    @cached_property
    def reasons(self) -> Reasons:
        """What items have in common."""
        return Reasons(self.bundle.catalogue, self.bundle.item_vocabulary)

    @cached_property
    def _coding(self) -> Coding:
        return Coding(self.bundle.item_vocabulary, self.bundle.kinds, self.bundle.clock)

    @cached_property
    def _narrowed(self) -> Callable[[str, tuple[str, ...]], Pipeline]:
        """Scenes cut down to some channels, kept for the next request."""
        return lru_cache(maxsize=256)(lambda scene, channels: self.bundle.scenes[scene].only(channels))

    def _meant(self, item: str) -> str:
        """The item whose title was given for its id, or whose id is close."""
        vocabulary, catalogue = self.bundle.item_vocabulary, self.bundle.catalogue
        rows = catalogue.search(item, 1)
        if not len(rows) and len(vocabulary) <= MOST_COMPARED:
            rows = vocabulary.rows(difflib.get_close_matches(item, vocabulary.ids, n=1))
        if not len(rows):
            return "search by title"
        title = catalogue.titles(rows)[0]
        return f"did you mean {vocabulary.id(int(rows[0]))!r}{f', {title}' if title else ''}?"

    def _pipeline(self, scene: str, channels: tuple[str, ...]) -> Pipeline:
        pipeline = self.bundle.scenes[known(scene, self.bundle.scenes, "scene")]
        for channel in channels:
            known(channel, pipeline.channels, "channels")
        return self._narrowed(scene, channels) if channels else pipeline

    def _requests(self, question: Question, request_id: str) -> Requests:
        """The question as one request of the funnel."""
        user, now = question.user, self.clock() + 1  # an event acknowledged in this very millisecond lies before
        if user is None:
            known_items = [item for item in question.history if item in self.bundle.item_vocabulary]
            past = self._coding.brought(known_items, self.bundle.fitted.positive, now)
        else:
            past = self.past(user)
        pasts, at = past.before(now)
        start = PAD if question.item is None else self.item_row(question.item)
        excluded = self.bundle.item_vocabulary.rows((*question.exclude, *([question.item] if question.item else [])))
        return Requests(
            user=np.array([UNKNOWN if user is None else self.bundle.user_vocabulary.row(user)], np.int64),
            item=np.array([start], np.int64),
            time=np.array([at], np.int64),
            seed=np.array([seed_of(request_id)], np.uint64),
            past=pasts,
            context={key: np.array([word]) for key, word in question.context.items()},
            allowed=self.filters.mask(question.only),
            exclude=excluded[excluded >= FIRST],
            n=question.n,
        )

    def _trained(self, user: str) -> Events:
        row = self.bundle.user_vocabulary.row(user)
        if row < FIRST:  # the row UNKNOWN may hold many rare users' events
            return NO_EVENTS
        log = self.bundle.history
        return take(log.events, np.arange(log.offsets[row], log.offsets[row + 1]))

    def _anchors(self, requests: Requests) -> Ints:
        """The item the request starts from, else the last distinct items that the user liked, newest first."""
        if requests.item[0] != PAD:
            return requests.item
        past: Pasts = requests.past
        liked = past.items(self.bundle.kinds.bits(self.bundle.fitted.positive), 5 * ANCHORS)[0]
        newest = np.fromiter(dict.fromkeys(liked[::-1].tolist()), np.int64)
        return newest[newest >= FIRST][:ANCHORS]

    def _items(self, shown: Candidates, anchors: Ints, fields: Sequence[str]) -> tuple[Recommended, ...]:
        catalogue, vocabulary = self.bundle.catalogue, self.bundle.item_vocabulary
        details, titles = catalogue.details(shown.item, tuple(fields)), catalogue.titles(shown.item)
        reasons = self.reasons.of(shown.item, anchors)
        return tuple(
            Recommended(
                id=vocabulary.id(int(shown.item[place])),
                title=titles[place],
                score=float(shown.scores["final"][place]),
                channels={name: int(at) for name, at in zip(shown.channels, shown.place[place], strict=True) if at},
                scores={name: float(column[place]) for name, column in shown.scores.items()},
                details=details[place],
                reason=reasons[place],
            )
            for place in range(len(shown))
        )


def seed_of(request_id: str) -> int:
    """The only source of randomness of a request."""
    return int.from_bytes(hashlib.blake2b(request_id.encode(), digest_size=8).digest(), "little")
