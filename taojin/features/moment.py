"""Features known only at request time: calendar, the caller's context, what channels said, crosses. NumPy only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from taojin.core.batch import Candidates
from taojin.core.units import DAY, FIRST, HOUR, UNKNOWN
from taojin.data.dataset import TrainView
from taojin.features.encode import Words, hashed
from taojin.features.feature import Ask, Category, Column, Form, Level, Number, Values


class Part(StrEnum):
    """Parts of the calendar, in UTC."""

    HOUR = "hour"
    WEEKDAY = "weekday"


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Hour of the day or day of the week of the request; its own column, as there is nothing to fit."""

    name: str
    part: Part = Part.HOUR
    level: Level = Level.REQUEST
    needs_clock: bool = True

    @property
    def form(self) -> Form:
        """24 hours or 7 days, behind the reserved codes."""
        return Category(FIRST + (24 if self.part is Part.HOUR else 7))

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> "Calendar":
        """Itself."""
        return self

    def read(self, ask: Ask) -> Values:
        """Codes int64[R]; 1 January 1970 was a Thursday, Monday is the first day."""
        time = ask.requests.time
        return FIRST + (time // HOUR % 24 if self.part is Part.HOUR else (time // DAY + 3) % 7)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the caller says of the moment (device, region, ...), one of some declared words."""

    name: str
    key: str
    words: tuple[str, ...]
    level: Level = Level.REQUEST
    needs_clock: bool = False

    @property
    def form(self) -> Form:
        """A category of the declared words."""
        return Category(FIRST + len(self.words))

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> "Context":
        """Itself."""
        return self

    def read(self, ask: Ask) -> Values:
        """Codes int64[R]; UNKNOWN where the caller says nothing or another word."""
        if self.key not in ask.requests.context:
            return np.full(len(ask.requests), UNKNOWN)
        return Words(self.words).apply([str(word) for word in ask.requests.context[self.key]])


NEAR = np.concatenate(([0], 1 / np.log2(np.arange(2, 4097)))).astype(np.float32)
"""1 / log2(1 + place) by place, 0 for none; farther places count like the last one here."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a channel said of the candidate, float32[N, 2]; zeros where it did not propose it.

    First 1 / log2(1 + place), then the channel's score ÷ its best score in the request.
    """

    name: str
    channel: str
    level: Level = Level.CANDIDATE
    needs_clock: bool = False
    form: Form = Number(2)

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> "Proposal":
        """Itself."""
        return self

    def read(self, ask: Ask) -> Values:
        """Both numbers of each candidate."""
        candidates = ask.candidates
        assert candidates is not None, "a proposal is one of candidates"
        if self.channel not in candidates.channels:
            return np.zeros((len(candidates), 2), np.float32)
        said = ask.once(Proposal, lambda: _said(candidates))
        return said[:, candidates.channels.index(self.channel)]


def _said(candidates: Candidates) -> Values:
    """Both numbers of every channel at once, float32[N, C, 2]."""
    if not len(candidates):
        return np.zeros((0, len(candidates.channels), 2), np.float32)
    filled = np.flatnonzero(np.diff(candidates.offsets))  # requests that have candidates
    best = np.zeros((len(candidates.offsets) - 1, len(candidates.channels)), np.float32)
    best[filled] = np.maximum.reduceat(np.abs(candidates.found), candidates.offsets[filled], axis=0)
    near = NEAR[np.minimum(candidates.place, len(NEAR) - 1)]
    return np.stack([near, candidates.found / np.where(best > 0, best, 1)[candidates.request]], axis=2)


@dataclass(frozen=True)
class Crossed:
    """Several categories of one value as one, hashed to a size."""

    name: str
    of: tuple[str, ...]
    level: Level
    form: Category

    def read(self, ask: Ask) -> Values:
        """Codes int64[R] or [N]."""
        parts = [ask.value(name) for name in self.of]
        if self.level == Level.CANDIDATE:
            level = [ask.columns[name].level for name in self.of]
            parts = [v if of == Level.CANDIDATE else v[ask.of] for v, of in zip(parts, level, strict=True)]
        return hashed([part.astype(np.int64) for part in parts], self.form.size, self.name)


@dataclass(frozen=True, kw_only=True)
class Cross:
    """The cross of categories, such as age bracket x genre, hashed to `size` codes."""

    name: str
    of: tuple[str, ...]
    size: int = 10_000
    needs_clock: bool = False

    def fit(self, view: TrainView, columns: Mapping[str, Column]) -> Crossed:
        """Check that the parts are categories of one value; the level is the finest of theirs."""
        for name in self.of:
            if name not in columns:
                raise ValueError(f"feature {self.name!r}: {name!r} must be declared before it")
            form = columns[name].form
            if not isinstance(form, Category) or form.values != 1:
                raise ValueError(f"feature {self.name!r}: {name!r} must be a category of one value, it is {form}")
        levels = {columns[name].level for name in self.of}
        level = Level.CANDIDATE if Level.CANDIDATE in levels else Level.REQUEST
        return Crossed(self.name, self.of, level, Category(self.size))
