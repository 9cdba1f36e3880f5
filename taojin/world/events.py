"""The log: sessions, the lists that an earlier recommender showed, and what users did with them.

Shapes: U users, S lists, C candidates of a list, E films shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from taojin.core.units import DAY, MINUTE, Floats, Ints, Mask
from taojin.world import reactions
from taojin.world.films import Films
from taojin.world.hours import REGIONS, START, moments
from taojin.world.policy import LIST, Lists, Policy
from taojin.world.tastes import Tastes

ACTIVITY_SPREAD = 1.1
"""Deviation of the logarithm of how active users are."""
FEWEST = 0.3
"""No user is shown less than this share of the mean: MovieLens, too, leaves out who rated little."""
BUSIEST = 0.4
"""No user is shown more films than this share of the catalogue, about."""
LISTS_OF_SESSION = 2.5
"""Mean number of lists that a user looks through in one sitting."""
PAUSE = 6 * MINUTE
"""Mean time between two lists of a session."""
MONTH = 30 * DAY
"""A film is shown to a user at most once in a month, and not at all after it was watched."""
TOLERANCE = 0.05
"""The number of events is met within this share, or within a list."""
ATTEMPTS = 6
BLOCK = 20_000
"""Lists that are worked out at a time."""


@dataclass(frozen=True)
class Shown:
    """Films shown, E of them, by user, time and item.

    user, item  int64[E]    places among users and films, from 0
    time        int64[E]    milliseconds; all films of a list were shown at one time
    position    int64[E]    place in the list, from 0
    looked      bool[E]     whether the user looked at it
    rating      float32[E]  stars; NaN where it was not watched
    """

    user: Ints
    item: Ints
    time: Ints
    position: Ints
    looked: Mask
    rating: Floats

    def __len__(self) -> int:
        return len(self.user)

    @classmethod
    def together(cls, parts: list["Shown"]) -> "Shown":
        """Parts one after the other."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def shown(films: Films, tastes: Tastes, events: int, seed: tuple[int, ...]) -> Shown:
    """`events` films shown over the two years, within TOLERANCE.

    Where the catalogue is small, users run out of famous films and lists are short; then more lists are shown.
    """
    wanted, pairs = events, len(films) * len(tastes)
    for _ in range(ATTEMPTS):
        if wanted > pairs:
            break
        log = _draw(films, tastes, wanted, seed)
        if abs(len(log) - events) <= max(TOLERANCE * events, LIST):
            return log
        wanted = round(wanted * events / len(log))
    raise ValueError(
        f"world: {events} events are more than {len(tastes)} users can be shown of {len(films)} items; ask for at most "
        f"{round(BUSIEST * pairs)}, or for more items"
    )


def _draw(films: Films, tastes: Tastes, events: int, seed: tuple[int, ...]) -> Shown:
    """About `events` films shown, or fewer."""
    lists = _lists_of_users(len(tastes), len(films), events, np.random.default_rng((*seed, 0)))
    policy = Policy(films, tastes)
    parts = []
    for block, (first, last) in enumerate(_blocks(lists)):
        rng = np.random.default_rng((*seed, 1, block))
        user, time = _sessions(np.arange(first, last), lists[first:last], tastes, rng)
        parts.append(_months(films, tastes, policy, user, time, rng))
    return Shown.together(parts)


def _lists_of_users(users: int, films: int, events: int, rng: np.random.Generator) -> Ints:
    """How many lists each user looks through, int64[U]."""
    activity = rng.lognormal(0.0, ACTIVITY_SPREAD, users)
    wanted = activity * events / activity.sum()
    for _ in range(20):  # what some may not have goes to the others
        wanted = np.clip(wanted, FEWEST * events / users, BUSIEST * films)
        wanted *= events / wanted.sum()
    before = np.concatenate(([0.0], np.cumsum(wanted / LIST)))
    return np.diff(np.rint(before)).astype(np.int64)


def _blocks(lists: Ints) -> Iterator[tuple[int, int]]:
    """Ranges of users with about BLOCK lists each."""
    stop = np.cumsum(lists)
    edges = np.unique(np.concatenate(([0], np.searchsorted(stop, np.arange(BLOCK, stop[-1], BLOCK)) + 1, [len(lists)])))
    yield from zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _sessions(user: Ints, lists: Ints, tastes: Tastes, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """User and time of every list, two int64[S], by user and time."""
    owner = np.repeat(user, lists)
    opens = rng.random(len(owner)) < 1 / LISTS_OF_SESSION
    opens[(np.cumsum(lists) - lists)[lists > 0]] = True
    session = np.cumsum(opens) - 1
    ahead = np.array(tuple(REGIONS.values()))[tastes.region[owner[opens]]]
    begin = moments(tastes.registered[owner[opens]], ahead, rng)
    pause = np.cumsum(np.where(opens, 0.0, rng.exponential(PAUSE, len(owner))))
    time = begin[session] + (pause - pause[opens][session]).astype(np.int64)
    order = np.lexsort((time, owner))
    return owner[order], time[order]


def _months(films: Films, tastes: Tastes, policy: Policy, user: Ints, time: Ints, rng: np.random.Generator) -> Shown:
    """What is shown on these lists, month by month, so that what was watched does not come back."""
    month = (time - START) // MONTH
    watched = np.empty(0, np.int64)  # ascending keys user * films + film
    parts = []
    for now in np.unique(month):
        rows = np.flatnonzero(month == now)
        part = _react(films, tastes, user[rows], time[rows], policy.lists(user[rows], time[rows], watched, rng), rng)
        kept = ~np.isnan(part.rating)
        watched = np.sort(np.concatenate((watched, part.user[kept] * len(films) + part.item[kept])))
        parts.append(part)
    whole = Shown.together(parts)
    order = np.lexsort((whole.item, whole.time, whole.user))
    return Shown(*(getattr(whole, field.name)[order] for field in fields(Shown)))


def _react(films: Films, tastes: Tastes, user: Ints, time: Ints, lists: Lists, rng: np.random.Generator) -> Shown:
    """What the users do with these lists."""
    who, item = user[lists.list], lists.item
    looked = rng.random(len(item), np.float32) < reactions.looks(lists.position)
    watched = looked & (rng.random(len(item), np.float32) < reactions.sigmoid(lists.watch))
    mean = reactions.stars(lists.appeal, films.quality[item], tastes.generosity[who])
    stars = reactions.rating(mean, rng.uniform(1e-9, 1 - 1e-9, len(item)))
    rating = np.where(watched, stars, np.float32(np.nan))
    return Shown(who, item, time[lists.list], lists.position, looked, rating)
