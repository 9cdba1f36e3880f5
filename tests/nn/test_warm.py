"""What an earlier run's trainings have left begins the next one's, code by code."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from taojin.features.feature import Level
from taojin.features.inputs import CategoryField, Inputs
from taojin.nn import warm
from taojin.nn.table import Table
from taojin.nn.warm import States


class Small(nn.Module):
    """Two fields in one table, a layer, weights by row and a layer of another size."""

    by_row = ("own",)

    def __init__(self, users: int, words: int, width: int) -> None:
        super().__init__()
        fields = (
            CategoryField("user", Level.REQUEST, users),
            CategoryField("word", Level.CANDIDATE, words),
        )
        self.table = Table(Inputs(fields), 4)
        self.layer = nn.Linear(8, 3)
        self.other = nn.Linear(width, 1)
        self.own = nn.Parameter(torch.randn(users, 2))


def left(folder: Path, module: nn.Module, name: str = "small") -> None:
    with States(None, folder).used() as states:
        warm.end(warm.begin(name, module), module)
    assert states.begun == []


def test_rows_go_by_field_and_what_is_new_begins_anew(tmp_path: Path) -> None:
    before, now = Small(5, 4, 2), Small(7, 6, 3)
    fresh = {key: value.clone() for key, value in now.state_dict().items()}
    left(tmp_path / "old", before)
    with States(tmp_path / "old", tmp_path / "new").used() as states:
        warm.end(warm.begin("small", now), now)
    assert states.begun == ["small"]
    torch.testing.assert_close(now.table.weight[:5], before.table.weight[:5])
    torch.testing.assert_close(now.table.weight[5:7], fresh["table.weight"][5:7])
    torch.testing.assert_close(now.table.weight[7:11], before.table.weight[5:9])
    torch.testing.assert_close(now.table.weight[11:], fresh["table.weight"][11:])
    torch.testing.assert_close(now.own[:5], before.own)
    torch.testing.assert_close(now.own[5:], fresh["own"][5:])
    torch.testing.assert_close(now.layer.weight, before.layer.weight)
    torch.testing.assert_close(now.other.weight, fresh["other.weight"])
    assert not now.table.weight[0].any()
    with np.load(tmp_path / "new" / "small-1.npz") as kept:
        np.testing.assert_array_equal(kept["table.weight"], now.table.weight.detach().numpy())


def test_the_second_training_of_a_name_begins_with_the_second(tmp_path: Path) -> None:
    one, two, third = Small(5, 4, 2), Small(5, 4, 2), Small(5, 4, 2)
    with States(None, tmp_path).used():
        for module in (one, two):
            warm.end(warm.begin("small", module), module)
    with States(tmp_path, tmp_path / "new").used():
        warm.begin("small", third)
        torch.testing.assert_close(third.layer.weight, one.layer.weight)
        warm.begin("small", third)
        torch.testing.assert_close(third.layer.weight, two.layer.weight)
        before = third.layer.weight.clone()
        warm.begin("another", third)
        torch.testing.assert_close(third.layer.weight, before)


def test_a_training_is_told_by_its_part_and_not_by_what_is_fitted_before_it(tmp_path: Path) -> None:
    """Without the second tower the first one's early fit still begins with its own, which knows fewer labels."""
    fits = ("dssm", "youtube", "early/dssm", "early/youtube")
    before = {part: Small(5, 4, 2) for part in fits}
    with States(None, tmp_path / "old").used():
        for part, module in before.items():
            with warm.within(part):
                warm.end(warm.begin("towers", module), module)
    now = {part: Small(5, 4, 2) for part in ("dssm", "early/dssm", "early/sasrec")}
    fresh = now["early/sasrec"].layer.weight.clone()
    with States(tmp_path / "old", tmp_path / "new").used() as states:
        for part, module in now.items():
            with warm.within(part):
                warm.begin("towers", module)
    torch.testing.assert_close(now["dssm"].layer.weight, before["dssm"].layer.weight)
    torch.testing.assert_close(now["early/dssm"].layer.weight, before["early/dssm"].layer.weight)
    torch.testing.assert_close(now["early/sasrec"].layer.weight, fresh)
    assert states.begun == ["towers", "towers"]


def test_outside_of_a_run_nothing_is_read_or_kept(tmp_path: Path) -> None:
    module = Small(5, 4, 2)
    left(tmp_path, module)
    files = list(tmp_path.iterdir())
    other = Small(5, 4, 2)
    before = other.layer.weight.clone()
    warm.end(warm.begin("small", other), other)
    torch.testing.assert_close(other.layer.weight, before)
    assert list(tmp_path.iterdir()) == files


def test_a_table_of_another_size_begins_anew(tmp_path: Path) -> None:
    left(tmp_path, Small(5, 4, 2))

    class Wide(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = Table(Inputs((CategoryField("user", Level.REQUEST, 5),)), 8)

    module = Wide()
    before = module.table.weight.clone()
    with States(tmp_path, tmp_path / "new").used() as states:
        warm.begin("small", module)
    torch.testing.assert_close(module.table.weight, before)
    assert states.begun == []
