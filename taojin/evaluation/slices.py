"""Where lists are good and where not: by how much is known of the user, and by how popular the relevant items are.

Shapes: R requests, K places, M relevant items of all requests, I items.
"""

from collections.abc import Iterator

import numpy as np

from taojin.core.units import FIRST, Ints, Mask
from taojin.evaluation.cases import Cases
from taojin.evaluation.metrics import hits, per_request, recall
from taojin.evaluation.recommended import Doubles

PASTS = (20, 100)
"""A user with fewer events before the request is little known, with more than the second well."""

HEAD = 0.5
"""The head: the most popular items that together have this share of all training events."""


def head(counts: Ints) -> Mask:
    """The most popular items that together have half of all events `counts`, int64[I], and no fewer; bool[I].

    >>> head(np.array([0, 0, 5, 1, 1, 3]))
    array([False, False,  True, False, False, False])
    """
    order = FIRST + np.argsort(-counts[FIRST:], kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    mask = np.zeros(len(counts), np.bool_)
    mask[order[before < HEAD * counts.sum()]] = True
    return mask


def by_slice(lists: Ints, cases: Cases, counts: Ints) -> dict[str, dict[str, Doubles]]:
    """Metrics of each slice by name, [R]; NaN for requests outside it.

    `past<20`, `past 20-99`, `past>=100`    users by their events before the request: NDCG@10, HR@10, recall@10
    `head items`, `tail items`              recall@10 of the relevant items of this kind alone
    """
    values = per_request(lists, cases.offsets, cases.item, ks=(10,))
    slices = {
        name: {metric: np.where(inside, values[metric], np.nan) for metric in ("ndcg@10", "hr@10", "recall@10")}
        for name, inside in _by_past(cases.past)
    }
    popular = head(counts)
    for name, chosen in (("head items", popular), ("tail items", ~popular)):
        wanted = chosen[cases.item]
        offsets = np.concatenate(([0], np.cumsum(wanted)))[cases.offsets]
        found = hits(lists, offsets, cases.item[wanted])
        slices[name] = {"recall@10": recall(found, np.diff(offsets), 10)}
    return slices


def _by_past(past: Ints) -> Iterator[tuple[str, Mask]]:
    few, many = PASTS
    yield f"past<{few}", past < few
    yield f"past {few}-{many - 1}", (past >= few) & (past < many)
    yield f"past>={many}", past >= many
