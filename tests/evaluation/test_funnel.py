"""What is counted while a funnel answers: against loops over requests."""

from dataclasses import replace

import numpy as np
import pytest

from taojin.core.batch import Candidates
from taojin.core.progress import Silent
from taojin.core.trace import Step, Trace
from taojin.evaluation import funnel
from taojin.evaluation.funnel import answer, milliseconds, within_quota
from taojin.pipeline import STAGES


def sets(candidates: Candidates) -> list[set[int]]:
    return [set(part.tolist()) for part in np.split(candidates.item, candidates.offsets[1:-1])]


def test_stages_keep_the_relevant_items_that_a_loop_finds(world, pipeline) -> None:
    test, found = world.test, answer(pipeline, world.test, progress=Silent())
    result = pipeline.run(test.requests)
    for stage in STAGES:
        left = sets(result[stage])
        expected = [item in left[request] for request, item in zip(test.request, test.item, strict=True)]
        assert found.stages[stage].relevant.tolist() == expected
        assert found.stages[stage].candidates == len(result[stage])
    losses = [found.stages[stage].relevant.sum() for stage in STAGES]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1] > 0


def test_final_lists_are_what_recommend_gives(world, pipeline) -> None:
    found = answer(pipeline, world.test, progress=Silent())
    final = pipeline.recommend(world.test.requests)
    lists = [items[items != 0].tolist() for items in found.lists.item]
    assert lists == [part.tolist() for part in np.split(final.item, final.offsets[1:-1])]


def test_a_channel_is_credited_within_its_quota_only(world, pipeline) -> None:
    allowed = pipeline.run(world.test.requests)["rules"]
    for column, name in enumerate(allowed.channels):
        brought = within_quota(allowed, name, pipeline.quotas[name])
        for request, items in enumerate(np.split(brought.item, brought.offsets[1:-1])):
            rows = range(allowed.offsets[request], allowed.offsets[request + 1])
            places = sorted((int(allowed.place[row, column]), int(allowed.item[row])) for row in rows)
            proposed = [item for place, item in places if place]
            assert items.tolist() == proposed[: pipeline.quotas[name]]


def test_blocks_of_requests_change_nothing(world, pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = answer(pipeline, world.test, progress=Silent())
    monkeypatch.setattr(funnel, "BLOCK", 7)
    parts = answer(pipeline, world.test, progress=Silent())
    assert (parts.lists.item == whole.lists.item).all()
    assert (parts.survived == whole.survived).all()
    for name, kept in whole.channels.items():
        assert (parts.channels[name].relevant == kept.relevant).all()
        assert (parts.channels[name].exposures == kept.exposures).all()


def test_survival_asks_the_ranker_for_all_that_the_rules_allow(world, pipeline) -> None:
    found = answer(pipeline, world.test, progress=Silent())
    result = pipeline.run(world.test.requests)
    rows = pipeline.store.read(("taste",), world.test.requests, result["rules"])
    score = pipeline.ranker.score(rows)["like"]
    left = sets(result["preranking"])
    for request, (start, stop) in enumerate(zip(result["rules"].offsets, result["rules"].offsets[1:], strict=False)):
        order = np.lexsort((result["rules"].item[start:stop], -score[start:stop]))[:20]
        top = set(result["rules"].item[start:stop][order].tolist())
        assert found.best[request] == len(top)
        assert found.survived[request] == len(top & left[request])
    assert 0 < found.survived.sum() < found.best.sum()


def test_without_preranking_there_is_no_survival(world, pipeline) -> None:
    found = answer(replace(pipeline, preranker=None), world.test, progress=Silent())
    assert len(found.best) == len(found.survived) == 0


def test_features_read_inside_a_stage_are_not_counted_twice() -> None:
    trace = Trace([
        Step("retrieval", "features", ms=1.0),
        Step("retrieval", "hot", ms=2.0),
        Step("ranking", "ranking", ms=8.0),
        Step("ranking", "features", ms=6.0),
    ])  # fmt: skip
    spent = milliseconds(trace, requests=2)
    assert spent == {"retrieval": 1.5, "rules": 0.0, "preranking": 0.0, "ranking": 4.0, "reranking": 0.0}
