"""What a training is protected from: batches larger than memory, numbers and labels that teach nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from taojin.core.batch import Rows
from taojin.core.progress import Silent
from taojin.core.units import PAD, UNKNOWN
from taojin.features.inputs import Inputs
from taojin.features.past import Recent
from taojin.nn import batch
from taojin.nn.batch import Columns
from taojin.nn.optimizer import Optimizers
from taojin.nn.samples import Samples
from taojin.nn.training import Training
from taojin.ranking.boosting import Boosting
from taojin.ranking.crosses.decay import Decay, Decayed
from taojin.ranking.crosses.ffm import FFM
from taojin.ranking.crosses.fm import FM
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.heads.shared_bottom import SharedBottom
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.lesson import Lesson
from taojin.ranking.model import RankingModel
from taojin.ranking.parts import Cross
from taojin.ranking.trees import Trees
from tests.nn.columns import COLUMNS, LENGTH

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


def test_dice_sees_all_rows_of_a_step(inputs: Inputs, samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces are divided by the length of histories, and those of one length have a mean of their own."""
    spec = replace(MODEL, interests=(TargetAttention((8,), activation="dice"),))

    def weights() -> dict[str, Tensor]:
        return spec.learn(inputs, samples, samples, seed=0, progress=Silent()).state_dict()

    whole = weights()
    monkeypatch.setattr(batch, "PLACES", 4 * LENGTH)
    for name, found in weights().items():
        assert torch.equal(found, whole[name]), name


@pytest.mark.parametrize("part", [Linear(), FFM(3)])
def test_tables_of_a_part_are_kept_small_by_its_penalty(inputs: Inputs, samples: Samples, part: Cross) -> None:
    """A penalty reaches every row of a table, also of one that learns by the rows of the batch alone."""

    def size(l2: float) -> float:
        training = replace(QUICK, sparse=True, epochs=5, patience=9)
        spec = RankingModel(crosses=(Decay(part, l2), MLP((8,))), dim=4, training=training)
        network = spec.learn(inputs.without_history(), samples, samples, seed=0, progress=Silent())
        parts = [module for module in network.modules() if isinstance(module, Decayed)]
        return sum(float(weight.detach().square().sum()) for weight in parts[0].parameters())

    assert size(0.1) < 0.5 * size(0.0)


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


ROWS = 200
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
