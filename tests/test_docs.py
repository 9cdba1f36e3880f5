"""What the docs name exists, and what they show runs."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from taojin.cli import app
from taojin.run import RECIPES

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")


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
        if command in ("train", "data"):
            assert first in RECIPES
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


@pytest.mark.parametrize("name", [*READMES, "docs/architecture.md", "docs/world.md", "docs/LOG.md", "docs/results.md"])
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
