"""What a training is protected from: batches and tables larger than memory, numbers and labels that teach nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from taojin.core.batch import Rows
from taojin.core.progress import Silent
from taojin.core.units import PAD, UNKNOWN
from taojin.features.feature import Category, Column, History, Level, Number
from taojin.features.inputs import CategoryField, Inputs, NumberField
from taojin.features.past import Recent
from taojin.nn import memory
from taojin.nn.batch import Columns
from taojin.nn.optimizer import Optimizers
from taojin.nn.samples import Samples
from taojin.nn.size import check_size
from taojin.nn.table import Table
from taojin.nn.training import Training
from taojin.ranking.boosting import Boosting
from taojin.ranking.crosses.ffm import FFM
from taojin.ranking.crosses.fm import FM
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.heads.shared_bottom import SharedBottom
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.lesson import Lesson
from taojin.ranking.model import RankingModel
from taojin.ranking.trees import Trees
from tests.ranking.conftest import Given

CPU = torch.device("cpu")
QUICK = Training(batch=32, epochs=2, device="cpu")
WITHOUT = RankingModel(crosses=(Linear(), FM(), MLP((8,))), dim=4, training=QUICK)
MODEL = replace(WITHOUT, interests=(TargetAttention((8,)),))


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("parts", [2, 3, 200])
def test_a_step_in_parts_learns_what_it_learns_at_once(
    inputs: Inputs, samples: Samples, sparse: bool, parts: int
) -> None:
    def weights(accumulate: int) -> dict[str, Tensor]:
        training = replace(QUICK, batch=48, epochs=4, patience=9, sparse=sparse, accumulate=accumulate)
        spec = replace(MODEL, training=training)
        return spec.learn(inputs, samples, samples, seed=0, progress=Silent()).state_dict()

    whole, divided = weights(1), weights(parts)
    for name, expected in whole.items():
        torch.testing.assert_close(divided[name], expected, atol=1e-5, rtol=1e-5)


def test_the_gradients_of_the_parts_add_up(inputs: Inputs, samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that weigh differently, some without a label, in parts of 28 and fewer rows."""
    found: list[dict[int, Tensor]] = []

    def step(optimizers: Optimizers) -> None:
        groups = (group for one in optimizers.all for group in one.param_groups)
        weights = [weight for group in groups for weight in group["params"] if weight.grad is not None]
        found.append({place: weight.grad.to_dense().clone() for place, weight in enumerate(weights)})

    monkeypatch.setattr(Optimizers, "step", step)
    labels = np.where(np.arange(len(samples))[:, None] % 5 == 0, np.nan, samples.labels)
    uneven = replace(samples, labels=labels, weight=np.linspace(0, 3, len(samples), dtype=np.float32))
    for accumulate in (1, 4):
        training = replace(QUICK, batch=110, epochs=1, accumulate=accumulate)
        replace(MODEL, training=training).learn(inputs, uneven, uneven, seed=0, progress=Silent())
    whole, parts = found[:2], found[2:]
    for one, other in zip(whole, parts, strict=True):
        assert len(one) == len(other) > 5
        for place, gradient in one.items():
            torch.testing.assert_close(other[place], gradient, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("accumulate", [0, -1, 1.5])
def test_no_parts_are_refused(accumulate: float) -> None:
    with pytest.raises(ValueError, match=r"Training.accumulate: expected a whole number, 1 or more; got"):
        Training(accumulate=accumulate)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("name", "level"), [("age", "request"), ("price", "candidate"), ("content", "candidate")])
def test_numbers_that_are_not_finite_are_refused_by_the_name_of_their_feature(
    inputs: Inputs, samples: Samples, name: str, level: str, bad: float
) -> None:
    values = getattr(samples.rows, level)[name]
    values.reshape(len(values), -1)[[7, 11], -1] = bad
    message = rf"feature '{name}': expected finite numbers, got 2 of {len(values)} rows .*, the first in row 7;"
    with pytest.raises(ValueError, match=message):
        Columns.pack(inputs, samples.rows, CPU)


def test_the_first_of_several_wrong_features_of_a_level_is_named(inputs: Inputs, samples: Samples) -> None:
    samples.rows.candidate["content"][0, 1] = np.nan
    samples.rows.candidate["price"][5] = np.inf
    message = r"feature '{}': .* got 1 of 120 rows with NaN or infinity, the first in row {};"
    with pytest.raises(ValueError, match=message.format("price", 5)):
        Columns.pack(inputs, samples.rows, CPU)
    turned = replace(inputs, numbers=inputs.numbers[::-1])
    with pytest.raises(ValueError, match=message.format("content", 0)):
        Columns.pack(turned, samples.rows, CPU)
    samples.rows.candidate["content"][0, 1] = 0
    with pytest.raises(ValueError, match=message.format("price", 5)):
        Columns.pack(turned, samples.rows, CPU)


