"""Networks larger than memory, or than a graph holds, are refused before anything of them is made."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from taojin.core.progress import Silent
from taojin.features.feature import Category, Level
from taojin.features.inputs import CategoryField, Inputs, NumberField
from taojin.nn import memory
from taojin.nn.samples import Samples
from taojin.nn.size import check_size
from taojin.nn.table import Table
from taojin.nn.training import Training
from taojin.ranking.crosses.ffm import FFM
from taojin.ranking.crosses.fm import FM
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.model import RankingModel
from tests.nn.columns import COLUMNS
from tests.ranking.conftest import Given

CPU = torch.device("cpu")
QUICK = Training(batch=32, epochs=2, device="cpu")
WITHOUT = RankingModel(crosses=(Linear(), FM(), MLP((8,))), dim=4, training=QUICK)
MODEL = replace(WITHOUT, interests=(TargetAttention((8,)),))


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
