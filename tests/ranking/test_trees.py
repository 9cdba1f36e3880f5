"""Trees: their graphs say what LightGBM and XGBoost say, and they learn what is planted."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import lightgbm
import numpy as np
import onnxruntime
import pytest
import xgboost

from taojin.bundle.bundle import Bundle
from taojin.core.auc import auc
from taojin.core.batch import Rows
from taojin.data.sampling import Sampling
from taojin.data.split import Part
from taojin.experiment.fit import Divided
from taojin.experiment.train import train
from taojin.features.feature import Category, History, Level, Number
from taojin.nn.samples import Samples
from taojin.ranking.boosting import Boosting
from taojin.ranking.calibrated import CalibratedModel
from taojin.ranking.forest import lightgbm_forest, xgboost_forest
from taojin.ranking.lesson import Lesson
from taojin.ranking.tree_graph import numbers_graph, score_graph
from taojin.ranking.trees import Trees, logistic_regression
from taojin.ranking.zoo import GBDT, GBDT_LR, LAMBDA_MART
from taojin.recipes.world import world_tiny
from taojin.retrieval.popular import Popular
from taojin.scene import Scene
from taojin.world.world import World
from tests.ranking.conftest import Given

SMALL = Boosting(trees=60, leaves=15, learning_rate=0.2, at_least=5, patience=10, threads=1)
SPECS = pytest.mark.parametrize(
    "spec",
    [
        pytest.param(replace(model, boosting=replace(SMALL, library=library)), id=f"{name}-{library}")
        for name, model in (("GBDT", GBDT), ("GBDT_LR", GBDT_LR), ("LAMBDA_MART", LAMBDA_MART))
        for library in ("lightgbm", "xgboost")
    ],
)
COLUMNS = {
    column.name: column
    for column in (
        Given("user", Level.REQUEST, Category(40)),
        Given("age", Level.REQUEST, Number()),
        Given("item", Level.CANDIDATE, Category(200)),
        Given("genres", Level.CANDIDATE, Category(8, values=3)),
        Given("content", Level.CANDIDATE, Number(width=2)),
    )
}


def planted(seed: int, requests: int = 400, tasks: int = 1) -> Samples:
    """Liked are even items for the young, and films of genre 3 for all; some items have no fixed order."""
    random = np.random.default_rng(seed)
    n = requests * 10
    of = np.repeat(np.arange(requests), 10)
    request = {
        "user": random.integers(1, 40, requests),
        "age": random.normal(size=requests).astype(np.float32),
    }
    candidate = {
        "item": random.integers(0, 200, n),
        "genres": random.integers(0, 8, (n, 3)),
        "content": random.normal(size=(n, 2)).astype(np.float32),
    }
    liked = ((candidate["item"] % 2 == 0) & (request["age"][of] < 0)) | (candidate["genres"] == 3).any(axis=1)
    labels = np.repeat(liked[:, None], tasks, axis=1).astype(np.float32)
    names = tuple(f"task{t}" for t in range(tasks))
    return Samples(Rows(request, candidate, of), labels, names, np.zeros(n, np.uint8), np.ones(n, np.float32))


def fit(spec, learned: Samples, valid: Samples, seed: int = 0):
    return spec.fit(Lesson(learned, valid, COLUMNS, seed=seed))


@SPECS
def test_they_learn_what_is_planted(spec) -> None:
    ranker, fresh = fit(spec, planted(0), planted(1)), planted(2)
    found = ranker.score(fresh.rows)["task0"]
    assert found.dtype == np.float32 and ((found > 0) & (found < 1)).all()
    assert auc(fresh.labels[:, 0], found) > 0.95


@SPECS
def test_the_same_seed_gives_the_same_trees_and_batches_say_what_single_requests_say(spec) -> None:
    rows = planted(2, requests=7).rows
    ranker, again = (fit(spec, planted(0), planted(1)) for _ in range(2))
    whole = ranker.score(rows)["task0"]
    np.testing.assert_array_equal(whole, again.score(rows)["task0"])
    for request in range(7):
        of = rows.of == request
        one = Rows(
            {name: values[request : request + 1] for name, values in rows.request.items()},
            {name: values[of] for name, values in rows.candidate.items()},
            np.zeros(of.sum(), np.int64),
        )
        np.testing.assert_allclose(ranker.score(one)["task0"], whole[of], rtol=0, atol=1e-6)
    nobody = Rows(rows.request, {name: values[:0] for name, values in rows.candidate.items()}, rows.of[:0])
    assert ranker.score(nobody)["task0"].shape == (0,)


def test_an_order_is_learned_to_the_end_of_the_list() -> None:
    """Five easy best ones come first after one tree; the others' order takes more trees than patience waits for."""
    samples = []
    for seed in range(2):
        found = planted(seed)
        candidate = found.rows.candidate
        easy = np.arange(len(found.labels)) % 10 < 5
        candidate["content"][:, 0] = 10.0 * easy
        labels = np.where(easy, 1.0, np.where(np.sin(9 * candidate["content"][:, 1]) > 0, 0.25, 0)).astype(np.float32)
        samples.append(replace(found, labels=labels[:, None]))
    boosting = replace(SMALL, patience=5)
    said = fit(Trees(learns="order", boosting=boosting), *samples).score(samples[1].rows)["task0"]
    label = samples[1].labels[:, 0]
    assert auc((label == 1).astype(np.float32), said) > 0.99
    assert auc((label[label < 1] > 0).astype(np.float32), said[label < 1]) > 0.9