def test_a_table_that_does_not_fit_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 2 * 4 * 16 * 1_000_100 - 1)
    monkeypatch.setattr(torch, "randn", lambda *size: pytest.fail(f"allocated {size}"))
    fields = (
        CategoryField("user", Level.REQUEST, 90),
        CategoryField("music", Level.CANDIDATE, 1_000_000, values=3),
        CategoryField("year", Level.CANDIDATE, 10),
    )
    message = (
        r"table of 1,000,100 vectors of size 16: needs 0.1 GiB, and 0.1 GiB are free; 'music' has 1,000,000 of them"
    )
    with pytest.raises(ValueError, match=message):
        Table(Inputs(fields), 16)


def test_a_table_that_just_fits_is_made(monkeypatch: pytest.MonkeyPatch, inputs: Inputs) -> None:
    rows = sum(field.size for field in inputs.categories)
    monkeypatch.setattr(memory, "available", lambda: 2 * 4 * 6 * rows)
    assert len(Table(inputs, 6).weight) == rows
    monkeypatch.setattr(memory, "available", lambda: 0)
    assert Table(Inputs((), (NumberField("age", Level.REQUEST),)), 6).dim == 6  # without rows nothing is asked for


def test_where_free_memory_is_not_known_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, inputs: Inputs) -> None:
    monkeypatch.setattr(memory, "available", lambda: None)
    Table(inputs, 6)


def test_a_ranker_larger_than_memory_is_refused_when_it_is_fitted(
    inputs: Inputs, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 100)
    with pytest.raises(ValueError, match="'user' has 30 of them: raise its min_count, hash it to fewer codes, or take"):
        WITHOUT.learn(inputs, samples, samples, seed=0, progress=Silent())


@pytest.mark.parametrize(("sparse", "times"), [(False, 6), (True, 4)])
def test_all_that_training_keeps_of_the_weights_must_fit(
    monkeypatch: pytest.MonkeyPatch, sparse: bool, times: int
) -> None:
    table = Table(Inputs((CategoryField("user", Level.REQUEST, 1_000),)), 8)
    kept = times * 4 * sum(weight.numel() for weight in table.parameters())
    monkeypatch.setattr(memory, "available", lambda: kept)
    check_size(table, Training(sparse=sparse), "here", "take less")
    monkeypatch.setattr(memory, "available", lambda: kept - 1)
    with pytest.raises(ValueError, match=r"here: 8,000 weights, with all that training keeps of them: .*; take less"):
        check_size(table, Training(sparse=sparse), "here", "take less")


def test_a_network_that_no_graph_can_hold_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: None)
    columns = {"user": Given("user", Level.REQUEST, Category(9_000_000)), "item": COLUMNS["item"]}
    with pytest.raises(ValueError, match="a graph that is served holds 2 at most; 'user' has 9,000,000 codes: raise"):
        replace(WITHOUT, dim=64).check(columns, ("like",))


@pytest.mark.parametrize(
    "spec",
    [
        replace(WITHOUT, crosses=(MLP((1_000_000, 1_000_000)),)),
        replace(WITHOUT, dim=10**15),
        replace(WITHOUT, crosses=(FFM(10**9),)),
    ],
    ids=["layers", "vectors", "fields"],
)
def test_sizes_that_no_machine_has_are_refused(spec: RankingModel) -> None:
    columns = {name: COLUMNS[name] for name in ("user", "item")}
    with pytest.raises(ValueError, match=r"are free; |no network of these sizes can be built|holds 2 at most"):
        spec.check(columns, ("like",))


def test_free_memory_is_what_the_system_says() -> None:
    free = memory.available()
    assert free is None or 1024**2 < free < 1024**5


@pytest.mark.parametrize(("most", "left"), [("1000000", 1_000_000 - 900_000 + 300_000), ("max", None)])
def test_a_container_may_have_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: str, left: int | None
) -> None:
    monkeypatch.setattr(memory, "CONTAINER", ())
    whole = memory.available()
    if whole is None:
        pytest.skip("this system does not say how much memory is free")
    for name, text in (("max", most), ("current", "900000"), ("stat", "anon 600000\ninactive_file 300000")):
        (tmp_path / f"memory.{name}").write_text(f"{text}\n")
    paths = (str(tmp_path / "memory.max"), str(tmp_path / "memory.current"), "inactive_file")
    monkeypatch.setattr(memory, "CONTAINER", ((str(tmp_path / "none"), str(tmp_path / "none"), "-"), paths))
    free = memory.available()
    assert free is not None and (free == left if left else free > whole / 2)


