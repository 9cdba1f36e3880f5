"""The page of all fields is what the classes say now, and says something of each."""

import re
from pathlib import Path

from typer.testing import CliRunner

from taojin.cli.main import app
from taojin.core.spec import encode
from taojin.recipes.kuairand import kuairand
from taojin.recipes.movielens import movielens, movielens_order
from taojin.recipes.world import world
from taojin.start.fields import Spec, as_markdown, find, specs

PAGE = Path(__file__).parents[2] / "docs" / "fields.md"


def every() -> list[Spec]:
    return [spec for some in specs().values() for spec in some]


def test_the_page_is_what_the_classes_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == as_markdown(), "run: taojin fields --markdown > docs/fields.md"


def test_every_class_of_every_recipe_stands_in_it() -> None:
    known = {f"{spec.module}:{spec.name}" for spec in every()}

    def classes(data: object) -> set[str]:
        match data:
            case {"class": name, "fields": fields}:
                return {name} | classes(fields)
            case dict():
                return set().union(*map(classes, data.values()))
            case list():
                return set().union(*map(classes, data))
        return set()

    for recipe in (movielens(), movielens_order(), world(), kuairand()):
        assert classes(encode(recipe)) <= known


def test_each_says_what_it_is_and_no_field_is_said_that_is_not_there() -> None:
    for spec in every():
        assert spec.about.endswith((".", ")")) or "http" in spec.about, spec.name
        assert "nan" not in spec.about.split()
    swing = find("Swing")[0]
    said = {field.name: field for field in swing.fields}
    assert said["alpha"].default == "1.0" and said["alpha"].meaning.startswith("smoothing")
    assert said["neighbours"].type == "int"


def test_each_setting_of_training_has_a_meaning_here_and_in_the_page_on_ranking() -> None:
    page = (PAGE.parent / "ranking.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]*`) \|", page.split("\n## Training\n")[1].split("\n## ")[0], re.MULTILINE)
    training = find("Training")[0]
    assert [field.name for field in training.fields if not field.meaning] == []
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(field.name for field in training.fields)


def test_the_command_prints_one_and_helps_with_a_typo() -> None:
    runner = CliRunner()
    assert "learning_rate" in runner.invoke(app, ["fields", "Training"]).stdout
    assert "Channels, merging, indexes\n  Again, Association" in runner.invoke(app, ["fields"]).stdout
    said = runner.invoke(app, ["fields", "Swng"])
    assert said.exit_code == 1 and "did you mean 'Swing'?" in said.stderr