def some_rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two columns of codes and three of numbers, their labels, and rows of which many codes are unseen."""
    random = np.random.default_rng(0)
    codes = random.integers(0, 300, (3_000, 2))
    numbers = np.round(random.normal(size=(3_000, 3)), 1)  # values that splits lie on
    columns = np.concatenate([codes, numbers], axis=1).astype(np.float32)
    label = (codes[:, 0] % 3 == 0) ^ (numbers[:, 1] > 0.3)
    unseen = columns.copy()
    unseen[:, 0] += 150
    return columns, label, unseen


def said(graph: bytes, rows: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(graph).run(None, {"columns": rows})[0]


@pytest.mark.parametrize("objective", ["binary:logistic", "rank:ndcg"])
@pytest.mark.parametrize("leaves", [1, 2, 31])
def test_the_graph_says_what_xgboost_says(leaves: int, objective: str) -> None:
    columns, label, unseen = some_rows()
    kinds = {"feature_types": ["c", "c", "float", "float", "float"], "enable_categorical": True}
    rows = xgboost.DMatrix(columns, label, qid=np.arange(3_000) // 10, **kinds)
    parameters = {
        "objective": objective, "max_leaves": leaves, "max_depth": 0, "grow_policy": "lossguide", "nthread": 1,
        "min_child_weight": 1e9 if leaves == 1 else 1,
    }  # fmt: skip
    booster = xgboost.train(parameters, rows, 40)
    forest = xgboost_forest(json.loads(booster.save_raw("json")))
    for some in (columns, unseen):
        margin = booster.predict(xgboost.DMatrix(some, **kinds), output_margin=True)
        np.testing.assert_allclose(said(score_graph(forest), some)[:, 0], 1 / (1 + np.exp(-margin)), rtol=0, atol=1e-5)
        total = np.array(forest.value)[said(numbers_graph(forest), some)].sum(axis=1)
        np.testing.assert_allclose(total, margin, rtol=0, atol=1e-5)


@pytest.mark.parametrize("leaves", [2, 31])
def test_the_graph_says_what_lightgbm_says(leaves: int) -> None:
    columns, label, unseen = some_rows()
    rows = lightgbm.Dataset(columns, label, categorical_feature=[0, 1])
    parameters = {"objective": "binary", "num_leaves": leaves, "use_missing": False, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(parameters, rows, 40)
    forest = lightgbm_forest(booster.dump_model())
    for rows in (columns, unseen):
        np.testing.assert_allclose(said(score_graph(forest), rows)[:, 0], booster.predict(rows), rtol=0, atol=1e-5)
        total = np.array(forest.value)[said(numbers_graph(forest), rows)].sum(axis=1)
        np.testing.assert_allclose(1 / (1 + np.exp(-total)), booster.predict(rows), rtol=0, atol=1e-6)


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_trees_without_a_split_are_trees(library: Literal["lightgbm", "xgboost"]) -> None:
    few, valid = planted(0, requests=5), planted(1, requests=5)
    spec = Trees(boosting=replace(SMALL, at_least=1_000, library=library))
    found = fit(spec, few, valid).score(few.rows)["task0"]
    assert len(set(found.tolist())) == 1 and abs(found[0] - few.labels.mean()) < 0.05


def test_the_regression_over_leaves_is_the_one_of_its_formula() -> None:
    random = np.random.default_rng(0)
    leaf = np.stack([random.integers(0, 3, 500), random.integers(3, 5, 500)], axis=1)
    label = (random.random(500) < 0.2 + 0.2 * leaf[:, 0]).astype(np.float32)
    weight = random.random(500).astype(np.float32)
    found, bias = logistic_regression(leaf, label, weight, 5, 0.5)
    wrong = weight * (1 / (1 + np.exp(-(found[leaf].sum(1) + bias))) - label)
    slope = np.array([wrong[(leaf == at).any(axis=1)].sum() + 0.5 * found[at] for at in range(5)])
    assert np.abs(slope).max() < 0.01 and abs(wrong.sum()) < 0.01


def test_several_tasks_have_forests_of_their_own_and_missing_labels_are_left_out() -> None:
    learned, valid = planted(0, tasks=2), planted(1, tasks=2)
    learned.labels[:, 1] = 1 - learned.labels[:, 1]
    learned.labels[::3, 1] = np.nan
    valid.labels[:, 1] = 1 - valid.labels[:, 1]
    found = fit(Trees(boosting=SMALL), learned, valid).score(planted(2).rows)
    assert np.corrcoef(found["task0"], found["task1"])[0, 1] < -0.9


@pytest.mark.parametrize("labels", [0.0, 1.0, np.nan])
def test_a_task_of_one_class_is_refused_by_name(labels: float) -> None:
    learned = planted(0, tasks=2)
    learned.labels[:, 1] = labels
    with pytest.raises(ValueError, match=r"trees, task 'task1': expected rows that have it and some that have not"):
        fit(Trees(boosting=SMALL), learned, planted(1, tasks=2))


def test_what_means_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Boosting.trees: expected a whole number, 1 or more; got 0"):
        Boosting(trees=0)
    with pytest.raises(ValueError, match=r"Boosting.leaves: expected a whole number, 2 or more, 131,072 at most"):
        Boosting(leaves=1)
    with pytest.raises(ValueError, match=r"Boosting.library: expected 'lightgbm' or 'xgboost'; got 'catboost'"):
        Boosting(library="catboost")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"Trees.learns: expected 'probability' or 'order'; got 'lists'"):
        Trees(learns="lists")
    with pytest.raises(ValueError, match="no feature but histories"):
        past = {"history": Given("history", Level.REQUEST, History(5, ("item",)))}
        Trees().fit(Lesson(planted(0), planted(1), past))
    with pytest.raises(ValueError, match="'itme' is not declared; did you mean 'item'"):
        fit(Trees(features=("itme",)), planted(0), planted(1))


@pytest.mark.parametrize(("library", "package"), [("lightgbm", r'"taojin\[trees\]"'), ("xgboost", "xgboost")])
def test_without_its_library_the_remedy_is_said(
    monkeypatch: pytest.MonkeyPatch, library: Literal["lightgbm", "xgboost"], package: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ValueError, match=f"{library} is not installed; pip install {package}"):
        fit(Trees(boosting=replace(SMALL, library=library)), planted(0), planted(1))


@pytest.mark.xdist_group("runs")
def test_a_calibrated_forest_ranks_a_scene_and_comes_back_from_its_bundle(tmp_path: Path) -> None:
    recipe = world_tiny()
    forest = CalibratedModel(model=Trees(boosting=SMALL), method="logistic")
    recipe = replace(
        recipe,
        data=World(users=150, items=150, events=6_000),
        features=tuple(feature for feature in recipe.features if not feature.name.startswith("by_")),
        embeddings={},
        models={"forest": forest},
        scenes={"for_you": Scene(retrieval={"popular": (Popular(), 60)}, ranking="forest", value={"like": 1.0})},
        sampling=Sampling(requests=2, proposed=10, random=0, unproposed=False),
    )
    trained = train(recipe, None, tmp_path / "run").scenes["for_you"]
    loaded = Bundle.load(tmp_path / "run").scenes["for_you"]
    requests = Divided.of(recipe, None).moments(Part.TEST, 1).requests[:5]
    ours, theirs = (scene.recommend(requests) for scene in (trained, loaded))
    assert len(ours) and ours.scores
    np.testing.assert_array_equal(ours.item, theirs.item)
    for name, values in ours.scores.items():
        assert np.isfinite(values).all()
        np.testing.assert_array_equal(values, theirs.scores[name])
