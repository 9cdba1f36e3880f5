"""What a recommendation says: the items, why each is there, and what the funnel did."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from taojin.core.trace import Trace
from taojin.serving.question import SIMILAR

if TYPE_CHECKING:
    import pandas

WIDEST_TITLE = 44


@dataclass(frozen=True)
class Reason:
    """What an item has in common with another one that the user liked or looks at.

    shared      field -> the values that both have, the rarest first
    """

    id: str
    title: str
    shared: dict[str, tuple[str, ...]]

    def __str__(self) -> str:
        return f"{', '.join(v for values in self.shared.values() for v in values)}, as {self.title or self.id}"


@dataclass(frozen=True, kw_only=True)
class Recommended:
    """One item of an answer.

    score       what it was ranked by
    channels    channel -> the item's place in it, from 1
    scores      every stage's score
    details     the catalogue's fields that were asked for
    reason      None where nothing is in common with what the user liked
    """

    id: str
    title: str
    score: float
    channels: dict[str, int]
    scores: dict[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    reason: Reason | None = None

    def to_json(self, *, explain: bool) -> dict[str, Any]:
        """What goes over the wire; places and scores where an explanation was asked for."""
        plainly = {
            "id": self.id,
            "title": self.title,
            "score": self.score,
            "channels": list(self.channels),
            "reason": None if self.reason is None else asdict(self.reason),
            "fields": plain(self.details),
        }
        return plainly | ({"places": self.channels, "scores": self.scores} if explain else {})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer: items, best first.

    bundle      version of the bundle that answered
    degraded    parts that failed and were left out
    exhausted   True: fewer items than asked for: the catalogue, or the channels that were asked, have no more to show
    unknown     ids of the question's history and exclusions that the catalogue does not have
    stranger    True: nothing is known of who asks, so that everybody unknown gets this list
    trace       what each part of the funnel did, where it was asked for

    >>> one = Recommended(id="1", title="Toy Story (1995)", score=0.5, channels={"hot": 2})
    >>> print(Answer(items=(one,), request_id="r", scene="for_you", user="42"))
     1  Toy Story (1995)   0.5000  hot 2
    """

    items: tuple[Recommended, ...]
    request_id: str
    scene: str
    user: str | None
    bundle: str = ""
    degraded: tuple[str, ...] = ()
    exhausted: bool = False
    unknown: tuple[str, ...] = ()
    stranger: bool = False
    trace: Trace | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Recommended]:
        return iter(self.items)

    def __getitem__(self, place: int) -> Recommended:
        return self.items[place]

    def __str__(self) -> str:
        width = min(WIDEST_TITLE, max((len(item.title or item.id) for item in self.items), default=0))
        lines = [_line(place, item, width) for place, item in enumerate(self.items, start=1)]
        if self.unknown:
            lines.append(f"(not in the catalogue: {', '.join(self.unknown)})")
        if self.stranger and self.scene != SIMILAR:
            who = "nobody was named" if self.user is None else f"nothing is known of user {self.user!r}"
            lines.append(f"({who}: what a stranger gets)")
        if self.exhausted:
            lines.append("(there is no more that may be shown)")
        if self.degraded:
            lines.append(f"(left out, because they failed: {', '.join(self.degraded)})")
        if self.trace is not None:
            lines += ["", self.trace.table()]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The body of `POST /v1/recommend`."""
        explain = self.trace is not None
        plainly = {
            "items": [item.to_json(explain=explain) for item in self.items],
            "request_id": self.request_id,
            "bundle": self.bundle,
            "degraded": list(self.degraded),
            "exhausted": self.exhausted,
            "unknown": list(self.unknown),
            "stranger": self.stranger,
        }
        return plainly | ({"trace": [asdict(step) for step in self.trace.steps]} if self.trace is not None else {})

    def to_pandas(self) -> "pandas.DataFrame":
        """A row for each item, best first; needs pandas."""
        import pandas  # noqa: PLC0415 - the service runs without it

        columns = ["id", "title", "score", "channels", "reason"]
        rows = [
            {
                "id": item.id,
                "title": item.title,
                "score": item.score,
                "channels": ", ".join(item.channels),
                "reason": str(item.reason or ""),
                **item.details,
            }
            for item in self.items
        ]
        return pandas.DataFrame(rows, columns=columns if not rows else None)


def plain(value: Any) -> Any:
    """The value as JSON can say it: what is not a finite number is None.

    >>> plain({"year": 1995, "mean": float("nan")})
    {'year': 1995, 'mean': None}
    """
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {name: plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case date():
            return value.isoformat()
        case _:
            return value


def _line(place: int, item: Recommended, width: int) -> str:
    name = item.title or item.id
    shown = name if len(name) <= width else name[: width - 1] + "…"
    found = ", ".join(f"{channel} {at}" for channel, at in item.channels.items())
    why = f"  ({item.reason})" if item.reason else ""
    return f"{place:>2}  {shown:<{width}}  {item.score:>7.4f}  {found}{why}"
