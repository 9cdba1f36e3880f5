"""`python -m benchmarks gains` on few invented rows: what it prints follows from predictions that are kept."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import gains, kept
from benchmarks.encoded import EncodedRows
from benchmarks.film_rows import film_rows
from benchmarks.kept import Kept
from taojin.core.auc import auc
from taojin.evaluation.ranking_metrics import gauc


@pytest.fixture(scope="module")
def rows() -> EncodedRows:
    made = film_rows(None, 4_000)
    labels = {"like": made.labels["like"], "other": np.roll(made.labels["like"], 1)}
    labels["other"][::5] = np.nan
    return replace(made, labels=labels)


@pytest.fixture
def bench(tmp_path: Path, rows: EncodedRows, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gains, "rows_of", lambda name, data, limit, tasks: rows)
    monkeypatch.setattr(gains, "TRAINING", replace(gains.TRAINING, epochs=1))
    monkeypatch.setattr(gains, "EPOCHS", 1)
    monkeypatch.setattr(gains, "RATES", (1e-3, 1e-2))
    monkeypatch.setattr(gains, "SEQUENCES", {name: gains.SEQUENCES[name] for name in ("mean pooling", "DIN")})
    monkeypatch.setattr(gains, "RESULTS", tmp_path / "results.md")
    monkeypatch.setattr(kept, "commit", lambda: "abc1234")
    (tmp_path / "results.md").write_text("# Results\n")

    def run(what: str, capsys: pytest.CaptureFixture[str], *more: str) -> dict:
        options = ["--data", str(tmp_path), "--runs", str(tmp_path / "runs"), "--length", "5", "--seeds", "2", *more]
        gains.main([what, *options])
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


def test_what_sequences_are_worth(
    bench, rows: EncodedRows, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = bench("sequences", capsys)
    assert found["part"] == "valid" and set(found["models"]) == {"mean pooling", "DIN"}
    tried = {
        file: judge(rows, file, "like")["like"] for file in (tmp_path / "runs" / "kuairand").glob("DIN-like-*.npz")
    }
    assert len(tried) == 2
    with np.load(max(tried, key=tried.__getitem__)) as predicted:
        said = dict(predicted)
    for part, of in (("valid", 1), ("test", 2)):
        label, user = rows.labels["like"][rows.part == of], rows.columns["user"][rows.part == of].astype(np.int64)
        if part == "test":
            monkeypatch.setattr(Kept, "_fit", lambda *arguments: pytest.fail("fitted once more"))
            found = bench("sequences", capsys, "--final")
        values = found["models"]["DIN"]
        assert values["auc"] == pytest.approx(auc(label, said[f"{part}.like"]), abs=1e-5)
        assert values["gauc"] == pytest.approx(gauc(label, said[f"{part}.like"], user), abs=1e-5)
        gain, low, high = values["gain"]
        assert low <= gain <= high
        assert gain == pytest.approx(values["gauc"] - found["models"]["mean pooling"]["gauc"], abs=2e-5)
    text = (tmp_path / "results.md").read_text()
    assert "## What sequences are worth, kuairand" in text and "fits of commit abc1234." in text
    assert f"| DIN | {values['auc']:.4f} | {values['gauc']:.4f} | {gain:+.4f}" in text


def judge(rows: EncodedRows, file: Path, names: str) -> dict[str, float]:
    """AUC of each task on validation, from what is kept."""
    with np.load(file) as said:
        of = {task: (rows.labels[task][rows.part == 1], said[f"valid.{task}"]) for task in names.split("-")}
    return {task: auc(label[~np.isnan(label)], found[~np.isnan(label)]) for task, (label, found) in of.items()}


def test_what_tasks_are_worth(bench, rows: EncodedRows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = bench("tasks", capsys)["models"]
    assert set(found) == {"alone", "MMoE", "PLE"}
    folder = tmp_path / "runs" / "tasks-kuairand"
    for model, names in (("alone", "other"), ("PLE", "like-other")):
        tried = {file: judge(rows, file, names) for file in folder.glob(f"{model}-{names}-seed0-*.npz")}
        assert len(tried) == 2
        best = max(tried, key=lambda file: np.mean(list(tried[file].values())))
        other = judge(rows, folder / best.name.replace("seed0", "seed1"), names)
        assert found[model]["other"] == pytest.approx(np.mean([tried[best]["other"], other["other"]]), abs=1e-5)
    assert len(list(folder.iterdir())) == (2 + 1) * (2 + 2)


def test_tasks_need_rows_with_several_labels(bench, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench("tasks", capsys, "--on", "ml-1m")
    assert "tasks: expected --on kuairand, whose rows have several labels; got ml-1m" in capsys.readouterr().err
