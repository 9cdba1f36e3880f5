"""A machine that does not do what is asked: no room, no right, a taken port, a sudden end."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.bad_input.shop import ROOT, Shop, small_files


def test_a_full_disk_leaves_nothing_behind(shop: Shop) -> None:
    done = shop.train(preexec_fn=small_files())
    shop.refused(done, f"{shop.folder}/run: cannot be written, File too large", "make room")
    assert sorted(path.name for path in shop.folder.iterdir()) == ["events.csv", "items.csv", "recipe.py"]


def test_a_full_disk_leaves_the_bundle_that_is_there(trained: Shop) -> None:
    version = json.loads((trained.folder / "run" / "manifest.json").read_text())["version"]
    done = trained.train(preexec_fn=small_files())
    assert done.returncode == 1 and "File too large" in done.stderr
    assert json.loads((trained.folder / "run" / "manifest.json").read_text())["version"] == version
    assert trained.run("recommend", trained.folder / "run", "--user", "u1", "--n", "3").returncode == 0


def test_no_permission_to_write(shop: Shop) -> None:
    locked = shop.folder / "locked"
    locked.mkdir(mode=0o555)
    # Root may write anywhere, unless it lacks this capability.
    powerless = ("setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override")
    shop.before = powerless if os.geteuid() == 0 else ()
    done = shop.run("train", shop.recipe, "--out", locked / "run")
    shop.refused(done, f"nothing can be written in {locked}", "Permission denied", "name another folder")


def test_a_bundle_of_another_version(trained: Shop) -> None:
    copy = shutil.copytree(trained.folder / "run", trained.folder / "other")
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    for command in (("recommend", copy, "--user", "u1"), ("serve", copy), ("evaluate", copy), ("refresh", copy)):
        done = trained.run(*command)
        assert done.returncode == 1 and "expected a bundle of format 2, got 1" in done.stderr
        assert "train again with this version" in done.stderr


def test_a_bundle_that_lost_a_file(trained: Shop) -> None:
    copy = shutil.copytree(trained.folder / "run", trained.folder / "lost")
    (copy / "items.parquet").unlink()
    done = trained.run("recommend", copy, "--user", "u1")
    assert done.returncode == 1 and "items.parquet: named in the manifest and missing" in done.stderr


def test_a_port_in_use(trained: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = trained.run("serve", trained.folder / "run", "--port", taken.getsockname()[1])
    assert done.returncode == 1 and "expected a free port of this machine" in done.stderr and "--port" in done.stderr


def test_an_interrupted_training_says_so_leaves_nothing_half_and_can_be_begun_again(shop: Shop) -> None:
    call = [sys.executable, "-m", "taojin", "train", shop.recipe, "--out", str(shop.folder / "run")]
    process = subprocess.Popen(
        [*call, "--set", "models.lr.training.epochs=100000", "--set", "models.lr.training.patience=100000"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        cwd=shop.folder,
        # What runs in the background may ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    try:
        for _ in range(1_200):
            if list(shop.folder.glob(".run.*.checkpoints/*.pt")):
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130 and "interrupted; the same command goes on" in errors and "Traceback" not in errors
    left = [path.name for path in shop.folder.iterdir() if path.name.startswith(".run")]
    assert len(left) == 1 and left[0].endswith(".checkpoints"), "what a training that goes on begins with"
    assert shop.train().returncode == 0
    assert not list(shop.folder.glob(".run.*")), "another recipe to the same place begins anew"


def test_a_place_that_holds_something_else(shop: Shop) -> None:
    (shop.folder / "notes").mkdir()
    (shop.folder / "notes" / "mine.txt").write_text("keep")
    done = shop.run("train", shop.recipe, "--out", shop.folder / "notes")
    shop.refused(done, "expected a free place or a bundle to replace, got a folder of other files")
    assert Path(shop.folder, "notes", "mine.txt").read_text() == "keep"
