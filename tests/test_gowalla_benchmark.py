"""The benchmark ranks what a user has not had, and reads the test only when it is told to."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import retrieval
from benchmarks.retrieval import gowalla
from benchmarks.retrieval.gowalla import Recipe
from taojin.embeddings.factors.als import ALS
from taojin.evaluation import alone
from taojin.retrieval.popular import Popular
from taojin.retrieval.spectral import Spectral
from taojin.retrieval.vectors import Nearest

MODELS = {
    "popular": lambda: Recipe(Popular()),
    "als": lambda: Recipe(Nearest("als"), {"als": ALS(dim=4, iterations=3)}),
    "spectral": lambda: Recipe(Spectral(rank=4)),
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Users of two towns, 30 places each, who went to 15 places of theirs; the test names four others of them."""
    random = np.random.default_rng(0)
    folder = tmp_path / "gowalla-lightgcn"
    folder.mkdir()
    places = [random.permutation(30)[:19] + 30 * (user % 2) for user in range(40)]
    for name, part in (("train", slice(0, 15)), ("test", slice(15, 19))):
        lines = (f"{user} {' '.join(map(str, items[part]))}\n" for user, items in enumerate(places))
        (folder / f"{name}.txt").write_text("".join(lines))
    monkeypatch.setattr(gowalla, "MODELS", MODELS)
    monkeypatch.setattr(alone, "BLOCK", 16)
    return tmp_path


@pytest.mark.parametrize("final", [False, True])
def test_who_knows_the_town_finds_what_is_left_of_it(data: Path, final: bool) -> None:
    found = gowalla.run(data, None, final)
    # 15 places or a few more are left of one's own town, and 20 are shown.
    assert found["als"]["recall@20"] == found["spectral"]["recall@20"] == 1
    assert found["popular"]["recall@20"] < 0.7
    assert 0 < found["popular"]["ndcg@20"] < found["als"]["ndcg@20"] < 1


def test_without_final_the_test_is_not_read(data: Path) -> None:
    before = gowalla.run(data, "spectral", False)["spectral"]
    test = data / "gowalla-lightgcn" / "test.txt"
    test.write_text("".join(f"{line.split()[0]} 7\n" for line in test.read_text().splitlines()))
    again = gowalla.run(data, "spectral", False)["spectral"]
    assert [before[name] for name in ("recall@20", "ndcg@20")] == [again[name] for name in ("recall@20", "ndcg@20")]


def test_the_last_line_is_json_and_a_name_that_is_not_there_is_said(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    retrieval.main(["gowalla", "--data", str(data), "--only", "popular", "--runs", str(data / "runs")])
    assert set(json.loads(capsys.readouterr().out.splitlines()[-1])["models"]["popular"]) == {
        "recall@20",
        "ndcg@20",
        "seconds",
    }
    with pytest.raises(SystemExit, match=r"retrieval: no model 'svd'; there are popular, als, spectral"):
        gowalla.run(data, "svd", False)
