"""What the docs name exists, and what they show runs."""

import importlib
import re
from pathlib import Path

import pytest
from typer.main import get_command

import taojin
from taojin.cli.main import app
from taojin.data.files import Files
from taojin.run import RECIPES

ROOT = Path(__file__).parent.parent
DOCS = tuple(
    f"docs/{name}.md"
    for name in ("architecture", "world", "LOG", "results", "retrieval", "recipes", "ranking", "tutorial", "fields")
)
READMES = ("README.md", "README.zh-CN.md")
SET = {"scenes.for_you.retrieval.swing.0.neighbours": "50"}
"""What the document on recipes shows with `--set`."""


def blocks(name: str, language: str) -> list[str]:
    """Code blocks of a document."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("name", READMES)
def test_commands_and_recipes_of_the_readme_exist(name: str) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    shown = re.findall(r"^taojin (\w+) (\S+)", "\n".join(blocks(name, "sh")), re.MULTILINE)
    assert len(shown) >= 7
    for command, first in shown:
        assert command in commands
        if command == "train" and first != "--from":
            assert first in RECIPES
        elif command == "data":
            assert first in commands["data"].commands
    for target in re.findall(r"^make (\w+)", "\n".join(blocks(name, "sh")), re.MULTILINE):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_folder_of_the_package_stands_in_the_tree_and_the_other_way_round() -> None:
    tree = re.search(r"```\ntaojin/\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert tree
    named = re.findall(r"^  (\S+)", tree[1], re.MULTILINE)
    there = [f"{p.name}/" for p in (ROOT / "taojin").iterdir() if p.is_dir() and p.name != "__pycache__"]
    assert {name for name in named if name.endswith("/")} == set(there)
    for name in named:
        assert (ROOT / "taojin" / name).exists(), name


@pytest.mark.parametrize(
    "name", [*READMES, "docs/architecture.md", "docs/world.md", "docs/LOG.md", "docs/results.md", *DOCS]
)
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text(encoding="utf-8")):
        if "://" not in target:
            assert ((ROOT / name).parent / target).exists(), target


def test_the_layers_of_the_architecture_are_the_contract() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = next(block for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) if block.startswith("cli\n"))
    layers = [set(re.findall(r"[a-z]+", line.split("   ")[0])) for line in drawn.splitlines() if line]
    contract = re.search(r"layers = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL)
    assert contract
    assert layers == [set(re.findall(r"taojin\.(\w+)", line)) for line in contract[1].splitlines() if "taojin" in line]


@pytest.mark.xdist_group("runs")
def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("README.md", "python")
    exec(compile(code, "README.md", "exec"), {})
    assert "retrieval" in capsys.readouterr().out  # type: ignore[attr-defined]


def test_the_models_of_the_docs_are_some() -> None:
    code = "\n".join(blocks("docs/ranking.md", "python"))
    exec(compile(code, "docs/ranking.md", "exec"), {})


@pytest.mark.xdist_group("runs")
def test_the_ranking_recipe_of_the_docs_trains_and_answers(tmp_path: Path) -> None:
    (recipe,) = (block for block in blocks("docs/ranking.md", "python") if "def mine()" in block)
    (tmp_path / "mine.py").write_text(recipe)
    run = taojin.train(f"{tmp_path / 'mine.py'}:mine", out=tmp_path / "run")
    assert len(run.recommend("u17", n=5)) == 5
    assert list(run.evaluate().to_json()["ranker"]["tasks"]) == ["like", "rate", "stars"]


@pytest.mark.xdist_group("runs")
def test_the_recipe_of_the_docs_trains_and_answers(tmp_path: Path) -> None:
    recipe, tables = blocks("docs/recipes.md", "python")
    (tmp_path / "mine.py").write_text(recipe)
    run = taojin.train(f"{tmp_path / 'mine.py'}:mine", out=tmp_path / "run", set=SET)
    answer = run.recommend("u17", n=5)
    assert len(answer) == 5 and {channel for item in answer for channel in item.channels} - {"popular"}
    (tmp_path / "log.csv").write_text("visitor,sku,at,action\n7,B-12,2019-10-01 23:59:59,like\n")
    (tmp_path / "goods.csv").write_text("sku,name,brand\nB-12,Mug,Acme\n")
    (tmp_path / "friends.csv").write_text("who,whom\n7,7\n")
    made: dict[str, Files] = {}
    exec(compile(tables, "docs/recipes.md", "exec"), made)  # type: ignore[arg-type]
    assert made["shop"].load(tmp_path).context["friends"].num_rows == 1


def test_what_the_recipes_document_names_can_be_imported() -> None:
    table = (ROOT / "docs/recipes.md").read_text(encoding="utf-8").split("| what |")[1].split("\n\n")[0]
    rows = [line.split("|")[2] for line in table.splitlines()[2:]]
    for row in rows:
        module = ""
        for word in re.findall(r"`([.\w]+)", row):
            if "." in word:
                module = f"taojin.{word}" if word[0] != "." else module.rpartition(".")[0] + word
            else:
                assert hasattr(importlib.import_module(module), word), (module, word)