LENGTH, ROWS = 4, 200
COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Given("user", Level.REQUEST, Category(6)),
        Given("age", Level.REQUEST, Number()),
        Given("item", Level.CANDIDATE, Category(8)),
        Given("genres", Level.CANDIDATE, Category(7, values=3)),
        Given("price", Level.CANDIDATE, Number(width=2)),
        Given("history", Level.REQUEST, History(LENGTH, ("item",))),
    )
}
FORESTS = Trees(boosting=Boosting(trees=20, leaves=7, at_least=5, patience=5, threads=1))
RANKERS = pytest.mark.parametrize(
    "spec",
    [WITHOUT, MODEL, FORESTS, replace(FORESTS, regression_l2=1.0)],
    ids=["network", "attention", "trees", "leaves"],
)


def rows_of(seed: int, **values: object) -> Samples:
    """Random rows in which some features hold the same everywhere; dearer items are liked."""
    random = np.random.default_rng(seed)
    request = {
        "user": random.integers(1, 6, ROWS),
        "age": random.normal(size=(ROWS, 1)).astype(np.float32),
        "history": random.integers(1, 8, (ROWS, LENGTH, 1)),
    }
    candidate = {
        "item": random.integers(1, 8, ROWS),
        "genres": random.integers(0, 7, (ROWS, 3)),
        "price": random.normal(size=(ROWS, 2)).astype(np.float32),
    }
    labels = (candidate["price"][:, :1] + random.normal(size=(ROWS, 1)) > 0).astype(np.float32)
    for name, value in values.items():
        side = request if name in request else candidate
        side[name] = np.broadcast_to(np.asarray(value, side[name].dtype), side[name].shape).copy()
    of = np.arange(ROWS)
    return Samples(Rows(request, candidate, of), labels, ("like",), np.zeros(ROWS, np.uint8), np.ones(ROWS, np.float32))


CONSTANT = {"user": 3, "age": 2.5, "item": 4, "genres": [2, 3, PAD], "price": [-1, 1]}
DEGENERATE = {
    "constant numbers": {"age": 2.5, "price": [-1, 1]},
    "numbers all missing": {"age": 0, "price": 0},
    "unknown categories": {"user": UNKNOWN, "item": UNKNOWN, "genres": [UNKNOWN, PAD, PAD], "history": UNKNOWN},
    "empty sets": {"genres": PAD},
    "empty histories": {"history": PAD},
    "all constant": {**CONSTANT, "history": 5},
    "nothing known": {"user": PAD, "age": 0, "item": PAD, "genres": PAD, "price": 0, "history": PAD},
}


@RANKERS
@pytest.mark.parametrize("values", DEGENERATE.values(), ids=DEGENERATE)
def test_features_that_say_nothing_are_learned_and_served(spec: RankingModel | Trees, values: dict) -> None:
    train, valid = rows_of(0, **values), rows_of(1, **values)
    ranker = spec.fit(Lesson(train, valid, COLUMNS))
    for served in (valid, rows_of(2)):  # the same again, and what training never saw
        found = ranker.score(served.rows)["like"]
        assert found.shape == (ROWS,) and np.isfinite(found).all()
        assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("length", [0, -3])
def test_a_history_without_places_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"Recent.length: expected a whole number, 1 or more; got"):
        Recent(name="history", event="like", length=length)


@pytest.mark.parametrize("spec", [WITHOUT, MODEL], ids=["network", "attention"])
@pytest.mark.parametrize("where", ["training", "validation"])
def test_a_network_does_not_learn_from_numbers_that_are_not_finite(spec: RankingModel, where: str) -> None:
    bad, good = rows_of(0, age=np.nan), rows_of(1)
    train, valid = (bad, good) if where == "training" else (good, bad)
    with pytest.raises(ValueError, match=r"feature 'age': expected finite numbers, got 200 of 200 rows"):
        spec.fit(Lesson(train, valid, COLUMNS))


def test_trees_do_not_learn_from_numbers_that_are_not_finite() -> None:
    with pytest.raises(ValueError, match=r"feature 'age': expected finite numbers"):
        FORESTS.fit(Lesson(rows_of(0, age=np.nan), rows_of(1), COLUMNS))


@RANKERS
@pytest.mark.parametrize(
    ("label", "message"),
    [
        (0.0, "expected rows that have it and some that have not, got 200 labels, all of them 0 in 200 rows"),
        (1.0, "expected rows that have it and some that have not, got 200 labels, all of them 1 in 200 rows"),
        (np.nan, "expected rows that have it and some that have not, got no label at all in 200 rows"),
        (3.0, "expected labels from 0 to 1, got 3 to 3"),
    ],
)
def test_a_task_that_teaches_nothing_is_refused_by_name(spec: RankingModel | Trees, label: float, message: str) -> None:
    train, valid = (
        replace(
            samples,
            labels=np.concatenate([samples.labels, np.full((ROWS, 1), label, np.float32)], axis=1),
            tasks=("like", "follow"),
        )
        for samples in (rows_of(0), rows_of(1))
    )
    if isinstance(spec, RankingModel):
        spec = replace(spec, head=SharedBottom())
    with pytest.raises(ValueError, match=f"task 'follow': {message}"):
        spec.fit(Lesson(train, valid, COLUMNS))
