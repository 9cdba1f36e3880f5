"""MMR and scatter against plain loops, and what they promise of any list."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.events import no_pasts
from taojin.reranking.mmr import MMR
from taojin.reranking.scatter import Scatter


def asked(length: list[int], seed: int = 0) -> tuple[Requests, Candidates]:
    n, random = len(length), np.random.default_rng(seed)
    zero = np.zeros(n, np.int64)
    requests = Requests(zero, zero, zero, zero.astype(np.uint64), no_pasts(n), n=5)
    item = np.concatenate([np.arange(2, 2 + one) for one in length])
    candidates = Candidates.of(np.concatenate([[0], np.cumsum(length)]), item)
    return requests, candidates.with_score("final", random.random(len(item))).top(99, "final")


def rows(candidates: Candidates, **columns: np.ndarray) -> Rows:
    return Rows({}, dict(columns), candidates.request)


def test_mmr_prefers_a_different_item_over_a_slightly_better_copy() -> None:
    requests, candidates = asked([3])
    candidates = candidates.with_score("final", np.array([1.0, 0.9, 0.8]))
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    done = MMR(vectors="v", relevance=0.5).rerank(requests, candidates, rows(candidates, v=vectors), 2)
    assert done.item.tolist() == candidates.item[[0, 2, 1]].tolist()


def test_mmr_with_relevance_alone_leaves_the_order() -> None:
    requests, candidates = asked([6, 3])
    vectors = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    done = MMR(vectors="v", relevance=1.0).rerank(requests, candidates, rows(candidates, v=vectors), 5)
    assert done.item.tolist() == candidates.item.tolist()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(1, 6), st.integers(0, 999))
def test_a_reranker_gives_back_every_candidate_once(length: list[int], k: int, seed: int) -> None:
    requests, candidates = asked(length, seed)
    random = np.random.default_rng(seed)
    given_rows = rows(
        candidates,
        v=random.normal(size=(len(candidates), 3)).astype(np.float32),
        c=random.integers(0, 4, (len(candidates), 2)),
    )
    for reranker in (MMR(vectors="v", relevance=0.3), Scatter(feature="c", within=3, at_most=1)):
        done = reranker.rerank(requests, candidates, given_rows, k)
        assert done.offsets.tolist() == candidates.offsets.tolist()
        for r in range(len(length)):
            part = slice(candidates.offsets[r], candidates.offsets[r + 1])
            assert sorted(done.item[part]) == sorted(candidates.item[part])


@given(st.integers(0, 999))
def test_scatter_equals_a_plain_loop(seed: int) -> None:
    requests, candidates = asked([8, 5, 8], seed)
    codes = np.random.default_rng(seed).integers(0, 5, (len(candidates), 2))
    done = Scatter(feature="c", within=4, at_most=1).rerank(requests, candidates, rows(candidates, c=codes), 6)
    for r in range(3):
        left = list(range(candidates.offsets[r], candidates.offsets[r + 1]))
        order: list[int] = []
        for _ in range(min(6, len(left))):

            def excess(row: int, order: list[int] = order) -> int:
                near = order[-3:]
                return sum(code >= 2 and any(code in codes[other] for other in near) for code in codes[row])

            best = min(left, key=lambda row: (excess(row), row))
            order.append(best)
            left.remove(best)
        assert done.item[done.offsets[r] : done.offsets[r + 1]].tolist() == candidates.item[order + left].tolist()


def test_scatter_does_not_touch_a_list_that_keeps_to_it() -> None:
    requests, candidates = asked([5])
    done = Scatter(feature="c", within=2, at_most=1).rerank(
        requests, candidates, rows(candidates, c=np.array([2, 3, 2, 3, 2])), 5
    )
    assert done.item.tolist() == candidates.item.tolist()
