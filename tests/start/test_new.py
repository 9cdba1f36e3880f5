"""`taojin new`: from files to a recipe that trains unchanged."""

import errno
import runpy
import shlex
from dataclasses import replace
from keyword import iskeyword
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from typer.testing import CliRunner

from taojin.cli.main import app
from taojin.data.dataset import Clock
from taojin.recipes.own import own
from taojin.scene import Experiment
from taojin.start import write as writing
from taojin.start.plan import look
from taojin.start.write import function, page, recipe, training, write
from tests.start.test_plan import films


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def made(text: str, tmp_path: Path, name: str) -> Experiment:
    """What the text of a recipe makes."""
    (tmp_path / "made.py").write_text(text)
    experiment = runpy.run_path(str(tmp_path / "made.py"))[name]()
    assert isinstance(experiment, Experiment)
    return experiment


def shop(folder: Path, users: int = 60, items: int = 40, n: int = 3_000) -> Path:
    """Purchases of a shop whose customers like one of two brands."""
    random = np.random.default_rng(0)
    user = random.integers(0, users, n)
    item = (random.integers(0, items // 2, n) * 2 + user % 2) % items
    day = np.sort(1_570_000_000 + random.integers(0, 9_000_000, n))
    orders = {
        "customer": [f"c {u}" for u in user],
        "sku": [f"s;{i}" for i in item],
        "bought_at": day,
        "quantity": 1 + user % 3,
    }
    pa.csv.write_csv(pa.table(orders), folder / "orders.csv")
    goods = {
        "sku": [f"s;{i}" for i in range(items)],
        "name": [f'Pan "{i}", large' for i in range(items)],
        "brand": [f"brand {i % 2}" for i in range(items)],
        "price": [1 + i / 3 for i in range(items)],
    }
    pa.csv.write_csv(pa.table(goods), folder / "goods.csv")
    return folder


def test_a_recipe_says_what_the_plan_says(tmp_path: Path) -> None:
    plan = films(tmp_path)
    experiment = made(recipe(plan), tmp_path, "films")
    assert experiment.name == "films" and experiment.positive == "like"
    dataset = experiment.data.load(None)
    assert dataset.items["genres"].to_pylist()[2] == ["red", "green", "blue"]
    assert dataset.kinds.names == ("rate", "like")
    experiment.check(dataset.clock)


def test_a_label_beside_a_column_of_kinds_fires(tmp_path: Path) -> None:
    rated = np.arange(1_600) % 8 < 3
    log = {
        "user": [f"u{n % 90}" for n in range(len(rated))],
        "item": [f"i{n % 70}" for n in range(len(rated))],
        "event": np.where(rated, "rate", "view"),
        "rating": [1 + n // 8 % 5 if one else None for n, one in enumerate(rated)],
    }
    pa.csv.write_csv(pa.table(log), tmp_path / "log.csv")
    experiment = made(recipe(look("films", tmp_path / "log.csv")), tmp_path, "films")
    assert runpy.run_path(str(tmp_path / "made.py"))["KNOWN"].valued == "rate"
    dataset = experiment.data.load(None)
    liked = len(dataset.log.events.matching(dataset.kinds.bits("like")).position)
    assert liked == sum(stars is not None and stars >= 4 for stars in log["rating"])


@pytest.mark.parametrize("name", ["own", "Own", "known", "experiment", "files", "data"])
def test_no_name_hides_what_the_recipe_imports(name: str, tmp_path: Path) -> None:
    plan = replace(films(tmp_path), name=name)
    assert made(recipe(plan), tmp_path, function(name)).name == name


def test_a_recipe_made_within_the_folder_of_the_events_finds_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop(tmp_path)
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders.csv").rename(tmp_path / "orders" / "days.csv")
    monkeypatch.chdir(tmp_path / "orders")
    plan = look("pans", Path("."), Path("../goods.csv"))
    assert (plan.root, plan.place(plan.events)) == (tmp_path, "orders/*.csv")
    dataset = made(recipe(plan), tmp_path, "pans").data.load(None)
    assert len(dataset.log) == 3_000 and len(dataset.items) == 40


@pytest.mark.parametrize("name", ["my-shop", "2nd", "läden", "class", "淘金", "__", "../shop"])
def test_any_name_is_a_function(name: str) -> None:
    assert function(name).isidentifier() and not iskeyword(function(name)) and not function(name).endswith("_")


def test_commands_are_written_as_a_shell_takes_them(tmp_path: Path) -> None:
    words = shlex.split(training("my shop; rm", "my shop; rm/recipe.py"))
    assert words == ["taojin", "train", "my shop; rm/recipe.py:my_shop__rm", "--out", "runs/my shop; rm"]
    said = page(replace(films(tmp_path), name="my shop"), "my shop/recipe.py")
    assert training("my shop", "my shop/recipe.py") in said
    assert "taojin evaluate 'runs/my shop'\ntaojin serve 'runs/my shop'\n" in said


def test_a_disk_that_fills_up_leaves_nothing_in_the_way_of_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, folder = films(tmp_path), tmp_path / "recipes" / "films"

    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(writing, "page", full)
        write(plan, folder)
    assert list(folder.parent.iterdir()) == []
    folder.mkdir()
    assert write(plan, folder) == folder / "recipe.py"
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "recipe.py"]
    assert list(folder.parent.iterdir()) == [folder]
    with pytest.raises(ValueError, match="films: exists already"):
        write(plan, folder)


@pytest.mark.slow
def test_from_files_to_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shop(tmp_path)
    code, said = run("new", "pans", "--events", "orders.csv", "--items", "goods.csv")
    assert code == 0
    assert "customer" in said and "its name says so" in said and "taojin train pans/recipe.py:pans" in said
    assert "pans" in Path("pans/README.md").read_text()
    code, said = run("train", "pans/recipe.py:pans", "--out", "runs/pans")
    assert code == 0, said
    code, said = run("recommend", "runs/pans", "--user", "c 3", "--json")
    assert code == 0 and "Pan" in said
    code, said = run("new", "pans", "--events", "orders.csv")
    assert code == 1 and "pans: exists already; choose another name, or remove it" in said


def test_what_is_wrong_is_told_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shop(tmp_path)
    for words, message in (
        (("--events", "order.csv"), "order.csv: no such file, folder or pattern; did you mean 'orders.csv'?"),
        (("--events", "orders.csv", "--items", "orders.csv"), "orders.csv: no column is different in every row"),
        (("--events", "orders.csv", "--user", "custom"), "--user custom: "),
    ):
        code, said = run("new", "pans", *words)
        assert code == 1 and message in said and "Traceback" not in said
    assert not Path("pans").exists()


def test_every_part_of_the_recipe_is_there_with_and_without_a_clock(tmp_path: Path) -> None:
    for light in (False, True):
        plan = look("pans", shop(tmp_path) / "orders.csv", tmp_path / "goods.csv")
        experiment = made(recipe(plan), tmp_path, "pans")
        known = runpy.run_path(str(tmp_path / "made.py"))["KNOWN"]
        for clock in Clock:
            experiment = own("pans", experiment.data, replace(known, clock=clock is Clock.REAL), light=light)
            experiment.check(clock)
        assert experiment.scenes["for_you"].ranking == ("lr" if light else "din")
