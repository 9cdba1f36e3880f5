"""A trained run, used as a user would: by command, from Python, over HTTP, retrained and rolled back."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

import taojin
from taojin.bundle.bundle import Bundle, same_within
from taojin.bundle.manifest import BundleError
from taojin.core.batch import Candidates
from taojin.core.spec import override
from taojin.data.split import Part
from taojin.experiment.evaluate import Offline
from taojin.experiment.train import _checkpoints, requests_now
from taojin.live.sqlite import SQLiteStore
from taojin.recipes.films import channels
from taojin.recipes.world import world_tiny
from taojin.serving.app import create_app
from taojin.serving.service import Service, Status

pytestmark = pytest.mark.xdist_group("runs")


def command(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "taojin.cli.main", *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def test_a_batch_equals_its_requests_one_by_one(tiny_run: Path) -> None:
    offline = Offline.load(tiny_run)
    pipeline = offline.pipeline("for_you", Part.TEST)
    requests = offline.divided.moments(Part.TEST, pipeline.consumed).requests
    together = pipeline.recommend(requests)
    for r in range(0, len(requests), 7):
        single = pipeline.recommend(requests[np.array([r])])
        rows = slice(together.offsets[r], together.offsets[r + 1])
        part = Candidates.of(np.array([0, rows.stop - rows.start]), together.item[rows])
        assert same_within(part.with_score("final", together.scores["final"][rows]), single, 1e-5)


def test_offline_and_online_answer_alike(tiny_run: Path) -> None:
    """The as-of store, asked at the time of the snapshot, and the snapshot in the bundle."""
    offline = Offline.load(tiny_run)
    bundle, now = offline.bundle, offline.view.end
    users = np.flatnonzero(np.diff(bundle.history.offsets))
    requests = replace(requests_now(bundle.history, users, users * 0, bundle.fitted), time=np.full(len(users), now))
    pipeline = offline.pipeline("for_you", Part.TEST)
    spec = offline.experiment.scenes["for_you"].retrieval["hot"][0]
    pipeline = replace(pipeline, channels={**pipeline.channels, "hot": spec.as_of(offline.view, requests.time)})
    served = replace(bundle.scenes["for_you"], strict=True)
    hot = spec.fit(offline.view, {}, seed=0)
    assert same_within(
        replace(pipeline, channels={**pipeline.channels, "hot": hot}).recommend(requests), served.recommend(requests)
    )


def test_evaluate_prints_one_object_with_everything_in_it(tiny_run: Path, tmp_path: Path) -> None:
    done = command("evaluate", tiny_run, "--json", "--dump", tmp_path / "dump")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name in ("ndcg@10", "hr@10"):
        for of in (found["funnel"], found["baselines"]["popular"], found["baselines"]["item_cf"]):
            assert 0 <= of[name] <= 1
    assert set(found["channels"]) == set(channels(clock=True))
    assert {"recall@k", "marginal"} <= set(found["channels"]["dssm"])
    assert list(found["stages"]) == ["retrieval", "rules", "preranking", "ranking", "reranking"]
    assert 0.5 < found["ranker"]["auc"] <= 1
    assert set(found["ranker"]["tasks"]["like"]) == {"all", "exposed", "random", "proposed"}
    assert 0 < found["coverage@10"] <= 1
    assert found["gap"]["share"] > 0
    assert list((tmp_path / "dump").glob("*.parquet"))


def test_quotas_are_learned_shown_and_applied_to_a_new_bundle(tiny_run: Path, tmp_path: Path) -> None:
    done = command("tune", "quotas", tiny_run, "--budget", 140, "--json", "--apply", tmp_path / "tuned")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["candidates"] <= 140
    assert set(found["curve"]["140"]) == {"learned", "equal", "today's", "best single"}
    old, tuned = Bundle.load(tiny_run), Bundle.load(tmp_path / "tuned")
    assert tuned.scenes["for_you"].quotas == found["quotas"]
    assert tuned.version != old.version
    assert tuned.scenes["similar"].quotas == old.scenes["similar"].quotas
    experiment = Offline.load(tmp_path / "tuned").experiment
    for assignment in found["set"]:
        path, _, quota = assignment.partition("=")
        assert override(experiment, path, quota) == experiment
    shown = command("tune", "quotas", tiny_run, "--budget", 140)
    assert "--set scenes.for_you.retrieval.item_cf.1=" in shown.stdout
    refused = command("tune", "quotas", tiny_run, "--budget", 3)
    assert f"expected {len(channels(clock=True))} or more, a place for each channel" in refused.stderr


def test_recommend_explains_itself(tiny_run: Path) -> None:
    done = command("recommend", tiny_run, "--user", "u17", "--explain")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:10]] == [str(place) for place in range(1, 11)]
    for stage in ("retrieval", "rules", "preranking", "ranking", "reranking"):
        assert any(line.startswith(stage) for line in lines)
    assert len(json.loads(command("similar", tiny_run, "--item", "m4", "--json").stdout)["items"]) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "wrld", "--out", "x"), "did you mean 'world'"),
        (("train", "world_tiny", "--out", "x", "--set", "models.din.dmi=3"), "did you mean 'dim'"),
        (("train", "world_tiny", "--out", "x", "--set", "models.din.dim=many"), "expected a value like 8"),
        (("train", "movielens", "--out", "x", "--data", "nowhere"), "nowhere"),
        (("evaluate", "nowhere"), "no bundle here"),
        (("recommend", "nowhere", "--user", "1"), "no bundle here"),
        (("serve", "nowhere"), "no bundle here"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = command(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("program", "function", "message"),
    [
        (
            "def h(): return 42",
            "h",
            "a function without arguments that returns an Experiment, got one that returns int",
        ),
        ("def h(a): return 42", "h", "without arguments that returns an Experiment, got h(a)"),
        ("h = 42", "h", "without arguments that returns an Experiment, got int"),
        ("def h(: pass", "h", "cannot be run, SyntaxError"),
        ("def h():\n    return {}['x']", "h", "line 2 cannot be run, KeyError: 'x'"),
        ("import no_such_module", "h", "cannot be run, ModuleNotFoundError"),
        ("", "h", "has no function 'h'"),
    ],
)
def test_a_recipe_file_that_is_none_is_told(tmp_path: Path, program: str, function: str, message: str) -> None:
    (tmp_path / "mine.py").write_text(program)
    with pytest.raises(ValueError, match=re.escape(message)):
        taojin.train(f"{tmp_path / 'mine.py'}:{function}", out=tmp_path / "x")


def test_a_recipe_file_says_its_line_and_may_import_what_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sizes_of_mine.py").write_text("HIDDEN = 8\n")
    (tmp_path / "mine.py").write_text(
        "from taojin.ranking.crosses.mlp import MLP\n\n\n"
        "def h():\n    from sizes_of_mine import HIDDEN\n\n    return MLP(HIDDEN)\n"
    )
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    with pytest.raises(ValueError, match=r"recipe 'mine.py:h': mine.py, line 7: MLP.hidden: expected a tuple"):
        taojin.train("mine.py:h", out=tmp_path / "x")
    assert sys.path == before


def test_a_bundle_never_takes_the_place_of_something_else(tmp_path: Path) -> None:
    letter, folder = tmp_path / "letter.txt", tmp_path / "mine"
    letter.write_text("dear")
    folder.mkdir()
    (folder / "thesis.tex").write_text("chapter")
    for place, found in ((letter, "a file"), (folder, "a folder of other files")):
        with pytest.raises(ValueError, match=f"expected a free place or a bundle to replace, got {found}"):
            taojin.train("world_tiny", out=place)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["letter.txt", "mine", "thesis.tex"]


def test_quotas_that_cannot_be_written_are_told_before_anything_is_measured(tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("chapter")
    for place, message in ((tiny_run, "is the run itself"), (tmp_path, "got a folder of other files")):
        done = command("tune", "quotas", str(tiny_run), "--apply", str(place))
        assert done.returncode == 1 and message in done.stderr and not done.stdout


def test_unknown_names_are_answered(tiny_run: Path) -> None:
    run = taojin.load(tiny_run)
    assert len(run.recommend("nobody knows me", n=5)) == 5
    assert run.recommend("nobody knows me").stranger and not run.recommend("u17").stranger
    brought = run.recommend(history=["m4", "no such film"], n=5)
    assert brought.unknown == ("no such film",) and "not in the catalogue: no such film" in str(brought)
    # What nobody knows says nothing: not the same as a film that was liked.
    unknown, nothing = run.recommend(history=["no such film"], n=5), run.recommend(n=5)
    assert [item.id for item in unknown] == [item.id for item in nothing]
    assert "nobody was named: what a stranger gets" in str(nothing)
    with pytest.raises(ValueError, match="for_yuo"):
        run.recommend("u17", scene="for_yuo")
    with pytest.raises(ValueError, match="no such film"):
        run.similar("no such film")


def test_one_like_over_http_changes_what_the_towers_say(tiny_run: Path, tmp_path: Path) -> None:
    """With all other channels off: the query vector, its candidates, and the ranker's scores."""
    service = Service.of(tiny_run, SQLiteStore(tmp_path / "live.sqlite"))
    with TestClient(create_app(service)) as client:
        deadline = time.monotonic() + 60
        while service.status is Status.LOADING and time.monotonic() < deadline:
            time.sleep(0.05)
        ask = {"user": "u17", "n": 50, "channels": ["dssm"], "explain": True}
        before = client.post("/v1/recommend", json=ask).json()
        assert {channel for item in before["items"] for channel in item["channels"]} == {"dssm"}
        liked = before["items"][-1]["id"]
        told = client.post("/v1/events", json={"user": "u17", "item": liked, "event": "rate", "value": 5.0})
        assert told.status_code < 300, told.text
        after = client.post("/v1/recommend", json=ask).json()
    places = [{item["id"]: item["places"]["dssm"] for item in answer["items"]} for answer in (before, after)]
    scores = [{item["id"]: item["scores"]["ranking"] for item in answer["items"]} for answer in (before, after)]
    assert liked not in places[1]
    both = set(scores[0]) & set(scores[1])
    assert both
    assert any(places[0][one] != places[1][one] for one in both), "the query vector moved"
    assert all(scores[0][one] != scores[1][one] for one in both), "the ranker saw the like"


