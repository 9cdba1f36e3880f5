"""How good recommended lists are against the items that were relevant: one value per request.

Every function takes `hits`, bool[R, K]: whether the item at each place is relevant, best place first; and, where the
definition needs it, `relevant`, int64[R]: how many items are relevant. A request without a relevant item gets NaN from
these, so that a mean must decide what to do with it. A list shorter than k counts as k places.

Shapes: R requests, K places, M relevant items of all requests.
"""

import numpy as np

from taojin.core.units import PAD, Ints, Mask
from taojin.evaluation.recommended import Doubles

KS = (10, 20, 50)
"""Lengths that are reported."""


def member(offsets: Ints, item: Ints, request: Ints, wanted: Ints) -> Mask:
    """Whether each wanted item is in the set of its request; PAD never is.

    offsets, item   the sets in CSR layout, int64[R+1] and int64[M], ascending within each request

    >>> member(np.array([0, 2, 3]), np.array([4, 6, 5]), request=np.array([0, 1]), wanted=np.array([6, 6]))
    array([ True, False])
    """
    if not len(item):
        return np.zeros(wanted.shape, np.bool_)
    span = 1 + max(int(item.max()), int(wanted.max(initial=0)))
    key = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)) * span + item
    asked = request * span + wanted
    at = np.minimum(np.searchsorted(key, asked), len(key) - 1)
    found: Mask = (key[at] == asked) & (wanted != PAD)
    return found


def hits(lists: Ints, offsets: Ints, item: Ints) -> Mask:
    """Whether the item at each place is relevant, bool[R, K]; `lists` int64[R, K] holds each item once per request."""
    return member(offsets, item, np.arange(len(lists))[:, None], lists)


def precision(hits: Mask, k: int) -> Doubles:
    """Share of the first k places that hold a relevant item, [R] in [0, 1].

    >>> precision(np.array([[True, False, True, False]]), k=4)
    array([0.5])
    """
    share: Doubles = hits[:, :k].sum(axis=1) / k
    return share


def recall(hits: Mask, relevant: Ints, k: int) -> Doubles:
    """Share of all relevant items that stand in the first k places, [R] in [0, 1].

    The divisor is the number of relevant items, not min(k, relevant), so it may stay below 1 for the best list.

    >>> recall(np.array([[True, False, True, False]]), relevant=np.array([4]), k=4)
    array([0.5])
    """
    return ratio(hits[:, :k].sum(axis=1), relevant)


def hit_rate(hits: Mask, k: int) -> Doubles:
    """1 where at least one of the first k places holds a relevant item, else 0, [R].

    >>> hit_rate(np.array([[False, True], [False, False]]), k=2)
    array([1., 0.])
    """
    found: Doubles = (hits[:, :k].sum(axis=1) > 0).astype(np.float64)
    return found


def ndcg(hits: Mask, relevant: Ints, k: int) -> Doubles:
    """Normalised discounted cumulative gain of the first k places, gains 0 or 1, [R] in [0, 1].

    Place p (from 1) is discounted by 1 / log2(p + 1); the ideal list has min(k, relevant) relevant items in front.

    Järvelin and Kekäläinen, TOIS 2002, https://doi.org/10.1145/582415.582418

    >>> ndcg(np.array([[False, True, False]]), relevant=np.array([1]), k=3).round(4)
    array([0.6309])
    """
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate(([0.0], np.cumsum(discount)))[np.minimum(k, relevant)]
    shown = hits[:, :k]
    return ratio(shown @ discount[: shown.shape[1]], ideal)


def reciprocal_rank(hits: Mask, k: int) -> Doubles:
    """1 / place of the first relevant item among the first k places, 0 if there is none, [R]; its mean is MRR@k.

    Voorhees, TREC-8 1999, https://trec.nist.gov/pubs/trec8/papers/qa_report.pdf

    >>> reciprocal_rank(np.array([[False, True], [False, False]]), k=2)
    array([0.5, 0. ])
    """
    shown = hits[:, :k]
    return np.where(shown.any(axis=1), 1 / (1 + shown.argmax(axis=1)), 0.0)


def average_precision(hits: Mask, relevant: Ints, k: int) -> Doubles:
    """Mean, over the relevant items, of the precision at the place of each; 0 for what is not shown; [R] in [0, 1].

    The divisor is min(k, relevant), so that the best list gets 1. Its mean is MAP@k.

    Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, section 8.4,
    https://nlp.stanford.edu/IR-book/; cut off at k.

    >>> average_precision(np.array([[True, False, True]]), relevant=np.array([2]), k=3).round(4)
    array([0.8333])
    """
    shown = hits[:, :k]
    at_place = np.cumsum(shown, axis=1) / np.arange(1, shown.shape[1] + 1)
    return ratio((at_place * shown).sum(axis=1), np.minimum(k, relevant))


def per_request(lists: Ints, offsets: Ints, item: Ints, ks: tuple[int, ...] = KS) -> dict[str, Doubles]:
    """Every list metric at every k that the lists are long enough for, each [R], named such as `ndcg@10`."""
    hit, relevant = hits(lists, offsets, item), np.diff(offsets)
    values: dict[str, Doubles] = {}
    for k in (k for k in ks if k <= lists.shape[1]):
        values[f"ndcg@{k}"] = ndcg(hit, relevant, k)
        values[f"hr@{k}"] = hit_rate(hit, k)
        values[f"recall@{k}"] = recall(hit, relevant, k)
        values[f"precision@{k}"] = precision(hit, k)
        values[f"map@{k}"] = average_precision(hit, relevant, k)
        values[f"mrr@{k}"] = reciprocal_rank(hit, k)
    return values


def ratio(part: Doubles | Ints, whole: Doubles | Ints) -> Doubles:
    """part / whole, NaN where the whole is 0; [R]."""
    share: Doubles = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return share
