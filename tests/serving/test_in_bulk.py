"""Lists of many users are those of each user alone, and the file is complete or not there."""

import shutil
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from taojin.bundle.bundle import Bundle
from taojin.cli.main import app
from taojin.core.live import LiveEvent
from taojin.live.sqlite import SQLiteStore
from taojin.live.store import live_path
from taojin.serving import in_bulk
from taojin.serving.in_bulk import SCHEMA, lists, recommend_in_bulk
from taojin.serving.question import Question
from taojin.serving.recommender import Recommender

pytestmark = pytest.mark.xdist_group("runs")


def test_each_list_is_the_one_of_a_request_of_its_own(tiny_run: Path) -> None:
    bundle = Bundle.load(tiny_run)
    now = bundle.fitted.since + 10
    recommender = Recommender(bundle, SQLiteStore(live_path(tiny_run)), clock=lambda: now)
    users = [*bundle.user_vocabulary.ids[:25], "nobody"]
    found = lists(recommender, users, scene="for_you", n=7).to_pylist()
    for user in users:
        alone = recommender.recommend(Question(user=user, n=7, request_id=user)).items
        ours = [row for row in found if row["user"] == user]
        assert [row["place"] for row in ours] == list(range(1, len(alone) + 1))
        assert [(row["item"], row["title"]) for row in ours] == [(item.id, item.title) for item in alone]
        assert [row["score"] for row in ours] == pytest.approx([item.score for item in alone], abs=1e-5)


def test_all_users_in_several_processes_and_blocks(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_bulk, "BLOCK", 40)
    users = Bundle.load(tiny_run).user_vocabulary.ids
    for workers, name in ((1, "one.parquet"), (2, "two.parquet")):
        out = tmp_path / "lists" / name
        assert recommend_in_bulk(tiny_run, None, out, scene="for_you", n=5, workers=workers) == (len(users), [])
    one, two = (pyarrow.parquet.read_table(tmp_path / "lists" / name) for name in ("one.parquet", "two.parquet"))
    assert one.schema.equals(SCHEMA) and one["user"].unique().to_pylist() == list(users)
    assert one.select(["user", "place", "item"]).equals(two.select(["user", "place", "item"]))
    assert sorted(path.name for path in (tmp_path / "lists").iterdir()) == ["one.parquet", "two.parquet"]


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.output


def test_the_command_reads_a_file_of_users_and_writes_csv(tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_text("\ufeffu3\nnobody\n\n u5 \nu3\n", encoding="utf-8")
    out = tmp_path / "lists.csv"
    code, said = run("recommend", tiny_run, "--users", tmp_path / "users.txt", "--n", 4, "--out", out)
    assert (
        code == 0 and "3 users" in said and "1 of them are unknown to it and get what strangers get: 'nobody'" in said
    )
    rows = pyarrow.csv.read_csv(out).to_pylist()
    assert [(row["user"], row["place"]) for row in rows] == [
        (u, p) for u in ("u3", "nobody", "u5") for p in range(1, 5)
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--users", "all"), "--users and --out belong together"),
        (("--users", "all", "--out", "lists.json"), "expected a file that ends in .parquet or .csv"),
        (("--users", "nowhere.txt", "--out", "lists.csv"), "nowhere.txt: no such file; expected all, or a file"),
        (("--users", "all", "--out", "lists.csv", "--scene", "for_yu"), "this bundle has no such scene; did you mean"),
        (("--users", "all", "--out", "lists.csv", "--user", "u3"), "belong together, without --user"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = run("recommend", tiny_run, *words)
    assert code == 1 and message in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"user_id\nC001,5\nC002,1\nC003,2\n",
            "one a line, got 4 of which it knows none: 'user_id', 'C001,5', 'C002,1', ...; leave out the line with",
        ),
        (b"u3\nCaf\xe9\n", "users.txt, line 2: expected text in UTF-8, got the byte 0xe9; write the file as UTF-8"),
        (b"PAR1\x15\x04\xff", "got a Parquet file; write its column of ids as text"),
        (None, "users.txt: expected all, or a file with the id of a user a line, got a folder; name a file in it"),
    ],
)
def test_a_file_of_users_that_is_none_is_told(
    tiny_run: Path, tmp_path: Path, content: bytes | None, message: str
) -> None:
    file, out = tmp_path / "users.txt", tmp_path / "lists.csv"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    code, said = run("recommend", tiny_run, "--users", file, "--out", out)
    assert code == 1 and message in said and not out.exists()


def test_whom_only_the_live_store_knows_is_not_unknown(tiny_run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_run, tmp_path / "run")
    store = SQLiteStore(live_path(copy))
    store.append([LiveEvent("a", "new", "m4", "rate", 5.0, 1_700_000_000_000)])
    store.close()
    assert recommend_in_bulk(copy, ["new"], tmp_path / "lists.csv", scene="for_you", n=5, workers=1) == (1, [])


def test_a_place_that_holds_a_folder_is_told_before_anything_is_computed(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: object, **options: object) -> None:
        raise AssertionError("computed in vain")

    monkeypatch.setattr(in_bulk.Bundle, "load", never)
    (tmp_path / "lists.csv").mkdir()
    with pytest.raises(ValueError, match=r"lists.csv: expected a file's place, got a folder"):
        recommend_in_bulk(tiny_run, None, tmp_path / "lists.csv", scene="for_you", n=5)


def test_an_interrupted_file_is_not_left(tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(in_bulk, "lists", broken)
    (tmp_path / "lists.csv").write_text("the ones of yesterday")
    with pytest.raises(OSError, match="No space left"):
        recommend_in_bulk(tiny_run, None, tmp_path / "lists.csv", scene="for_you", n=5, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["lists.csv"]
    assert (tmp_path / "lists.csv").read_text() == "the ones of yesterday"
