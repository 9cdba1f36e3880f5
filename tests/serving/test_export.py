"""Vectors and events as files: what comes out is what the channel compares, and what was posted."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from taojin.bundle.bundle import Bundle
from taojin.cli.main import app
from taojin.core.live import LiveEvent
from taojin.core.units import FIRST
from taojin.data.tables import build
from taojin.live.sqlite import SQLiteStore
from taojin.live.store import live_path
from taojin.run import load
from taojin.serving import export as serving_export
from taojin.serving.export import export_vectors
from taojin.serving.in_bulk import requests_of

pytestmark = pytest.mark.xdist_group("runs")


def export(*arguments: object) -> str:
    said = CliRunner().invoke(app, ["export", *map(str, arguments)])
    assert said.exit_code == 0, said.stderr
    return said.stdout


def test_a_users_vector_times_an_items_is_the_channels_score(tiny_run: Path, tmp_path: Path) -> None:
    items, users = tmp_path / "items.parquet", tmp_path / "new folder" / "users.parquet"
    assert "vectors of" in export("vectors", tiny_run, "--channel", "dssm", "--out", items)
    export("vectors", tiny_run, "--channel", "dssm", "--of", "users", "--out", users)
    item, user = (
        dict(zip(table["id"].to_pylist(), np.array(table["vector"].to_pylist()), strict=True))
        for table in (pyarrow.parquet.read_table(path) for path in (items, users))
    )
    bundle = Bundle.load(tiny_run)
    assert set(user) <= set(bundle.user_vocabulary.ids) and len(user) > 250
    recommender = load(tiny_run).recommender
    requests, scene = requests_of(recommender, ["u17"], 10), bundle.scenes["for_you"]
    found = scene.channels["dssm"].retrieve(requests, scene.store.read(scene.channels["dssm"].features, requests), 10)
    for row, score in zip(found.item, found.found[:, 0], strict=True):
        assert float(user["u17"] @ item[bundle.item_vocabulary.id(int(row))]) == pytest.approx(float(score), abs=1e-4)


def test_text_holds_the_same_numbers(tiny_run: Path, tmp_path: Path) -> None:
    export("vectors", tiny_run, "--channel", "als", "--out", tmp_path / "als.txt")
    bundle = Bundle.load(tiny_run)
    channel = bundle.scenes["for_you"].channels["als"]
    lines = (tmp_path / "als.txt").read_text().splitlines()
    assert len(lines) == int(channel.searched.sum())
    for line in lines[:20]:
        id, _, numbers = line.partition(":")
        row = bundle.item_vocabulary.row(id)
        assert row >= FIRST
        assert np.array(numbers.split(), np.float32).tolist() == channel.vectors[row].tolist()


@pytest.mark.parametrize("odd", ["a b", "a\nb", "a\u2028b", "a\u00a0b"])
def test_text_takes_no_id_that_its_readers_would_take_apart(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    asked = pa.array(["u1", odd]), np.ones((2, 3), np.float32)
    monkeypatch.setattr(serving_export, "_asked", lambda *_: asked)
    with pytest.raises(ValueError, match=r"expected ids without spaces and line breaks, got 'a.*write \*.parquet"):
        export_vectors(tiny_run, "als", "users", tmp_path / "als.txt")
    assert not list(tmp_path.iterdir())
    assert export_vectors(tiny_run, "als", "users", tmp_path / "als.parquet") == (2, 3)
    assert pyarrow.parquet.read_table(tmp_path / "als.parquet")["id"].to_pylist() == ["u1", odd]


def test_events_come_out_as_they_can_be_read_again(tiny_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(tiny_run, tmp_path / "run")
    store = SQLiteStore(live_path(run))
    store.append([LiveEvent("a", "u17", 'a "film", odd', "rate", 4.5, 1_700_000_000_000)])
    store.append([LiveEvent("b", "new", "m4", "show", None, 1_700_000_000_001)])
    store.close()
    assert "2 events" in export("events", run, "--out", tmp_path / "events.csv")
    export("events", run, "--out", tmp_path / "events.parquet")
    for table in (
        pyarrow.csv.read_csv(tmp_path / "events.csv"),
        pyarrow.parquet.read_table(tmp_path / "events.parquet"),
    ):
        assert table.column_names == ["user", "item", "time", "event", "value"]
        dataset = Bundle.load(run).fitted
        made, checked = build("again", users=None, items=None, events=table, kinds=dataset.kinds, clock=dataset.clock)
        assert checked.events.kept == 2 and made.item_vocabulary.ids == ('a "film", odd', "m4")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("vectors", "{run}", "--channel", "dsm", "--out", "{tmp}/a.parquet"), "did you mean 'dssm'?"),
        (("vectors", "{run}", "--channel", "popular", "--out", "{tmp}/a.parquet"), "searches no vectors"),
        (("vectors", "{run}", "--channel", "dssm", "--out", "{tmp}/a.json"), "ends in .parquet or .txt"),
        (("vectors", "{tmp}", "--channel", "dssm", "--out", "{tmp}/a.txt"), "no bundle here"),
        (("events", "{run}", "--out", "{tmp}/a.csv"), "no such file; `taojin serve"),
        (("events", "{run}", "--out", "{tmp}/a.txt"), "ends in .parquet or .csv"),
        (("events", "{tmp}", "--out", "{tmp}/a.csv"), "no bundle here"),
        (("events", "{run}", "--out", "{tmp}/folder.csv"), "folder.csv: expected a file's place, got a folder"),
        (
            ("vectors", "{run}", "--channel", "als", "--out", "{tmp}/folder.txt"),
            "expected a file's place, got a folder",
        ),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_left(
    tiny_run: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    run = shutil.copytree(tiny_run, tmp_path / "run")
    for name in ("folder.csv", "folder.txt"):
        (tmp_path / name).mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    told = CliRunner().invoke(app, ["export", *(a.format(run=run, tmp=tmp_path) for a in arguments)])
    assert told.exit_code == 1 and said in told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before
