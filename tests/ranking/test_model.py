from dataclasses import replace

import numpy as np
import pytest

from taojin.core.auc import auc
from taojin.core.batch import Rows
from taojin.core.spec import decode, encode, override
from taojin.features.feature import Category, Column, History, Level
from taojin.nn import trainer
from taojin.nn.encoders import MeanPool
from taojin.nn.samples import Samples
from taojin.nn.training import Training
from taojin.ranking import zoo
from taojin.ranking.crosses.beside import Beside
from taojin.ranking.crosses.fm import FM
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.crosses.only import Only
from taojin.ranking.heads.mmoe import MMoE
from taojin.ranking.interests.mean_pool import MeanPool as Mean
from taojin.ranking.interests.over import Over
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.lesson import Lesson
from taojin.ranking.model import Network, RankingModel
from taojin.ranking.onnx import OnnxRanker

from .conftest import Given

BEFORE = RankingModel(crosses=(FM(),))

QUICK = Training(batch=64, epochs=3, device="cpu")


def fit(spec: RankingModel, train: Samples, valid: Samples, columns, **options) -> OnnxRanker:
    return spec.fit(Lesson(train, valid, columns, **options))


def quality(spec: RankingModel, train: Samples, held_out: Samples, columns) -> float:
    ranker = fit(spec, train, held_out, columns)
    return auc(held_out.labels[:, 0], ranker.score(held_out.rows)["like"])


def planted(request: dict, candidate: dict, like: np.ndarray) -> Samples:
    n = len(like)
    rows = Rows(request, candidate, np.arange(n))
    labels = like.astype(np.float32)[:, None]
    return Samples(rows, labels, ("like",), np.zeros(n, np.uint8), np.ones(n, np.float32))


def tastes(items: range, seed: int) -> Samples:
    """A film is liked if and only if its genre is among the three of the history; items of train and test differ."""
    random, n = np.random.default_rng(seed), 4000
    genre = random.integers(2, 14, n)
    past = random.integers(2, 14, (n, 3))
    some = np.arange(n) % 2 == 0
    genre[some] = past[np.arange(n), random.integers(0, 3, n)][some]
    history = np.stack([random.integers(items.start, items.stop, (n, 3)), past], axis=2)
    candidate = {"item": random.integers(items.start, items.stop, n), "genre": genre}
    return planted({"history": history}, candidate, (past == genre[:, None]).any(1))


TASTE_COLUMNS: dict[str, Column] = {
    "item": Given("item", Level.CANDIDATE, Category(102)),
    "genre": Given("genre", Level.CANDIDATE, Category(14)),
    "history": Given("history", Level.REQUEST, History(3, ("item", "genre"))),
}


def test_din_learns_a_rule_between_history_and_candidate_that_holds_for_items_it_never_saw() -> None:
    train, held_out = tastes(range(2, 52), seed=0), tastes(range(52, 102), seed=1)
    training = Training(batch=128, epochs=12, patience=12, learning_rate=0.01, device="cpu")
    small = {"dim": 8, "training": training}
    din = RankingModel(interests=(TargetAttention((16,)),), crosses=(MLP((16,)),), **small)
    apart = RankingModel(crosses=(Linear(), MLP((16,))), **small)
    assert quality(din, train, held_out, TASTE_COLUMNS) > 0.97
    assert quality(apart, train, held_out, TASTE_COLUMNS) < 0.6


def test_fm_learns_a_cross_that_logistic_regression_cannot() -> None:
    columns: dict[str, Column] = {
        "group": Given("group", Level.REQUEST, Category(8)),
        "kind": Given("kind", Level.CANDIDATE, Category(8)),
    }

    def pairs(seed: int) -> Samples:
        random = np.random.default_rng(seed)
        group, kind = random.integers(2, 8, (2, 3000))
        return planted({"group": group}, {"kind": kind}, group % 2 == kind % 2)

    training = Training(batch=64, epochs=10, patience=10, learning_rate=0.01, device="cpu")
    fm = replace(zoo.FACTORISATION_MACHINE, dim=4, training=training)
    assert quality(fm, pairs(0), pairs(1), columns) > 0.99
    assert quality(replace(zoo.LR, training=training), pairs(0), pairs(1), columns) < 0.6


def test_the_same_seed_gives_the_same_scores_and_a_resumed_training_too(columns, draw, tmp_path) -> None:
    spec, train, valid = replace(zoo.DIN, training=QUICK), draw(50, 4), draw(20, 4, seed=1)
    first = fit(spec, train, valid, columns, checkpoint=tmp_path / "din.pt").score(valid.rows)["task0"]
    again = fit(spec, train, valid, columns).score(valid.rows)["task0"]
    resumed = fit(spec, train, valid, columns, checkpoint=tmp_path / "din.pt").score(valid.rows)["task0"]
    assert np.array_equal(first, again) and np.array_equal(first, resumed)
    assert not np.array_equal(first, fit(spec, train, valid, columns, seed=1).score(valid.rows)["task0"])


