"""What the types of a spec's fields allow, and how what they do not is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal

import pytest

from taojin.core.bounds import Bound, Count, Counts, Dropped, NotNegative, Span, bounded, bounded_throughout


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Leaf:
    size: Count = 1

    def __post_init__(self) -> None:
        bounded(self)


@dataclass(frozen=True)
class Other:
    pass


@dataclass(frozen=True, kw_only=True)
class Spec:
    count: Count = 1
    counts: Counts = (1, 2)
    dropped: Dropped = 0.0
    rate: NotNegative = 0.5
    span: Span = 1.0
    gap: Annotated[int | None, Bound(low=1, whole=True)] = None
    number: int = 3
    real: float = 1.5
    text: str = "a"
    words: tuple[str, ...] = ()
    colour: Colour = Colour.RED
    how: Literal["fast", "slow"] = "fast"
    leaf: Leaf | None = None
    leaves: tuple[Leaf | Other, ...] = ()
    switch: bool = False
    named: Mapping[str, float] = field(default_factory=dict)
    free: object = None

    def __post_init__(self) -> None:
        bounded(self)


def test_what_the_types_allow_is_taken() -> None:
    spec = Spec(
        count=7, counts=(), dropped=0.9, rate=0, span=float("inf"), gap=3, number=-2, real=1, words=("a",),
        colour="blue", how="slow", leaf=Leaf(), leaves=(Leaf(), Other()), switch=True, named={"a": 1}, free=Leaf,
    )  # fmt: skip
    assert spec.colour == Colour.BLUE


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"count": 0}, "Spec.count: expected a whole number, 1 or more; got 0"),
        ({"count": True}, "Spec.count: expected a whole number, 1 or more; got True"),
        ({"count": None}, "Spec.count: expected a whole number, 1 or more; got None"),
        ({"counts": 8}, r"Spec.counts: expected .* 1 or more, 1,000,000 at most; got 8"),
        ({"counts": (8, 0)}, r"Spec.counts: expected .* 1 or more, 1,000,000 at most; got"),
        ({"dropped": 1.0}, "Spec.dropped: expected a number, 0 or more, below 1; got 1.0"),
        ({"rate": float("nan")}, "Spec.rate: expected a number, 0 or more; got nan"),
        ({"rate": "x"}, "Spec.rate: expected a number, 0 or more; got 'x'"),
        ({"gap": 0}, "Spec.gap: expected a whole number, 1 or more; got 0"),
        ({"number": 1.5}, "Spec.number: expected a whole number; got 1.5"),
        ({"number": "3"}, "Spec.number: expected a whole number; got '3'"),
        ({"real": None}, "Spec.real: expected a number; got None"),
        ({"text": 3}, "Spec.text: expected text; got 3"),
        ({"words": "like"}, r"Spec.words: expected .* got 'like'; one of them is written \('like',\)"),
        ({"words": ("a", 3)}, r"Spec.words: expected a tuple, each part text; got \('a', 3\)"),
        ({"colour": "green"}, "Spec.colour: expected 'red' or 'blue'; got 'green'"),
        ({"how": "late"}, "Spec.how: expected 'fast' or 'slow'; got 'late'"),
        ({"leaf": Leaf}, r"Spec.leaf: expected Leaf; got .*; call it: Leaf\(\)"),
        ({"leaf": Other()}, r"Spec.leaf: expected Leaf; got Other\(\)"),
        ({"leaves": Leaf()}, r"Spec.leaves: expected .* Leaf or Other; .* is written \(Leaf\(size=1\),\)"),
        ({"switch": "no"}, "Spec.switch: expected True or False; got 'no'"),
        ({"named": [1]}, r"Spec.named: expected a mapping; got \[1\]"),
    ],
)  # fmt: skip
def test_what_they_do_not_is_told_with_its_field(fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        Spec(**fields)


def test_specs_within_specs_are_looked_at() -> None:
    bad = Leaf()
    object.__setattr__(bad, "size", 0)
    for spec in (bad, {"a": (1, [bad])}, Spec(free=bad), Spec(named={"x": bad})):
        with pytest.raises(ValueError, match=r"Leaf.size: expected a whole number, 1 or more; got 0"):
            bounded_throughout(spec)
    bounded_throughout({"a": (1, Leaf, [Leaf()])})
