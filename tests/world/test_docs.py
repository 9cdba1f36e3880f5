"""docs/world.md states the constants that the code has."""

import ast
import importlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "world.md"
ROWS = re.findall(r"^\| `(\w+)\.([A-Z_]+)` \| `(.+?)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_the_page_has_the_table():
    assert len(ROWS) > 20


@pytest.mark.parametrize("module, name, value", ROWS, ids=[f"{module}.{name}" for module, name, _ in ROWS])
def test_the_constant_is_the_one_on_the_page(module, name, value):
    assert getattr(importlib.import_module(f"taojin.world.{module}"), name) == ast.literal_eval(value)
