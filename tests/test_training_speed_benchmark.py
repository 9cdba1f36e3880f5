"""`python -m benchmarks training-speed`: ratios are medians of those within a round, and go into the table."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import training_speed
from benchmarks.calibration import Calibration
from benchmarks.fits.task import Task


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Sides that pretend: the second round is a slow one for all."""
    calls: list[str] = []
    pace = {"ours": 300, "ours bf16": 400, "deepctr": 100, "rechub": 60, "bare": 320, "bare bf16": 500}
    pace |= {"ours, large": 240, "ours bf16, large": 300}

    def run(side: training_speed.Side, task: Task) -> dict[str, float]:
        slow = 0.5 if calls.count(side.name) == 1 else 1.0
        calls.append(side.name)
        rows = task.load()
        np.save(task.out, np.linspace(0, 1, int((rows.part == 2).sum()), dtype=np.float32))
        assert (rows.sizes["user"] == 9_000) == ("large" in side.name)
        return {"rows_per_second": slow * pace[side.name], "rows_per_cpu_second": pace[side.name]}

    monkeypatch.setattr(training_speed, "run", run)
    monkeypatch.setattr(training_speed, "calibrate", lambda threads: Calibration(150.0, 10.0))
    monkeypatch.setattr(training_speed, "peer_python", lambda name: Path("python"))
    monkeypatch.setattr(training_speed, "commit", lambda: "abc1234")
    monkeypatch.setattr(training_speed, "RESULTS", tmp_path / "results.md")
    (tmp_path / "results.md").write_text("# Results\n")

    def measure(*more: str) -> dict:
        training_speed.main(["--rows", "3000", "--models", "deepfm", "--final", *more])
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return measure


def test_ratios_are_those_within_a_round(bench, tmp_path: Path) -> None:
    found = bench()["models"]["deepfm"]
    assert found["fastest_peer"] == "deepctr"
    assert found["to_peer"] == {"fp32": 3.0, "bf16": 4.0} and found["to_bare"] == {"fp32": 0.94, "bf16": 0.8}
    assert "| 3.00 / 4.00 (2.5 / 4) | 0.94 / 0.80 |" in (tmp_path / "results.md").read_text()


def test_what_large_tables_cost(bench, tmp_path: Path) -> None:
    found = bench("--vocabulary", "9000")["models"]["deepfm"]
    assert found["large_to_small"] == {"fp32": 0.8, "bf16": 0.75} and "to_peer" not in found
    assert "## Speed of training, generated, 9,000 users and items" in (tmp_path / "results.md").read_text()
