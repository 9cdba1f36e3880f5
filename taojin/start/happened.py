"""What happened in each row of a log: its kind, the value beside it, and which kind counts as success."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.data.kinds import Label
from taojin.start.keys import Told
from taojin.start.profile import Profile, words_of

STRENGTH = {
    word: strength
    for strength, words in (
        (0, "show shown impression expose exposure"),
        (1, "view pageview visit read play listen watch open interact rate"),
        (2, "click detail comment"),
        (3, "long finish complete download"),
        (4, "like favourite favorite fav save wish wishlist bookmark collect"),
        (4, "share forward follow subscribe cart basket"),
        (6, "buy bought purchase order transaction pay payment conversion"),
    )
    for word in words.split()
}
"""How much a kind of event says for an item, by the words of its name."""
AGAINST = ("hate", "dislike", "skip", "return", "refund", "remove", "unlike", "block", "report", "cancel", "negative")
EVENTS = ("event", "action", "behavior", "behaviour", "activity", "interaction", "type", "kind", "op")
RATINGS = ("rating", "rate", "stars", "score", "review", "overall", "grade")
QUANTITIES = ("quantity", "qty", "units", "pieces")
DURATIONS = ("watch", "play", "duration", "dwell", "listen", "ratio", "progress", "stay")
KINDS = 24
"""A column with more different words is no kind of event."""
LIKED = 0.7
"""Of the highest rating, from which on it is a like."""
ENOUGH, SHARE = 500, 0.03
"""So many events, and such a share of all, a kind must have to be what the funnel is judged by."""
RARE = 0.25
"""Of the most frequent kind: a success that is rarer says too little of tastes."""


@dataclass(frozen=True)
class Happened:
    """What the events are.

    event       column of the kind; None: all are of `base`
    interest    the kind that tells tastes, where the positive one is rare; None: it does
    base        the kind of every row, "" where the column or flags say it
    flags       column -> kind
    value       column of the value, None where there is none
    valued      the kind that has the value, "" where there is none
    role        what the value is: "rating", "quantity", "duration", or ""
    """

    kinds: tuple[str, ...]
    positive: str
    interest: str | None = None
    event: str | None = None
    base: str = ""
    flags: Mapping[str, str] = field(default_factory=dict)
    value: str | None = None
    valued: str = ""
    role: str = ""
    labels: tuple[Label, ...] = ()


def find_happened(columns: Mapping[str, Profile], taken: set[str]) -> tuple[Happened, list[Told]]:
    """Kinds, flags, value and labels of a log, and by what each was told."""
    rest = {name: column for name, column in columns.items() if name not in taken and len(column.there)}
    told: list[Told] = []
    event = _event(rest)
    flags = {} if event else _flags(rest)
    value, role = _value({name: column for name, column in rest.items() if name not in flags})
    kinds: tuple[str, ...]
    labels: list[Label] = []
    base = valued = ""
    counts: dict[str, int] = {}
    if event is not None:
        counts = _counts(rest[event])
        kinds = tuple(counts)
        told.append(Told("event", event, f"holds {', '.join(f'{kind} ({n:,})' for kind, n in counts.items())}"))
    else:
        base = {"rating": "rate", "quantity": "buy"}.get(role, "show" if flags else "view" if role else "interact")
        counts = {base: len(next(iter(columns.values())).text)}
        for column, kind in flags.items():
            counts[kind] = _yes(rest[column])
            told.append(Told("event", column, f"says yes or no: where it says yes, the event is a {kind}, too"))
        kinds = (base, *flags.values())
    if value is not None:
        numbers = rest[value].numbers
        assert numbers is not None, "a value is a number"
        told.append(Told("value", value, f"a {role} from {numbers.min():g} to {numbers.max():g}"))
        valued = _valued(rest[event], rest[value]) if event else base
        if role == "rating":
            border = _border(numbers)
            labels.append(Label("like", valued, at_least=border))
            counts["like"] = int((numbers >= border).sum())
            share = counts["like"] / len(numbers)
            told.append(
                Told("like", value, f"{border:g} and more: {LIKED:.0%} of the highest, {share:.0%} of the ratings")
            )
        elif role == "quantity" and numbers.min() < 0:
            bought, returned = int((numbers > 0).sum()), int((numbers < 0).sum())
            if not event:
                base = valued = "line"
                kinds = ("line", *flags.values())
            labels += [Label("buy", valued, at_least=1e-6), Label("return", valued, at_most=-1e-6)]
            counts |= {"buy": bought, "return": returned}
            told.append(Told("buy", value, f"above 0; what is below, {returned:,} lines, is a return"))
    kinds = tuple(dict.fromkeys([*kinds, *(label.name for label in labels)]))
    positive, why = _positive({kind: counts.get(kind, 0) for kind in kinds})
    told.append(Told("success", positive, why))
    interest = _interest(positive, counts)
    if interest is not None:
        told.append(Told("interest", interest, f"tells tastes, since {positive} is rare ({counts[positive]:,})"))
    return Happened(kinds, positive, interest, event, base, flags, value, valued, role, tuple(labels)), told


def again(user: pa.ChunkedArray, item: pa.ChunkedArray) -> float:
    """Share of the rows whose user has had the item in another row."""
    pair = pc.binary_join_element_wise(user.cast(pa.string()), item.cast(pa.string()), "\x1f").drop_null()
    return 1 - pc.count_distinct(pair).as_py() / max(1, len(pair))


def strength(kind: str) -> int:
    """How much a kind of event says for an item; below 0 against it.

    >>> strength("add_to_cart"), strength("is_hate"), strength("long_view")
    (4, -1, 3)
    """
    words = set(words_of(kind))
    if any(word in AGAINST for word in words):
        return -1
    return max((STRENGTH[word] for word in words if word in STRENGTH), default=1)


def _event(columns: Mapping[str, Profile]) -> str | None:
    """A column of few words that are known kinds, or that is called so."""
    found = []
    for name, column in columns.items():
        if column.numbers is not None or not 1 <= column.distinct <= KINDS or column.length > 30:
            continue
        known = sum(any(word in STRENGTH or word in AGAINST for word in words_of(value)) for value in column.values)
        score = 2 * known / column.distinct + any(word in EVENTS for word in column.words)
        if score >= 2 or (score >= 1 and column.distinct > 1 and "event" in column.words):
            found.append((score, name))
    return max(found)[1] if found else None


def _flags(columns: Mapping[str, Profile]) -> dict[str, str]:
    """Columns that say yes or no to a known kind; the first of several for the same."""
    flags: dict[str, str] = {}
    for name, column in columns.items():
        words = column.words - {"is", "has", "was", "did"}
        if column.flag and words and any(word in STRENGTH or word in AGAINST for word in words):
            kind = name.lower().removeprefix("is_").removeprefix("has_")
            if kind not in flags.values():
                flags[name] = kind
    return flags


def _value(columns: Mapping[str, Profile]) -> tuple[str | None, str]:
    """The number that says how much: a rating, a quantity or how long it was looked at."""
    for role, names in (("rating", RATINGS), ("quantity", QUANTITIES), ("duration", DURATIONS)):
        for name, column in sorted(columns.items(), key=lambda pair: "ratio" not in pair[1].words):
            numbers = column.numbers
            if numbers is None or column.moments is not None or column.flag or column.distinct < 2:
                continue
            if role == "rating" and (column.distinct > 101 or numbers.min() < -100):
                continue
            if any(word in names for word in column.words):
                return name, role
    # Without a line of names, a few whole or half numbers are a rating.
    for name, column in columns.items():
        numbers = column.numbers if column.nameless and 3 <= column.distinct <= 11 else None
        if numbers is None or not (0 <= numbers.min() <= 1 and 3 <= numbers.max() <= 10):
            continue
        if (2 * numbers == np.floor(2 * numbers)).all():
            return name, "rating"
    return None, ""


def _valued(event: Profile, value: Profile) -> str:
    """The kind of event in whose rows the value stands most often."""
    beside = _counts(Profile(event.name, event.cells.filter(pc.is_valid(value.text))))
    return max(_counts(event), key=lambda kind: beside.get(kind, 0))


def _border(numbers: np.ndarray) -> float:
    """The lowest rating that is a like."""
    values = np.unique(numbers)
    return float(values[np.searchsorted(values, LIKED * values[-1] - 1e-9)])


def _positive(counts: Mapping[str, int]) -> tuple[str, str]:
    """The kind that counts as success: the one that says most of those that are frequent enough."""
    whole = max(counts.values())
    liked = {kind: strength(kind) for kind in counts if strength(kind) >= 0}
    if not liked:
        raise ValueError(
            f"events: every kind, {', '.join(counts)}, says something against an item; none can be learned"
        )
    often = {kind: says for kind, says in liked.items() if counts[kind] >= max(ENOUGH, SHARE * whole)}
    chosen = max(often or liked, key=lambda kind: (liked[kind], counts[kind]) if often else (counts[kind], liked[kind]))
    stronger = [kind for kind, says in liked.items() if says > liked[chosen]]
    why = "says most for an item" if often else "the most frequent of few"
    if stronger:
        why += f" of what is frequent enough; {', '.join(f'{kind} ({counts[kind]:,})' for kind in stronger)} is rare"
    return chosen, why


def _interest(positive: str, counts: Mapping[str, int]) -> str | None:
    """The most frequent kind that speaks for an item, where the positive one is much rarer."""
    often = max((kind for kind in counts if strength(kind) >= 1), key=lambda kind: counts[kind], default=positive)
    return often if counts[positive] < RARE * counts[often] else None


def _counts(column: Profile) -> dict[str, int]:
    counted = column.there.value_counts().to_pylist()
    return {one["values"]: one["counts"] for one in sorted(counted, key=lambda one: -one["counts"])}


def _yes(column: Profile) -> int:
    text = pc.utf8_lower(column.there)
    return int(pc.sum(pc.is_in(text, value_set=pa.array(["1", "1.0", "true", "yes"]))).as_py() or 0)