def test_pieces_of_a_batch_do_not_change_what_is_learned(columns, draw, monkeypatch) -> None:
    spec, train, valid = replace(zoo.DIN, training=QUICK), draw(50, 4), draw(20, 4, seed=1)
    whole = fit(spec, train, valid, columns).score(valid.rows)["task0"]
    monkeypatch.setattr("taojin.nn.batch.PLACES", 60)
    np.testing.assert_allclose(fit(spec, train, valid, columns).score(valid.rows)["task0"], whole, rtol=0, atol=1e-4)


def test_bfloat16_learns_about_the_same(columns, draw) -> None:
    train, valid = draw(50, 4), draw(20, 4, seed=1)

    def scores(*, bf16: bool) -> np.ndarray:
        spec = replace(zoo.DIN, training=replace(QUICK, learning_rate=0.02, bf16=bf16))
        return fit(spec, train, train, columns).score(valid.rows)["task0"]

    exact, rough = scores(bf16=False), scores(bf16=True)
    assert not np.array_equal(exact, rough)
    assert np.corrcoef(exact, rough)[0, 1] > 0.97


def test_a_ranker_names_the_features_that_it_reads(columns, draw) -> None:
    samples = draw(10, 2)
    assert fit(replace(zoo.LR, training=QUICK), samples, samples, columns).features == (
        "user", "item", "year", "tags", "genres", "age", "content",
    )  # fmt: skip
    some = replace(zoo.DIN, training=QUICK, features=("history", "item", "year", "age"))
    assert fit(some, samples, samples, columns).features == ("item", "year", "age", "history")


def test_a_feature_that_is_not_declared_is_refused(columns, draw) -> None:
    samples = draw(10, 2)
    with pytest.raises(ValueError, match="feature 'yaer' is not declared; did you mean 'year'"):
        fit(replace(zoo.LR, features=("yaer",)), samples, samples, columns)


def test_an_interest_without_a_history_is_refused(columns, draw) -> None:
    samples = draw(10, 2)
    with pytest.raises(ValueError, match="TargetAttention reads a history; expected a history among the features"):
        fit(replace(zoo.DIN, features=("user", "item")), samples, samples, columns)


def test_crosses_of_vectors_without_vectors_are_refused(columns, draw) -> None:
    samples = draw(10, 2)
    with pytest.raises(ValueError, match="FM crosses vectors of fields; expected fields and dim >= 1"):
        fit(RankingModel(crosses=(Linear(), FM()), dim=0), samples, samples, columns)


def test_a_model_without_crosses_or_with_a_negative_size_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one cross"):
        RankingModel(crosses=())
    with pytest.raises(ValueError, match=r"RankingModel.dim: expected a whole number, 0 or more; got -1"):
        replace(zoo.LR, dim=-1)


def test_other_tasks_or_no_rows_in_validation_are_refused(columns, draw) -> None:
    with pytest.raises(ValueError, match="expected validation rows with tasks"):
        fit(zoo.LR, draw(10, 2), draw(10, 2, tasks=2), columns)
    with pytest.raises(ValueError, match="expected validation rows, got none"):
        fit(zoo.LR, draw(10, 2), draw(1, 0), columns)


def test_a_spec_is_stored_rebuilt_and_overridden_by_name() -> None:
    for name in ("LR", "FACTORISATION_MACHINE", "DEEP_FM", "DCN", "DCN_V2", "MEAN_POOL", "DIN"):
        assert decode(encode(getattr(zoo, name))) == getattr(zoo, name)
    changed = override(override(zoo.DIN, "dim", "32"), "training.epochs", "3")
    assert (changed.dim, changed.training.epochs) == (32, 3)
    assert override(zoo.DIN, "crosses.0.hidden", "64,32").crosses == (MLP((64, 32)),)


