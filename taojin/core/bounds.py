"""What numbers the fields of a spec may hold, said by their types and checked when the spec is made.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class Soup:
...     spoons: Count = 2
...     def __post_init__(self) -> None:
...         bounded(self)
>>> Soup(spoons=0)
Traceback (most recent call last):
    ...
ValueError: Soup.spoons: expected a whole number, 1 or more; got 0
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from numbers import Integral, Real
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Numbers from `low` to `high`, neither of which is not-a-number.

    above       `low` itself is not allowed
    below       `high` itself is not allowed
    whole       no fractions
    endless     infinity is allowed
    """

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False
    whole: bool = False
    endless: bool = False

    def allows(self, value: object) -> bool:
        """Whether a value is such a number.

        >>> Bound(low=0).allows(math.nan), Bound(low=0).allows("3"), Bound(low=0).allows(3)
        (False, False, True)
        """
        if isinstance(value, bool) or not isinstance(value, Integral if self.whole else Real):
            return False
        number: Any = value
        inside = self.low < number if self.above else self.low <= number
        inside &= number < self.high if self.below else number <= self.high
        return bool(inside) and (self.endless or isinstance(value, Integral) or math.isfinite(number))

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        least = f"above {self.low:,.12g}" if self.above else f"{self.low:,.12g} or more"
        most = f"below {self.high:,.12g}" if self.below else f"{self.high:,.12g} at most"
        limits = ([least] if math.isfinite(self.low) else []) + ([most] if math.isfinite(self.high) else [])
        return ", ".join([kind, *limits])


COUNT = Bound(low=1, whole=True)
POSITIVE = Bound(low=0, above=True)
Count = Annotated[int, COUNT]
"""1, 2, 3, ...; also milliseconds of a span."""
Counts = Annotated[tuple[int, ...], Bound(low=1, high=1_000_000, whole=True)]
"""Several of them, such as the units of layers."""
Whole = Annotated[int, Bound(low=0, whole=True)]
"""0, 1, 2, ..."""
NotNegative = Annotated[float, Bound(low=0)]
Positive = Annotated[float, POSITIVE]
Span = Annotated[float, Bound(low=0, above=True, endless=True)]
"""Above 0, infinity for never."""
Share = Annotated[float, Bound(low=0, high=1)]
"""A part of a whole, which may be none of it: [0, 1]."""
Portion = Annotated[float, Bound(low=0, high=1, above=True)]
"""A part of a whole, which may be all of it, or what a thing is multiplied by at each step: (0, 1]."""
Dropped = Annotated[float, Bound(low=0, high=1, below=True)]
"""A part that is left out, so that something stays: [0, 1)."""


def bounded(spec: object) -> None:
    """Refuse what the types of a dataclass's fields do not allow: numbers out of bounds, a wrong kind of part.

    Looked at are numbers, text, truth values, choices, parts (specs, and protocols that are checked at run time), and
    tuples of these; other types are not. Raises ValueError that names class, field and what was expected. To be called
    by `__post_init__`.
    """
    for field in fields(spec):  # type: ignore[arg-type]
        value = getattr(spec, field.name)
        if not _fits(value, field.type):
            name = f"{type(spec).__name__}.{field.name}"
            raise ValueError(f"{name}: expected {_words(field.type)}; got {value!r}{_hint(value, field.type)}")


def bounded_throughout(spec: object) -> None:
    """`bounded` for a spec and for every spec within it: in its fields, tuples and mappings."""
    if is_dataclass(spec) and not isinstance(spec, type):
        bounded(spec)
        parts: Iterable[object] = [getattr(spec, field.name) for field in fields(spec)]
    elif isinstance(spec, tuple | list):
        parts = spec
    elif isinstance(spec, Mapping):
        parts = spec.values()
    else:
        return
    for part in parts:
        bounded_throughout(part)


def _fits(value: object, declared: Any) -> bool:
    """Whether a value is of a declared type; True for types that are not looked at."""
    kind, parts = get_origin(declared), get_args(declared)
    if kind is Annotated:
        bound = next((part for part in parts[1:] if isinstance(part, Bound)), None)
        return _fits(value, parts[0]) if bound is None else _within(value, parts[0], bound)
    if kind in (UnionType, Union):
        return any(_fits(value, part) for part in parts)
    if kind is Literal:
        return any(value == part and type(value) is type(part) for part in parts)
    if kind is tuple and parts[1:] == (Ellipsis,):
        return isinstance(value, tuple) and all(_fits(one, parts[0]) for one in value)
    if kind in (dict, Mapping):
        return isinstance(value, Mapping)
    if declared is None or declared is type(None):
        return value is None
    return not isinstance(declared, type) or _is_one(value, declared)


def _is_one(value: object, declared: type) -> bool:
    if issubclass(declared, Enum):
        return value in tuple(declared)  # text that is a member of a StrEnum is one, too
    if declared is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if declared is float:
        return isinstance(value, Real) and not isinstance(value, bool)
    if declared in (str, bool):
        return isinstance(value, declared)
    return not _is_part(declared) or (isinstance(value, declared) and not isinstance(value, type))


def _within(value: object, kind: Any, bound: "Bound") -> bool:
    if value is None:
        return type(None) in get_args(kind)
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(bound.allows(part) for part in value)
    return bound.allows(value)


def _is_part(kind: type) -> bool:
    """Whether a class is a spec or a protocol of specs that instances can be held against."""
    return is_dataclass(kind) or getattr(kind, "_is_runtime_protocol", False)


def _words(declared: Any) -> str:
    """What is expected, for a message."""
    kind, parts = get_origin(declared), get_args(declared)
    if kind is Annotated:
        bound = next((part for part in parts[1:] if isinstance(part, Bound)), None)
        if bound is None:
            return _words(parts[0])
        return f"a tuple, each part {bound}" if get_origin(parts[0]) is tuple else str(bound)
    if kind in (UnionType, Union):
        return _one_of([_words(part) for part in parts if part is not type(None)])
    if kind is Literal:
        return _one_of([repr(part) for part in parts])
    if kind is tuple:
        return f"a tuple, each part {_words(parts[0])}"
    if kind in (dict, Mapping):
        return "a mapping"
    if isinstance(declared, type) and issubclass(declared, Enum):
        return _one_of([repr(str(member.value)) for member in declared])
    plain = {str: "text", bool: "True or False", int: "a whole number", float: "a number"}
    return plain.get(declared, getattr(declared, "__name__", str(declared)))


def _one_of(words: Sequence[str]) -> str:
    """A, B or C."""
    return " or ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), words[-1]])


def _hint(value: object, declared: Any) -> str:
    """The remedy of two slips: a class in the place of its instance, and one thing in the place of a tuple."""
    if isinstance(value, type):
        return f"; call it: {value.__name__}()"
    if get_origin(declared) is tuple and _fits((value,), declared):
        return f"; one of them is written ({value!r},)"
    return ""
