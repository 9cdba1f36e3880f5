"""Encoders: fitted on the training split, saved in the bundle, applied by one function everywhere. NumPy only."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taojin.core.units import FIRST, UNKNOWN, Floats, Ints


@dataclass(frozen=True)
class Scale:
    """Standardises a number: (x - mean) / deviation, of log(1 + x) if `log`; what is not finite becomes 0.

    >>> Scale.fit(np.array([1.0, 3.0])).apply(np.array([2.0, np.nan]))
    array([0., 0.], dtype=float32)
    """

    mean: float = 0.0
    deviation: float = 1.0
    log: bool = False

    @classmethod
    def fit(cls, values: NDArray[Any], log: bool = False) -> "Scale":
        """Take mean and deviation over the values that float32 can hold; a constant column keeps its unit."""
        seen = _numbers(values, log)
        seen = seen[np.abs(seen) <= np.finfo(np.float32).max]
        if not len(seen):
            return cls(log=log)
        deviation = float(seen.std())
        return cls(float(seen.mean()), deviation if deviation > 1e-9 else 1.0, log)

    def apply(self, values: NDArray[Any]) -> Floats:
        """Scaled values of the same shape, float32, clipped to ten deviations."""
        scaled = (_numbers(values, self.log) - self.mean) / self.deviation
        return np.where(np.isnan(scaled), 0.0, np.clip(scaled, -10, 10)).astype(np.float32)


def _numbers(values: NDArray[Any], log: bool) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    return np.log1p(np.maximum(numbers, 0.0)) if log else numbers


@dataclass(frozen=True)
class Bucket:
    """Codes a number by quantile: FIRST + the bucket it falls in; UNKNOWN where it is missing.

    edges   ascending, float64[B-1]
    """

    edges: NDArray[np.float64]

    @classmethod
    def fit(cls, values: NDArray[Any], buckets: int) -> "Bucket":
        """Edges between buckets of about equal size; equal values stay together."""
        numbers = np.asarray(values, dtype=np.float64)
        numbers = numbers[np.isfinite(numbers)]
        if not len(numbers):
            return cls(np.empty(0))
        return cls(np.unique(np.quantile(numbers, np.linspace(0, 1, buckets + 1)[1:-1])))

    @property
    def size(self) -> int:
        """Number of codes, reserved ones included."""
        return len(self.edges) + 1 + FIRST

    def apply(self, values: NDArray[Any]) -> Ints:
        """Codes of the same shape."""
        numbers = np.asarray(values, dtype=np.float64)
        codes = FIRST + np.searchsorted(self.edges, numbers, side="right")
        return np.where(np.isfinite(numbers), codes, UNKNOWN).astype(np.int64)


@dataclass(frozen=True)
class Words:
    """Codes words: FIRST + their place; UNKNOWN for those that training did not have, PAD for none.

    words   by falling frequency, then alphabetical; behind those that have a code already
    """

    words: tuple[str, ...]

    @classmethod
    def fit(cls, words: Sequence[str] | NDArray[Any], min_count: int = 1, first: tuple[str, ...] = ()) -> "Words":
        """Every word that occurs at least `min_count` times.

        first   words that keep the codes of an earlier run, however often they occur now
        """
        names, counts = np.unique(np.asarray(words, dtype=np.str_), return_counts=True)
        names, counts = names[counts >= min_count], counts[counts >= min_count]
        known = set(first)
        new = (str(name) for name in names[np.lexsort((names, -counts))])
        return cls((*first, *(name for name in new if name not in known)))

    @property
    def size(self) -> int:
        """Number of codes, reserved ones included."""
        return len(self.words) + FIRST

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {word: place + FIRST for place, word in enumerate(self.words)}

    def code(self, word: str) -> int:
        """Code of one word."""
        return self._codes.get(word, UNKNOWN)

    def apply(self, words: Sequence[str]) -> Ints:
        """Codes of some words, int64[W]."""
        return np.fromiter((self._codes.get(word, UNKNOWN) for word in words), np.int64, len(words))


def hashed(parts: Sequence[Ints], size: int, salt: str) -> Ints:
    """One code in [FIRST, size) for each row of several code columns, the same on every machine.

    Feature hashing: Weinberger et al., ICML 2009, https://arxiv.org/abs/0902.2206
    """
    mixed = np.full(np.broadcast_shapes(*(part.shape for part in parts)), zlib.crc32(salt.encode()), np.uint64)
    for part in parts:
        # The finaliser of splitmix64, over the sum so far: every input bit reaches every output bit.
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + part.astype(np.uint64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return (FIRST + mixed % np.uint64(size - FIRST)).astype(np.int64)
