"""What to expect of a data set before anything is trained on it, in sentences with the figure behind each.

Shapes: U users with events, I items in the vocabulary, E events.
"""

import numpy as np

from taojin.core.units import DAY, FIRST
from taojin.data.dataset import Clock, Dataset

SHORT = 5
"""Events of a user, below which a history says little."""
SILENT = 0.2
"""Share of the items without an event, from which on it is worth a word."""
HEAD, CROWDED = 0.01, 0.3
"""The most popular share of the items, and the share of events at which they make a crowd."""
RARE = 0.02
"""Share of the events, below which a kind is rare."""
AGAIN = 0.1
"""Share of the events that repeat a pair of user and item, from which on people come back for the same."""
JOINED = 0.5
"""Share of the events' users (items) with a row in their table, below which the two hardly belong together."""
DAYS = 7
YEARS = 2
SPREAD = 0.2
"""Standard deviation of NDCG@10 over users, about: 0.17, 0.21 and 0.20 by the intervals of ml-latest-small, ml-100k and
ml-1m in docs/results.md."""
FEW = 20_000
"""Events below which `taojin new` lets a regression rank; a rule of thumb."""


def expectations(dataset: Dataset) -> tuple[str, ...]:
    """Sentences on what helps and what does not, most general first; none where nothing stands out."""
    return tuple(sentence for find in (_joins, _users, _repeats, _items, _kinds, _time) for sentence in find(dataset))


def _joins(dataset: Dataset) -> list[str]:
    found = []
    for what, counts, ids, rows in (
        ("users", dataset.checked.users, dataset.user_vocabulary.ids, dataset.log.user),
        ("items", dataset.checked.items, dataset.item_vocabulary.ids, dataset.log.events.item),
    ):
        named = len(np.unique(rows))
        share = 1 - counts.added / named
        if counts.kept and share < JOINED:
            # Those that only events name come last.
            found.append(
                f"{share:.0%} of the {named:,} {what} of the events have a row in the table of {what}; that holds "
                f"{ids[0]!r}, the events {ids[-1]!r}: correct the column in its `Id(...)`, or write the ids in the "
                "same way in both files (capitals, zeros in front)."
            )
    return found


def _users(dataset: Dataset) -> list[str]:
    per_user = np.diff(dataset.log.offsets)[FIRST:]
    active = per_user[per_user > 0]
    half = SPREAD * 1.96 / np.sqrt(len(active))
    found = [f"Intervals of NDCG@10 will be about ±{half:.3f} wide: smaller differences between recipes are noise."]
    median = int(np.median(active))
    if median < SHORT:
        found.append(
            f"Half of the users have {median} events or fewer: histories say little, and lists that ask for none "
            "(popular, hot, segments) will carry much."
        )
    if len(active) < 1_000 or len(dataset.log) < FEW:
        found.append(
            f"{len(active):,} users and {len(dataset.log):,} events are few for networks: let logistic regression "
            "rank, and see whether more is better on validation."
        )
    return found


def _repeats(dataset: Dataset) -> list[str]:
    log = dataset.log
    pairs = np.unique(log.user * len(dataset.item_vocabulary) + log.events.item)
    share = 1 - len(pairs) / max(1, len(log))
    if share < AGAIN:
        return []
    return [
        f"{share:.0%} of the events repeat a user's item: leave `consumed` empty where that is welcome, and let "
        "`Again` propose what they had."
    ]


def _items(dataset: Dataset) -> list[str]:
    per_item = np.bincount(dataset.log.events.item, minlength=len(dataset.item_vocabulary) + FIRST)[FIRST:]
    per_item = np.sort(per_item[: len(dataset.items)])[::-1]
    found = []
    silent = float((per_item == 0).mean())
    if silent > SILENT:
        found.append(
            f"{silent:.0%} of the items have no event: only what reads their columns or dates (content, TF-IDF "
            "vectors, fresh, latest) can propose them."
        )
    top = max(1, round(HEAD * len(per_item)))
    crowd = float(per_item[:top].sum() / max(1, per_item.sum()))
    if crowd > CROWDED and len(per_item) >= 1 / HEAD:
        found.append(
            f"1 % of the items have {crowd:.0%} of the events: popularity will be hard to beat, and coverage is "
            "worth a look."
        )
    return found


def _kinds(dataset: Dataset) -> list[str]:
    counts = {kind: len(dataset.log.events.matching(dataset.kinds.bits(kind)).position) for kind in dataset.kinds.names}
    rare = {kind: count for kind, count in counts.items() if count < RARE * len(dataset.log)}
    if not rare or len(counts) == 1:
        return []
    said = ", ".join(f"{kind} ({count:,})" for kind, count in rare.items())
    return [f"Rare kinds of event: {said}. As a task beside frequent ones they help; alone they teach little."]


def _time(dataset: Dataset) -> list[str]:
    if dataset.clock is not Clock.REAL:
        return ["There are no times: windows, ages, hot lists and splits by date are refused."]
    time = dataset.log.events.time
    days = (int(time.max()) - int(time.min())) / DAY
    if days < DAYS:
        return [f"All events lie within {days:.1f} days: windows of days and weeks count the same as none."]
    if days > YEARS * 365:
        return [
            f"The events span {days / 365:.0f} years: tastes and the catalogue move; try `Sampling(half_life=...)` and "
            "shorter windows."
        ]
    return []
