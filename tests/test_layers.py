"""The house rules that code cannot see: who imports whom, what a file may hold, what serving loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "taojin").rglob("*.py"))


def test_import_contracts_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_says_what_it_is_and_stays_short(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "every module starts with a docstring"
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name == "__init__.py" and p.parent.name != "taojin"])
def test_a_package_holds_nothing_but_its_docstring(path: Path) -> None:
    assert len(ast.parse(path.read_text()).body) == 1


def test_nothing_is_pickled() -> None:
    for path in SOURCES:
        assert "import pickle" not in path.read_text(), path
        assert "allow_pickle=True" not in path.read_text(), path


HEAVY = ("torch", "ibis", "duckdb", "scipy", "lightgbm", "pyspark")


def test_what_serves_loads_nothing_that_trains() -> None:
    code = (
        "import sys, taojin.serving.app, taojin.serving.server, taojin.bundle.save, taojin.live.sqlite\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
