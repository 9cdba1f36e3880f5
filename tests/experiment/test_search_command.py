"""`taojin tune model`: what it prints, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from taojin.cli.main import app
from tests.experiment.searching import NETWORK, find, small, stored


def command(*arguments: object, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("taojin.run.find", lambda recipe: small())
    return CliRunner().invoke(app, ["tune", "model", "small", *map(str, arguments)])


def test_the_command_prints_the_settings_and_the_best_ones_for_set(tmp_path: Path, monkeypatch) -> None:
    file = tmp_path / "tune.db"
    done = command("--trials", 3, "--file", file, monkeypatch=monkeypatch)
    assert done.exit_code == 0, done.output
    found = find(file, 3)
    assert f"the recipe as it stands: {found.today:.4f}" in done.stdout and "as it stands" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("--set ")] == [
        f"--set {assignment}" for assignment in found.assignments
    ]
    told = json.loads(command("--trials", 3, "--file", file, "--json", monkeypatch=monkeypatch).stdout)
    assert told == found.to_json()


def test_the_command_takes_changes_and_tells_what_is_wrong(tmp_path: Path, monkeypatch) -> None:
    file = tmp_path / "tune.db"
    refused = command("--trials", 1, "--file", file, "--model", "netwrk", monkeypatch=monkeypatch)
    assert refused.exit_code == 1 and "did you mean 'network'" in refused.stderr and not file.exists()
    refused = command("--trials", 1, "--file", file, "--set", "models.network.dmi=2", monkeypatch=monkeypatch)
    assert refused.exit_code == 1 and "did you mean 'dim'" in refused.stderr
    done = command("--trials", 1, "--file", file, "--set", "models.network.dim=2", "--json", monkeypatch=monkeypatch)
    changed = small(network=replace(NETWORK, dim=2))
    assert json.loads(done.stdout) == find(file, 1, changed).to_json() and len(stored(file)) == 1
