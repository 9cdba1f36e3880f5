"""What is asked of the recommender, in external ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from taojin.serving.filters import Word
from taojin.serving.problem import Problem

FOR_YOU = "for_you"
SIMILAR = "similar"


@dataclass(frozen=True, kw_only=True)
class Question:
    """The n best items for one user, please.

    user        external id; one that nobody knows is a stranger, about whom the live store may yet know something
    history     items that a stranger without an id liked, oldest first
    item        where the scene `similar` starts from
    only        field -> values, of which an item must have one in every field
    exclude     items that must not come
    fields      of the catalogue, to be told of each item
    channels    ask these channels of the scene alone; empty: all
    context     what the caller says of the moment (device, region, ...); for features that read it
    explain     keep the trace of the funnel
    request_id  the only source of randomness; made up where there is none
    """

    user: str | None = None
    history: Sequence[str] = ()
    item: str | None = None
    scene: str = FOR_YOU
    n: int = 10
    only: Mapping[str, Sequence[Word]] = field(default_factory=dict)
    exclude: Sequence[str] = ()
    fields: Sequence[str] = ()
    channels: Sequence[str] = ()
    context: Mapping[str, Word] = field(default_factory=dict)
    explain: bool = False
    request_id: str | None = None

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(Problem("n", "1 or more", str(self.n), "ask for an item at least"))
        if self.user is not None and self.history:
            raise ValueError(Problem("history", "a user or a history", "both", "leave one of them out"))
        if (self.scene == SIMILAR) != (self.item is not None):
            expected = f"an item for the scene {SIMILAR!r} and for no other"
            got = f"scene {self.scene!r} with item {self.item!r}"
            raise ValueError(Problem("item", expected, got, "name both or neither"))
