"""A refresh counts what has happened since, and what was learned stays as it was."""

import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from taojin.bundle.bundle import Bundle
from taojin.bundle.versions import beside, versions
from taojin.cli import refreshing
from taojin.cli.main import app
from taojin.core.live import LiveEvent
from taojin.core.units import FIRST
from taojin.experiment.evaluate import evaluate
from taojin.experiment.refresh import refresh
from taojin.live.sqlite import SQLiteStore
from taojin.live.store import live_path

pytestmark = pytest.mark.xdist_group("runs")


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_run, tmp_path / "run")


def post(run: Path, events: list[tuple[str, str]]) -> None:
    """Likes, an hour after all that training has seen."""
    store = SQLiteStore(live_path(run))
    time = Bundle.load(run, verify=False).fitted.since + 3_600_000
    store.append([LiveEvent(f"e{n}", user, item, "rate", 5.0, time + n) for n, (user, item) in enumerate(events)])
    store.close()


def least_liked(bundle: Bundle) -> int:
    """An item that hardly anybody has liked."""
    return int(np.argmin(bundle.scenes["for_you"].store.columns["item_likes"].values[FIRST:])) + FIRST


def test_what_is_collected_counts_and_models_stay(run: Path) -> None:
    before = Bundle.load(run)
    rare = least_liked(before)
    item = before.item_vocabulary.id(rare)
    fans = [f"stranger {n}" for n in range(150)]
    post(run, [*((fan, item) for fan in fans), ("u17", item), ("u17", "a film that came later")])
    after, live = refresh(run)
    assert live == 152
    scene, then = after.scenes["for_you"], before.scenes["for_you"]
    for name in ("item_likes", "item_ratings"):
        if name in scene.store.columns:
            gained = scene.store.columns[name].values - then.store.columns[name].values
            assert gained[rare] >= 151, name
    popular = [after.item_vocabulary.id(int(row)) for row in scene.channels["popular"].item[:5]]
    assert item in popular
    assert scene.ranker.graph == then.ranker.graph
    assert after.item_vocabulary.ids == before.item_vocabulary.ids
    row = before.user_vocabulary.row("u17")
    mine = slice(after.history.offsets[row], after.history.offsets[row + 1])
    assert len(after.history.events.item[mine]) == before.history.offsets[row + 1] - before.history.offsets[row] + 1
    assert after.history.users == before.history.users
    assert after.manifest.trained == before.manifest.trained < after.manifest.created
    assert [one.manifest.version for one in versions(run)] == [after.version, before.version]


def test_a_refreshed_run_is_judged_as_before_it_was_refreshed(run: Path) -> None:
    """Its lists have counted the test part; its evaluation must not."""
    before = without_times(evaluate(run).to_json())
    refresh(run)
    assert without_times(evaluate(run).to_json()) == before


def without_times(said: Any) -> Any:
    """The same without milliseconds."""
    if not isinstance(said, dict):
        return said
    return {name: without_times(inner) for name, inner in said.items() if name != "ms"}


def test_without_a_live_store_it_counts_the_data_and_makes_none(run: Path) -> None:
    assert refresh(run).live == 0
    again = refresh(run)
    assert not live_path(run).exists()
    assert len(versions(run)) == 2, "a refresh without news is no other state"
    shutil.rmtree(beside(run))
    assert again.live == 0


def test_every_round_goes_on_where_one_fails(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = []

    def sleep(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 1:
            (run / "manifest.json").rename(run / "away.json")
        elif len(rounds) == 2:
            (run / "away.json").rename(run / "manifest.json")
        else:
            raise KeyboardInterrupt

    monkeypatch.setattr(refreshing, "time", SimpleNamespace(sleep=sleep))
    said = CliRunner().invoke(app, ["refresh", str(run), "--every", "15m"])
    assert said.exit_code == 130 and rounds == [900.0] * 3
    assert said.stdout.count("with 0 events of the live store") == 2
    assert "no bundle here" in said.stderr


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (520, b"the origin is away", "/v1/admin/swap: 520 from a proxy, the origin is away"),
        (200, b'{"status": "fine"}', "no taojin service answers there, expected `version` and `before`, got"),
        (200, b'["fine"]', "no taojin service answers there"),
        (200, b"<html>", "no service answers there"),
    ],
)
def test_an_answer_of_something_else_than_a_service_is_told(run: Path, status: int, body: bytes, said: str) -> None:
    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status, "from a proxy")
            self.end_headers()
            self.wfile.write(body)

    with HTTPServer(("localhost", 0), Proxy) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        told = CliRunner().invoke(app, ["refresh", str(run), "--service", f"http://localhost:{server.server_port}"])
        answering.join()
    assert told.exit_code == 1 and said in told.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--every", "0s"), "expected a number above zero with s, m, h or d"),
        (("--every", "often"), "expected a number above zero with s, m, h or d"),
        (("--service", "localhost:8000"), "expected an address such as http://localhost:8000"),
        (("--service", "http://localhost:1"), "no service answers there"),
    ],
)
def test_what_is_wrong_is_told(run: Path, arguments: tuple[str, ...], said: str) -> None:
    told = CliRunner().invoke(app, ["refresh", str(run), *arguments])
    assert told.exit_code == 1 and said in told.stderr
