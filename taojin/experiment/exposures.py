"""Rows that rankers learn from: what was shown, each as it happened.

Shapes: E events that are rows.
"""

from dataclasses import replace

import numpy as np

from taojin.core.batch import Candidates, Requests
from taojin.core.stages import FeatureStore
from taojin.core.units import PAD, Ints
from taojin.data.dataset import Log
from taojin.data.kinds import Kinds
from taojin.data.sampling import Sampling
from taojin.data.tasks import Happened
from taojin.experiment.labels import Labels
from taojin.experiment.samples import Drawn, joined, marked
from taojin.nn.samples import Origin

BLOCK = 8_192
"""Rows that are read at once: features of a user's past look at all of it."""


def late_exposures(log: Log, sampling: Sampling, kinds: Kinds) -> Ints:
    """Positions of the exposures among each user's last share of events, int64[E]."""
    assert sampling.exposed is not None, "asked only of samplings with exposures"
    length = np.diff(log.offsets)
    first = log.offsets[:-1] + np.floor((1 - sampling.late) * length).astype(np.int64)
    at = log.events.matching(kinds.bits(sampling.exposed)).position
    return at[at >= first[log.user[at]]]


def draw_exposures(
    store: FeatureStore,
    log: Log,
    at: Ints,
    sampling: Sampling,
    kinds: Kinds,
    *,
    names: tuple[str, ...],
    marks: tuple[str, ...] = (),
) -> Drawn:
    """A row per event: its item, asked for at its time, with what came of it (see `what_came`).

    at      positions of the events in the log, int64[E]
    names   features to read; what channels said is zeros, since none was asked
    """
    labels = Labels(sampling.specs, kinds)
    user, events = log.user, log.events
    came = what_came(log, at, kinds.bits(sampling.exposed) if sampling.exposed else 0, sampling.within)
    parts = []
    for start in range(0, max(len(at), 1), BLOCK):
        some = at[start : start + BLOCK]
        n, time = len(some), events.time[some]
        seeds = (user[some].astype(np.uint64) << np.uint64(32)) ^ some.astype(np.uint64)
        past = log.before(user[some], time)
        requests = Requests(user[some], np.full(n, PAD), time, seeds, past, marked(n, marks))
        candidates = Candidates.of(np.arange(n + 1), events.item[some])
        rows = store.read(names, requests, candidates)
        happened = Happened(came.code[start : start + BLOCK], came.value[start : start + BLOCK])
        origin = np.full(n, Origin.EXPOSED, np.uint8)
        parts.append(Drawn.of(rows, requests, candidates.item, happened, origin, labels))
    return joined(parts)


def what_came(log: Log, at: Ints, exposed: int, within: int) -> Happened:
    """What came of exposures: their own events and those that followed with the same user and item, E of each.

    An event belongs to the last exposure before it, if that was at most `within` milliseconds ago. The value is the
    exposure's own; where it has none, that of the last event that has one.

    at      positions of the exposures in the log, int64[E]
    exposed kinds of an exposure: others than those of `at` end what came of these, too
    """
    events = log.events
    if not len(at):
        return Happened(np.empty(0, np.uint32), np.empty(0, np.float32))
    order = np.lexsort((events.time, events.item, log.user))  # stable: of one time in the order of the log
    user, item, time = log.user[order], events.item[order], events.time[order]
    shown = (events.kinds & np.uint32(exposed)) != 0
    shown[at] = True
    begins = shown[order]
    begins[:1] = True
    begins[1:] |= (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    start = np.flatnonzero(begins)
    of = np.cumsum(begins) - 1
    inside = time - time[start][of] <= within
    code = np.bitwise_or.reduceat(np.where(inside, events.kinds[order], np.uint32(0)), start)
    value = events.value[order]
    valued = np.where(inside & ~np.isnan(value), np.arange(len(order)), -1)
    last = np.maximum.reduceat(valued, start)
    own = value[start]
    value = np.where(np.isnan(own) & (last >= 0), value[last], own)
    place = np.empty(len(order), np.int64)
    place[order] = of
    return Happened(code[place[at]].astype(np.uint32), value[place[at]].astype(np.float32))


def thinned(drawn: Drawn, sampling: Sampling, seed: int) -> Drawn:
    """At most `negatives` rows without any positive task for each row with one."""
    if sampling.negatives is None:
        return drawn
    positive = np.any(np.nan_to_num(drawn.samples.labels) > 0.5, axis=1)
    negative = np.flatnonzero(~positive)
    most = round(sampling.negatives * int(positive.sum()))
    keep = positive.copy()
    keep[np.random.default_rng(seed).permutation(negative)[:most]] = True
    return drawn.where(keep)


def aged(drawn: Drawn, sampling: Sampling) -> Drawn:
    """Older rows count less, by the half-life."""
    if sampling.half_life is None or not len(drawn.time):
        return drawn
    age = (drawn.time.max() - drawn.time) / sampling.half_life
    samples = drawn.samples
    weight = samples.weights * np.exp2(-age).astype(np.float32)[:, None]
    return replace(drawn, samples=replace(samples, weight=weight))
