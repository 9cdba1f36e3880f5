"""Whole sequences as a source of batches: each place that is asked for is a lesson, not each row.

Shapes: M learned events, W windows of them, B windows of a batch, L places, I codes of items.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from taojin.core.bounds import Portion, Share, bounded
from taojin.core.units import FIRST, PAD, Ints
from taojin.embeddings.towers.negatives import Sampler

MASK = -1
"""Code of a place that is to be guessed."""


class Lesson(NamedTuple):
    """Sequences with PAD on the right, and what is to be guessed at each place.

    read    int64[B, L]
    wanted  int64[B, L]     PAD where nothing is asked
    """

    read: Tensor
    wanted: Tensor


@runtime_checkable
class Objective(Protocol):
    """What a sequence teaches."""

    @property
    def ahead(self) -> int:
        """1 if places guess what comes after them, so that a window has a place more than what is read; else 0."""
        ...

    def lesson(self, codes: Tensor) -> Lesson:
        """From codes int64[B, L + ahead]."""
        ...


@dataclass(frozen=True, kw_only=True)
class NextItem:
    """Every place guesses the next one."""

    ahead: ClassVar[int] = 1

    def lesson(self, codes: Tensor) -> Lesson:
        """Items that the vocabulary does not have are read, not guessed."""
        return Lesson(codes[:, :-1], _guessable(codes[:, 1:]))


@dataclass(frozen=True, kw_only=True)
class Masked:
    """Masked places are guessed from all the others.

    Sun et al., CIKM 2019, https://arxiv.org/abs/1904.06690; the share is the paper's for MovieLens-1M.

    share   of the places that are masked
    last    share of the windows in which the last place alone is, which is what is asked at request time
    """

    share: Portion = 0.2
    last: Share = 0.1
    ahead: ClassVar[int] = 0

    def __post_init__(self) -> None:
        bounded(self)

    def lesson(self, codes: Tensor) -> Lesson:
        """A new mask for every batch."""
        device = codes.device
        known = codes != PAD
        newest = torch.arange(codes.shape[1], device=device) == known.sum(1, keepdim=True) - 1
        masked = torch.rand(codes.shape, device=device) < self.share
        alone = torch.rand(len(codes), 1, device=device) < self.last
        masked = torch.where(alone, newest, masked) & (codes >= FIRST)
        return Lesson(codes.masked_fill(masked, MASK), codes.masked_fill(~masked, PAD))


def _guessable(codes: Tensor) -> Tensor:
    return codes.masked_fill(codes < FIRST, PAD)


class Guesses(NamedTuple):
    """A batch: sequences, and the items of the sample are drawn with them.

    known   bool[B, L]
    asked   the places (row, column) that guess, two int64[N]
    wanted  int64[N]
    """

    read: Tensor
    known: Tensor
    asked: tuple[Tensor, ...]
    wanted: Tensor


@dataclass(frozen=True)
class Windows:
    """Users' sequences cut into windows, the newest whole.

    codes           int64[M]    by user and time
    start, stop     int64[W]
    """

    codes: Tensor
    start: Tensor
    stop: Tensor
    objective: Objective
    sampler: Sampler

    @classmethod
    def of(
        cls, codes: Ints, user: Ints, *, length: int, longest: int, objective: Objective, sampler: Sampler
    ) -> "Windows":
        """On the device of the sampler.

        length      places of a window at most
        longest     only the last so many events of each user are learned from
        """
        start, stop = cut(user, length=length, longest=longest, ahead=objective.ahead)
        tensors = [torch.from_numpy(array).to(sampler.pool.device) for array in (codes, start, stop)]
        return cls(tensors[0], tensors[1], tensors[2], objective, sampler)

    def __len__(self) -> int:
        return len(self.start)

    @cached_property
    def events(self) -> float:
        """Mean number of places that a window can ask for."""
        return float((self.stop - self.start - self.objective.ahead).double().mean())

    def gather(self, rows: Tensor) -> Guesses:
        """Some windows, cut to the longest of them."""
        start, stop = self.start[rows], self.stop[rows]
        at = start.unsqueeze(1) + torch.arange(int((stop - start).max()), device=rows.device)
        inside = at < stop.unsqueeze(1)
        read, wanted = self.objective.lesson(self.codes[at.clamp(max=len(self.codes) - 1)].masked_fill(~inside, PAD))
        known = read != PAD
        asked = ((wanted != PAD) & known).nonzero(as_tuple=True)
        return Guesses(read, known, asked, wanted[asked])

    def pieces(self, rows: Tensor, places: int) -> tuple[Tensor, ...]:
        """The rows divided by their length into pieces of about so many places, each padded to its own longest."""
        length = self.stop[rows] - self.start[rows]
        order = length.argsort(stable=True)
        piece = (length[order].cumsum(0) - 1) // places
        sizes = torch.unique_consecutive(piece, return_counts=True)[1]
        return rows[order].split(sizes.tolist())


def cut(user: Ints, *, length: int, longest: int, ahead: int) -> tuple[Ints, Ints]:
    """Start and stop of windows over events by user, the newest first; one of a guess ahead begins where another ends.

    >>> cut(np.array([5, 5, 5, 5, 8, 8]), length=2, longest=9, ahead=1)
    (array([1, 0, 4]), array([4, 2, 6]))
    """
    edges = np.flatnonzero(np.diff(user, prepend=-1, append=-1))
    first, end = np.maximum(edges[:-1], edges[1:] - longest), edges[1:]
    windows = -(-np.maximum(end - first - ahead, 1) // length)
    owner = np.repeat(np.arange(len(first)), windows)
    newer = np.arange(len(owner)) - np.repeat(np.cumsum(windows) - windows, windows)
    stop = end[owner] - newer * length
    start = np.maximum(stop - length - ahead, first[owner])
    useful = stop - start > ahead
    return start[useful], stop[useful]
