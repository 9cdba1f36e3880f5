"""`python -m benchmarks retrieval` on invented sequences: figures by hand, rows kept, the test part only when asked."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import retrieval

ROOT = Path(__file__).parent.parent
USERS, ITEMS = 30, 25
COMMAND = [sys.executable, "-m", "benchmarks", "retrieval", "ml-1m", "--data"]
HOW = {"cwd": ROOT, "capture_output": True, "text": True}


@pytest.fixture(scope="module")
def sequences():
    random = np.random.default_rng(0)
    popular = 1 / np.arange(1, ITEMS + 1)
    return [random.choice(ITEMS, 8, replace=False, p=popular / popular.sum()) + 1 for _ in range(USERS)]


@pytest.fixture(scope="module")
def data(tmp_path_factory, sequences):
    folder = tmp_path_factory.mktemp("data")
    (folder / "ml-1m" / "sasrec").mkdir(parents=True)
    lines = [f"{user} {item}\n" for user, items in enumerate(sequences, 1) for item in items]
    (folder / "ml-1m" / "sasrec" / "ml-1m.txt").write_text("".join(lines))
    return folder


def run(data, *more):
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "retrieval",
        "ml-1m",
        "--data",
        str(data),
        "--runs",
        str(data / "runs"),
    ]
    done = subprocess.run([*command, *more], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])["models"]


def test_figures_are_those_of_a_plain_loop_and_rows_are_kept(data, sequences):
    count = np.bincount(np.concatenate([items[:-2] for items in sequences]), minlength=ITEMS + 1)
    # Ties go to the smaller row, and rows are numbered as the file names the items.
    row = {item: place for place, item in enumerate(dict.fromkeys(np.concatenate(sequences).tolist()))}
    gains, hits, recalls = [], [], []
    for items in sequences:
        unseen = [item for item in row if item not in items[:-2] and count[item]]
        ranked = sorted(unseen, key=lambda item: (-count[item], row[item]))
        place = ranked.index(items[-2]) if items[-2] in ranked else ITEMS
        gains.append(1 / np.log2(place + 2) if place < 10 else 0)
        hits.append(place < 10)
        recalls.append(place < 20)
    found = run(data, "--only", "popular")["popular"]
    assert found["ndcg@10"] == pytest.approx(np.mean(gains))
    assert found["hr@10"] == pytest.approx(np.mean(hits))
    assert found["recall@20"] == pytest.approx(np.mean(recalls))
    assert set(run(data, "--only", "item_cf")) == {"popular", "item_cf"}


def test_a_model_that_is_not_there_is_named(data):
    done = subprocess.run([*COMMAND, str(data), "--only", "sasrex"], check=False, **HOW)
    assert "no model 'sasrex'; there are popular, item_cf" in done.stderr


def test_the_results_have_one_section_of_a_data_set(tmp_path, monkeypatch):
    results = tmp_path / "results.md"
    results.write_text("# Results\n\n## Before\n\nstays\n\n## Retrieval, ml-1m\n\nold\n\n## Behind\n\nstays, too\n")
    monkeypatch.setattr(retrieval, "RESULTS", results)
    rows = {"popular": {"ndcg@10": 0.1, "seconds": 2.0, "commit": "abc"}}
    for written in (rows, rows | {"sasrec": {"ndcg@10": 0.2, "seconds": 3.0, "commit": "def", "epochs": 4}}):
        retrieval._write("ml-1m", written, "How it is judged.")
    text = results.read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Before",
        "## Retrieval, ml-1m",
        "## Behind",
    ]
    assert "old" not in text
    assert text.index("| sasrec | 0.2000 | 3 | 4 | def |") < text.index("| popular | 0.1000 | 2 |  | abc |")
    assert text.endswith("\n## Behind\n\nstays, too\n")