def test_the_epoch_with_the_best_order_is_kept_where_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    train, valid = tastes(range(2, 52), 0), tastes(range(52, 102), 1)
    half = np.arange(len(valid.labels)) < 2_000
    two = {"tasks": ("like", "love")}  # the second is known of half of the rows
    train = replace(train, labels=np.repeat(train.labels, 2, 1), **two)
    labels = np.stack([valid.labels[:, 0], np.where(half, valid.labels[:, 0], np.nan)], 1)
    valid = replace(valid, labels=labels, **two)
    spec = RankingModel(
        interests=(TargetAttention((8,)),), crosses=(MLP((8,)),), dim=4, chosen_by="auc",
        training=replace(QUICK, epochs=6, patience=6, learning_rate=0.02, batch=512),
    )  # fmt: skip
    outcomes = []

    def training(*arguments, **options):
        outcomes.append(trainer.train(*arguments, **options))
        return outcomes[-1]

    monkeypatch.setattr("taojin.ranking.model.train", training)
    said = fit(spec, train, valid, TASTE_COLUMNS).score(valid.rows)
    like = auc(valid.labels[:, 0], said["like"])
    love = auc(valid.labels[half, 1], said["love"][half])
    (outcome,) = outcomes
    assert outcome.values[outcome.best] == max(outcome.values) == pytest.approx((like + love) / 2, abs=1e-6)
    assert len(set(outcome.values)) == 6


def test_an_order_is_judged_on_rows_of_both_kinds() -> None:
    train, spec = tastes(range(2, 52), 0), RankingModel(crosses=(Linear(),), chosen_by="auc", training=QUICK)
    only = train.where(train.labels[:, 0] == 1)
    with pytest.raises(ValueError, match="AUC: no task of like has rows above one half and others; take more rows"):
        fit(spec, train, only, TASTE_COLUMNS)
    with pytest.raises(ValueError, match=r"RankingModel.chosen_by: expected 'loss' or 'auc'; got 'gauc'"):
        RankingModel(crosses=(Linear(),), chosen_by="gauc")  # type: ignore[arg-type]


def test_a_model_says_how_its_vectors_begin() -> None:
    spec = RankingModel(crosses=(FM(),), dim=16, deviation=1e-4, training=QUICK)
    network = Network(spec, spec.inputs(TASTE_COLUMNS), ("like",))
    assert network.table is not None and 5e-5 < network.table.weight.detach().std() < 2e-4
    with pytest.raises(ValueError, match=r"RankingModel.deviation: expected a number, above 0; got 0"):
        RankingModel(crosses=(FM(),), deviation=0)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"crosses": MLP((8,))}, r"RankingModel.crosses: expected a tuple, .* written \(MLP\(hidden=\(8,\)"),
        ({"crosses": (MLP,)}, "RankingModel.crosses: expected a tuple, each part Cross; got"),
        ({"crosses": ("mlp",)}, r"RankingModel.crosses: expected a tuple, each part Cross; got \('mlp',\)"),
        (
            {"crosses": (TargetAttention((8,)),)},
            r"ranking: TargetAttention\(.*\) is no cross; `taojin",
        ),
        ({"crosses": (Beside((TargetAttention((8,)),)),)}, r"ranking: TargetAttention\(.*\) is no cross"),
        ({"crosses": (MMoE(),)}, r"ranking: MMoE\(.*\) is no cross"),
        ({"interests": (MLP((8,)),)}, r"ranking: MLP\(.*\) is no interest; `taojin.ranking.interests`"),
        ({"interests": (MeanPool(),)}, r"ranking: MeanPool\(\) is no interest"),
        ({"interests": (Over("history", MLP((8,))),)}, r"ranking: MLP\(.*\) is no interest"),
        ({"head": MLP((8,))}, r"ranking: MLP\(.*\) is no head; `taojin.ranking.heads`"),
        ({"head": MMoE}, r"RankingModel.head: expected Head; got .*call it: MMoE\(\)"),
        ({"head": "mmoe"}, "RankingModel.head: expected Head; got 'mmoe'"),
        ({"dim": "16"}, "RankingModel.dim: expected a whole number, 0 or more; got '16'"),
        ({"dim": True}, "RankingModel.dim: expected a whole number, 0 or more; got True"),
        ({"training": {"epochs": 3}}, "RankingModel.training: expected Training; got {'epochs': 3}"),
        ({"objective": {"like": 2.0}}, "RankingModel.objective: expected Objective; got {'like': 2.0}"),
        ({"start": "fm"}, "RankingModel.start: expected RankingModel; got 'fm'"),
        (
            {"start": replace(BEFORE, features=("item",))},
            "RankingModel.start: it learns from what the model reads; leave",
        ),
        (
            {"start": replace(BEFORE, interests=(Mean(),))},
            "ranking: MeanPool reads a history; expected a history among",
        ),
        ({"features": "item"}, r"RankingModel.features: expected a tuple, .* written \('item',\)"),
        ({"features": ("item", "item")}, "RankingModel.features: 'item' is there twice"),
        ({"crosses": (Only(("item",), FM()),)}, "ranking: FM crosses pairs of fields; expected two fields or more"),
    ],
)
def test_what_is_no_part_of_its_kind_is_refused(parts: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RankingModel(**({"crosses": (Linear(),)} | parts)).check(TASTE_COLUMNS, ("like",))
