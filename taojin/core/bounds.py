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
from dataclasses import dataclass, fields, is_dataclass
from numbers import Integral, Real
from types import UnionType
from typing import Annotated, Any, get_args, get_origin


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
        least = f"above {self.low:g}" if self.above else f"{self.low:g} or more"
        most = f"below {self.high:g}" if self.below else f"{self.high:g} at most"
        limits = ([least] if math.isfinite(self.low) else []) + ([most] if math.isfinite(self.high) else [])
        return ", ".join([kind, *limits])


COUNT = Bound(low=1, whole=True)
POSITIVE = Bound(low=0, above=True)
Count = Annotated[int, COUNT]
"""1, 2, 3, ...; also milliseconds of a span."""
Counts = Annotated[tuple[int, ...], COUNT]
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
    """Refuse numbers that the types of a dataclass's fields do not allow; each part of a tuple is looked at.

    Text, truth values and specs within the spec must be of their type, too. Raises ValueError that names class, field
    and what was expected. To be called by `__post_init__`.
    """
    for field in fields(spec):  # type: ignore[arg-type]
        _check_type(spec, field.name, field.type)
        bound = next((part for part in getattr(field.type, "__metadata__", ()) if isinstance(part, Bound)), None)
        if bound is None:
            continue
        value = getattr(spec, field.name)
        kind = get_args(field.type)[0]
        if value is None and type(None) in get_args(kind):
            continue
        several = get_origin(kind) is tuple
        parts = value if several and isinstance(value, tuple) else (value,)
        if several != isinstance(value, tuple) or not all(bound.allows(part) for part in parts):
            wanted = f"a tuple, each part {bound}" if several else bound
            raise ValueError(f"{type(spec).__name__}.{field.name}: expected {wanted}; got {value!r}")


def _check_type(spec: object, name: str, declared: object) -> None:
    """Refuse what is no instance of a declared class, of text, or of one of several specs."""
    several = get_args(declared) if isinstance(declared, UnionType) else (declared,)
    kinds = [kind for kind in several if kind is not type(None)]
    checked = all(isinstance(kind, type) and (kind in (str, bool) or _is_part(kind)) for kind in kinds)
    value = getattr(spec, name)
    if not checked or (isinstance(declared, UnionType) and value is None and type(None) in get_args(declared)):
        return
    if isinstance(value, type) or not isinstance(value, tuple(kinds)):
        names = " or ".join({str: "text", bool: "True or False"}.get(kind, kind.__name__) for kind in kinds)
        hint = f"; call it: {value.__name__}()" if isinstance(value, type) else ""
        raise ValueError(f"{type(spec).__name__}.{name}: expected {names}; got {value!r}{hint}")


def _is_part(kind: type) -> bool:
    """Whether a class is a spec or a protocol of specs that instances can be held against."""
    return is_dataclass(kind) or getattr(kind, "_is_runtime_protocol", False)
