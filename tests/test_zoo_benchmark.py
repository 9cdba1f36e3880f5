"""`python -m benchmarks zoo` on few invented rows: figures from kept predictions, each line fitted once."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import kept, zoo
from benchmarks.film_rows import film_rows
from benchmarks.kept import Kept
from benchmarks.lines import columns_of, part_of
from taojin.core.auc import auc
from taojin.evaluation.ranking_metrics import gauc
from taojin.features.feature import History

LINES = ("LR", "LONG_AND_SHORT", "LAMBDA_MART", "ENTIRE_SPACE")


def test_the_table_follows_from_what_the_best_rate_predicted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = film_rows(None, 4_000)
    monkeypatch.setattr(zoo, "rows_of", lambda name, data, limit: rows)
    monkeypatch.setattr(zoo, "MODELS", {name: zoo.MODELS[name] for name in LINES})
    monkeypatch.setattr(zoo, "EPOCHS", 1)
    monkeypatch.setattr(zoo, "GUIDE", tmp_path / "ranking.md")
    monkeypatch.setattr(zoo, "commit", lambda: "abc1234")
    monkeypatch.setattr(kept, "commit", lambda: "abc1234")
    (tmp_path / "ranking.md").write_text("# Ranking\n")

    def run(*more: str) -> dict:
        zoo.main(["ml-1m", "--data", str(tmp_path), "--runs", str(tmp_path / "runs"), *more])
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    found = run()
    assert found["part"] == "valid" and set(found["models"]) == set(LINES[:3])  # one task makes no chain
    monkeypatch.setattr(Kept, "_fit", lambda *arguments: pytest.fail("fitted once more"))
    test = run("--final")["models"]
    label, user = rows.labels["like"], rows.columns["user"].astype(np.int64)
    for name, rates in (("LR", 2), ("LONG_AND_SHORT", 2), ("LAMBDA_MART", 1)):
        said = []
        for file in (tmp_path / "runs" / "ml-1m").glob(f"{name}-like-seed0-*.npz"):
            with np.load(file) as of:
                said.append((of["valid.like"], of["test.like"]))
        assert len(said) == rates
        valid, last = max(said, key=lambda pair: auc(label[rows.part == 1], pair[0]))
        assert found["models"][name]["auc"] == pytest.approx(auc(label[rows.part == 1], valid), abs=1e-5)
        assert test[name]["auc"] == pytest.approx(auc(label[rows.part == 2], last), abs=1e-5)
        judged = gauc(label[rows.part == 2], last, user[rows.part == 2])
        assert test[name]["gauc"] == pytest.approx(judged, abs=1e-5)
    text = (tmp_path / "ranking.md").read_text()
    assert "## All models on ml-1m" in text and f"| LR | {test['LR']['auc']:.4f} | {test['LR']['gauc']:.4f} |" in text


@pytest.mark.parametrize(("name", "one"), [("GBDT_LR", "row"), ("DIN", "row"), ("LAMBDA_MART", "user")])
def test_a_row_is_a_request_but_a_user_is_one_where_an_order_is_learned(name: str, one: str) -> None:
    """A regression over leaves learns from other requests than its trees, which have to know its users."""
    rows, spec = film_rows(None, 4_000), zoo.MODELS[name]
    learned = part_of(rows, 0, columns_of(spec, rows), ("like",), spec)
    users = len(np.unique(rows.columns["user"][rows.part == 0]))
    assert len(np.unique(learned.rows.of)) == {"row": len(learned), "user": users}[one]


def test_fewer_columns_of_the_history_are_other_rows() -> None:
    rows = film_rows(None, 4_000)
    narrow = rows.narrowed(1)
    assert rows.history == ("item", "genre") and narrow.history == ("item",)
    assert "history_genre" in rows.columns and "history_genre" not in narrow.columns
    assert narrow.fingerprint(None) != rows.fingerprint(None)
    read = columns_of(zoo.MODELS["DIN"], narrow)["history"].form
    assert isinstance(read, History) and read.columns == ("item",)