def test_a_killed_training_leaves_no_half_bundle(tmp_path: Path) -> None:
    out = tmp_path / "run"
    call = [sys.executable, "-m", "taojin.cli.main", "train", "world_tiny", "--out", str(out)]
    training = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob(".run.*")) and training.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(training.pid, signal.SIGKILL)
    training.wait()
    assert not out.exists()
    with pytest.raises(BundleError):
        taojin.load(out)


def test_a_bundle_is_small_objects_not_pickles(tiny_run: Path) -> None:
    names = {path.suffix for path in tiny_run.rglob("*") if path.is_file()}
    assert names <= {".json", ".npy", ".npz", ".onnx", ".parquet"}
    assert Bundle.load(tiny_run).name == "world_tiny"


def test_a_training_leaves_the_checkpoints_of_others_alone(tmp_path: Path) -> None:
    of = [".run.v2.0123456789ab", ".run1.0123456789ab", ".run.0123456789ab"]
    for name in of:
        (tmp_path / f"{name}.checkpoints").mkdir()
        (tmp_path / f"{name}.checkpoints" / "din.pt").write_text("kept")
    recipe = world_tiny()
    ours = _checkpoints(tmp_path / "run", recipe, recipe.data.load(None))
    assert ours.name.startswith(".run.") and not ours.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.checkpoints" for name in of[:2]]
    _checkpoints(tmp_path / "run[1]", recipe, recipe.data.load(None))
    assert (tmp_path / ".run1.0123456789ab.checkpoints" / "din.pt").exists()
