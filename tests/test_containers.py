"""The container files, by linters, since no engine runs here; and that what they call is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def linted(*call: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BIN / str(call[0]), *map(str, call[1:])], capture_output=True, text=True, check=False)


def test_hadolint_has_nothing_to_say_of_the_dockerfile() -> None:
    found = linted("hadolint", "--no-color", ROOT / "Dockerfile")
    assert found.returncode == 0, found.stdout


def test_hadolint_would_say_something(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN cd /x\n")
    assert linted("hadolint", tmp_path / "Dockerfile").returncode != 0


def test_the_compose_file_is_one() -> None:
    schema = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    found = linted(*schema, ROOT / "compose.yaml")
    assert found.returncode == 0, found.stdout
    wrong = ROOT / "pyproject.toml"
    assert linted(*schema, wrong).returncode != 0


def test_what_the_image_copies_exists_and_is_not_ignored() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    names = [name.removeprefix("./") for line in copied for name in line.split()]
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(names) == kept
    assert all((ROOT / name).exists() for name in names)


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml"])
def test_the_commands_are_those_of_the_program(name: str) -> None:
    words = re.findall(r'\["serve", "[^"]+", ("--\w+").*?("--\w+")', (ROOT / name).read_text())
    assert words == [('"--host"', '"--port"')]
    help = subprocess.run(
        [sys.executable, "-m", "taojin", "serve", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert "--host" in help and "--port" in help
