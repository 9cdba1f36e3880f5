"""The whole evaluation: its numbers, its JSON, its table, several seeds."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from taojin.core.units import DAY
from taojin.evaluation.beyond import ItemSets
from taojin.evaluation.bootstrap import Bootstrap
from taojin.evaluation.cases import Cases
from taojin.evaluation.dump import dumping
from taojin.evaluation.evaluation import About, Evaluation, Values, average
from taojin.evaluation.funnel import within_quota
from taojin.evaluation.judge import evaluate, fit_baselines
from taojin.evaluation.report_table import report_table
from taojin.evaluation.tuned_item_cf import Grid
from taojin.retrieval.item_cf import Similarity

ABOUT = About(
    data="planted",
    scene="for_you",
    part="test",
    split="UserTimeSplit",
    guards="each user's own future only",
    seeds=(0,),
)
GRID = Grid(similarity=((Similarity.COSINE, 0.5),), shrinkage=(0.0,), neighbours=(20,), half_life=(10.0,))


@pytest.fixture(scope="module")
def baselines(world):
    return fit_baselines(world.view, world.valid, event="like", grid=GRID)


@pytest.fixture(scope="module")
def found(world, pipeline, baselines) -> Evaluation:
    return evaluate(
        pipeline,
        world.test,
        baselines,
        view=world.view,
        about=ABOUT,
        attributes=ItemSets.of(world.dataset.items["genres"]),
        bootstrap=Bootstrap(resamples=200),
    )


def test_new_item_recall_is_that_of_a_loop(found: Evaluation, world, pipeline) -> None:
    counts = world.view.counts(world.view.kinds.all)
    allowed = pipeline.run(world.test.requests)["rules"]
    for name, values in found.channels.items():
        brought = within_quota(allowed, name, pipeline.quotas[name])
        shares = []
        for request, items in enumerate(np.split(brought.item, brought.offsets[1:-1])):
            wanted = world.test.item[world.test.offsets[request] : world.test.offsets[request + 1]]
            new = [item for item in wanted if counts[item] < 5]
            if new:
                shares.append(np.isin(new, items).mean())
        assert shares
        assert values["new_item_recall"] == pytest.approx(np.mean(shares))


def test_the_table_of_channels_fits_a_hundred_columns(found: Evaluation) -> None:
    many = {
        f"channel_{name}": replace(v, whole={**v.whole, "mean_popularity": 9e4}) for name, v in found.channels.items()
    }
    out = io.StringIO()
    Console(file=out, width=100).print(report_table(replace(found, channels=many)))
    lines = out.getvalue().splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("Channels"))
    head = lines[start + 2].split()
    assert head == ["channel", "k", "recall@k", "marginal", "new", "recall", "coverage", "popularity", "gini", "ms"]
    assert lines[start + 4].split()[0] == "channel_hot"
    assert "…" not in lines[start + 4]


def test_the_funnel_that_knows_the_taste_beats_popularity_with_an_interval_above_zero(found: Evaluation) -> None:
    difference = found.differences["popular"]["ndcg@10"]
    assert difference.low > 0
    assert difference.mean == pytest.approx(found.funnel["ndcg@10"] - found.baselines["popular"]["ndcg@10"])


def test_what_a_channel_adds_is_a_part_of_what_it_finds(found: Evaluation) -> None:
    assert found.channels["taste"]["marginal"] > found.channels["random"]["marginal"]
    for values in found.channels.values():
        assert 0 <= values["marginal"] <= values["recall@k"] <= 1


def test_recall_falls_from_stage_to_stage(found: Evaluation) -> None:
    recall = [values["recall"] for values in found.stages.values()]
    assert recall == sorted(recall, reverse=True)
    assert found.stages["reranking"]["recall"] == pytest.approx(found.funnel["recall@20"])


def test_json_has_what_the_command_promises_and_no_nan(found: Evaluation) -> None:
    text = json.dumps(found.to_json(), allow_nan=False)
    data = json.loads(text)
    for block in (data["funnel"], data["baselines"]["popular"], data["baselines"]["item_cf"]):
        assert {"ndcg@10", "hr@10", "recall@10", "coverage@10"} <= set(block)
    assert set(data["channels"]) == {"hot", "taste", "random"}
    told = {"recall@k", "k", "marginal", "coverage", "mean_popularity", "gini", "new_item_recall", "ms"}
    assert told <= set(data["channels"]["hot"])
    assert list(data["stages"]) == ["retrieval", "rules", "preranking", "ranking", "reranking"]
    assert {"mean", "low", "high"} == set(data["differences"]["item_cf"]["ndcg@10"])
    assert data["split"]["guards"] == ABOUT.guards
    assert data["users"] == found.users
    assert data["coverage@10"] == data["funnel"]["coverage@10"]
    assert data["baselines"]["popular_recent"]["setting"]["window_days"] in (1, 7, 30, 90, 365)
    assert data["gap"] is None
    assert 0 < data["survival@20"] < 1


def test_what_is_not_defined_is_null(found: Evaluation) -> None:
    nothing = replace(found, survival=np.full(found.users, np.nan))
    assert nothing.to_json()["survival@20"] is None


def test_the_table_says_what_was_judged_and_shows_intervals(found: Evaluation) -> None:
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(report_table(found))
    text = console.export_text()
    for word in ("planted", "each user's own future only", "ndcg@10", "item_cf", "popular_recent", "hot", "reranking"):
        assert word in text
    interval = found.differences["popular"]["ndcg@10"]
    assert f"{interval.mean:.4f} [{interval.low:.4f}, {interval.high:.4f}]" in text


def test_printed_it_says_what_was_judged_and_a_line_per_list(found: Evaluation) -> None:
    lines = str(found).splitlines()
    assert lines[0] == f"planted, for_you, test of UserTimeSplit: {found.users} users"
    assert [line.split()[0] for line in lines[1:-1]] == list(found.lists)
    assert ABOUT.guards in lines[-1]


def test_a_funnel_without_a_ranker_is_judged_all_the_same(world, pipeline, baselines, tmp_path) -> None:
    bare = replace(pipeline, preranker=None, ranker=None, rerankers={})
    vocabularies = {"users": world.dataset.user_vocabulary, "catalogue": world.dataset.item_vocabulary}
    with dumping(tmp_path, **vocabularies) as dump:
        found = evaluate(bare, world.test, baselines, view=world.view, about=ABOUT, dump=dump)
    data = found.to_json()
    assert data["ranker"] == {}
    assert data["survival@20"] is None
    assert "diversity@10" not in data["funnel"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["items.parquet", "lists.parquet", "requests.parquet"]


def test_lists_become_a_data_frame(found: Evaluation) -> None:
    frame = found.to_pandas().set_index(["list", "metric"])
    assert frame.loc[("funnel", "ndcg@10"), "mean"] == pytest.approx(found.funnel["ndcg@10"])
    assert frame.loc[("popular", "coverage@10"), "mean"] == pytest.approx(found.baselines["popular"]["coverage@10"])


def test_seeds_are_averaged_per_user_before_anything_else(found: Evaluation) -> None:
    other = replace(
        found,
        about=replace(ABOUT, seeds=(1,)),
        funnel=Values({name: values * 0 for name, values in found.funnel.per_user.items()}, {"coverage@10": 0.0}),
    )
    whole = replace(found, funnel=Values(found.funnel.per_user, {"coverage@10": 0.5}))
    both = average([whole, other])
    assert both.about.seeds == (0, 1)
    assert both.funnel.per_user["ndcg@10"] == pytest.approx(found.funnel.per_user["ndcg@10"] / 2)
    assert both.funnel["coverage@10"] == pytest.approx(0.25)
    assert both.users == found.users
    assert len(both.funnel.per_user["ndcg@10"]) == found.users


def test_seeds_that_judge_different_things_are_not_averaged(found: Evaluation) -> None:
    with pytest.raises(ValueError, match="judge the same"):
        average([found, replace(found, about=replace(ABOUT, data="other"))])


def test_nobody_to_judge_is_said(world, pipeline, baselines) -> None:
    nobody: Cases = world.test.only(np.empty(0, np.int64))
    with pytest.raises(ValueError, match="no user of 'planted'"):
        evaluate(pipeline, nobody, baselines, view=world.view, about=ABOUT)


def test_popularity_must_stand_beside_the_funnel(world, pipeline, baselines) -> None:
    with pytest.raises(ValueError, match="'popular', got item_cf"):
        evaluate(pipeline, world.test, {"item_cf": baselines["item_cf"]}, view=world.view, about=ABOUT)


def test_without_a_clock_there_is_no_recent_popularity(ordered_world) -> None:
    fitted = fit_baselines(ordered_world.view, ordered_world.valid, event="like", grid=GRID)
    assert set(fitted) == {"popular", "item_cf"}


def test_baselines_do_not_learn_from_what_lies_behind_training(world, baselines) -> None:
    """A like in validation changes nobody's popularity."""
    log = world.dataset.log
    assert len(world.view.log) < len(log)
    assert baselines["popular"].baseline.counts.sum() == world.view.counts(2).sum()
    recent = baselines["popular_recent"].baseline
    assert len(recent.time) == world.view.counts(2).sum()
    assert recent.window % DAY == 0
