"""The kinds of event a data set knows, and the labels that are derived from them.

An event may be of several kinds at once (a rating of 5 is a `rate` and a `like`; one view of a video is a `view`, a
`click` and a `like`), so kinds are bits of one number. Training and the live service code events by this one class.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from taojin.core.units import Mask


def with_kinds(named: pa.Array | pa.ChunkedArray, known: Mapping[str, Mask]) -> pa.Array:
    """The kinds of each event as text, those named already and those of which it is as well, `+` between.

    >>> with_kinds(pa.chunked_array([["show", "show"]]), {"click": np.array([True, False])}).to_pylist()
    ['show+click', 'show']
    """
    filled = pc.fill_null(named.cast(pa.string()), "")
    words = (filled.combine_chunks() if isinstance(filled, pa.ChunkedArray) else filled).dictionary_encode()
    code = np.asarray(words.indices).astype(np.int64) << len(known)
    for place, mask in enumerate(known.values()):
        code |= mask.astype(np.int64) << place
    distinct, code = np.unique(code, return_inverse=True)
    texts = []
    for bits in distinct.tolist():
        first = words.dictionary[bits >> len(known)].as_py()
        texts.append(
            "+".join([*([first] if first else []), *(k for place, k in enumerate(known) if bits >> place & 1)])
        )
    return pa.array(texts, pa.string()).take(pa.array(code))


@dataclass(frozen=True)
class Label:
    """Events of kind `event` whose value lies in [at_least, at_most] are of kind `name`, too."""

    name: str
    event: str
    at_least: float = -np.inf
    at_most: float = np.inf


@dataclass(frozen=True)
class Kinds:
    """Names of the kinds of event, in the order of their bits.

    >>> kinds = Kinds(("rate", "like"), (Label("like", "rate", at_least=3.5),))
    >>> kinds.code(np.array(["rate", "rate"]), np.array([5.0, 2.0]))
    array([3, 1], dtype=uint32)
    """

    names: tuple[str, ...]
    labels: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        if len(self.names) > 32:
            raise ValueError(f"kinds: at most 32 kinds of event, got {len(self.names)}; group the rare ones")
        for label in self.labels:
            self.bits(label.name, label.event)

    def bits(self, *names: str) -> int:
        """The bits of these kinds."""
        for name in names:
            if name not in self.names:
                close = difflib.get_close_matches(name, self.names, n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise ValueError(f"event {name!r}: this data has {', '.join(self.names)}{hint}")
        return sum(1 << self.names.index(name) for name in set(names))

    def read(self, text: str | None) -> int:
        """The bits of a kind, or of several with `+` between; 0 if one of them is not known.

        >>> Kinds(("show", "click")).read("show+click"), Kinds(("show", "click")).read("clack")
        (3, 0)
        """
        names = [text] if text in self.names else (text or "").split("+")
        return self.bits(*names) if all(name in self.names for name in names) else 0

    @property
    def all(self) -> int:
        """The bits of every kind."""
        return (1 << len(self.names)) - 1

    def code(self, names: Sequence[str] | NDArray[np.generic], values: NDArray[np.floating]) -> NDArray[np.uint32]:
        """Bits of each event, labels included, uint32[E]; a name that is not known is an error."""
        column = np.asarray(names)
        bits = np.zeros(len(column), np.uint32)
        for name in np.unique(column):
            bits[column == name] = self.bits(str(name))
        return self.labelled(bits, values)

    def labelled(self, bits: NDArray[np.uint32], values: NDArray[np.floating]) -> NDArray[np.uint32]:
        """The same events with the labels that follow from their kinds and values, uint32[E]."""
        bits = bits.copy()
        for label in self.labels:
            with np.errstate(invalid="ignore"):
                hit = (values >= label.at_least) & (values <= label.at_most)
            of_kind = (bits & np.uint32(self.bits(label.event))) != 0
            bits[of_kind & hit] |= np.uint32(self.bits(label.name))
        return bits
