"""What an operator does to a service that runs: another bundle takes over, and no request is lost."""

import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from taojin.bundle.bundle import Bundle
from taojin.bundle.manifest import Manifest
from taojin.bundle.versions import before, find, use
from taojin.core.live import LiveStore
from taojin.serving.admin import checked_key
from taojin.serving.service import Busy, Service

KEY = "a key that nobody guesses"


@pytest.fixture
def run(films, tmp_path: Path) -> Path:
    """A run with a state before the one in use."""
    folder = films.saved(tmp_path / "films")
    type(films)(count=films.count - 10).saved(folder)
    return folder


@contextmanager
def asked(address: str):
    """Four clients that ask without a pause while the block runs; yields what they have got, by version and status."""
    got: Counter[tuple[str, int]] = Counter()
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=address, timeout=30) as client:
            while not stop.is_set():
                answer = client.post("/v1/recommend", json={"user": "u1", "n": 5})
                got[answer.json().get("bundle", ""), answer.status_code] += 1

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    yield got
    stop.set()
    for thread in threads:
        thread.join()


def wait_for(got: Counter, version: str) -> None:
    """Until the version has answered some requests more."""
    seen = got[version, 200]
    for _ in range(3000):
        if got[version, 200] >= seen + 20:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{version} does not answer: {got}")


def test_swap_and_rollback_under_requests_lose_none(run: Path, store: LiveStore, serve) -> None:
    later, earlier = Manifest.read(run).version, before(run).manifest.version
    service = Service.of(run, store)
    service.prepare()
    told: list[str] = []
    service.when_swapped(told.append)
    with serve(service, KEY) as address, asked(address) as got:
        wait_for(got, later)
        for now, then in ((earlier, later), (later, earlier)):
            use(run, find(run, now))
            answer = httpx.post(f"{address}/v1/admin/swap", headers={"X-API-Key": KEY}, timeout=30)
            assert answer.json() == {"before": then, "version": now}
            assert httpx.get(f"{address}/v1/version").json()["version"] == now
            wait_for(got, now)
    assert set(got) == {(later, 200), (earlier, 200)}
    assert told == [f"serving {earlier}, before it {later}", f"serving {later}, before it {earlier}"]


def test_sighup_swaps_a_running_process(run: Path) -> None:
    code = (
        "import sys; from taojin.serving.server import serve\n"
        "serve(sys.argv[1], host='127.0.0.1', port=0, ready=lambda said: print(said, flush=True))"
    )
    command = [sys.executable, "-c", code, str(run)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().strip().replace("localhost", "127.0.0.1")
    assert re.fullmatch(r"http://127.0.0.1:\d+", address)
    later, earlier = Manifest.read(run).version, before(run)
    with asked(address) as got:
        wait_for(got, later)
        use(run, earlier)
        process.send_signal(signal.SIGHUP)
        assert process.stdout.readline().strip() == f"serving {earlier.manifest.version}, before it {later}"
        wait_for(got, earlier.manifest.version)
        (run / "scene.json").write_text("{}")
        process.send_signal(signal.SIGHUP)
        said = process.stdout.readline()
        assert said.startswith("the bundle in use stays:") and "scene.json" in said
        wait_for(got, earlier.manifest.version)
    assert {status for _, status in got} == {200}
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 0 and errors == "" and out == ""


def test_a_bundle_that_does_not_load_changes_nothing(run: Path, store: LiveStore, serve) -> None:
    service = Service.of(run, store)
    service.prepare()
    told: list[str] = []
    service.when_swapped(told.append)
    version = Manifest.read(run).version
    (run / "items.parquet").write_bytes(b"")
    with serve(service, KEY) as address:
        answer = httpx.post(f"{address}/v1/admin/swap", headers={"X-API-Key": KEY})
        assert answer.status_code == 409
        assert "items.parquet" in answer.json()["error"]["got"] and "rollback" in answer.json()["error"]["remedy"]
        assert httpx.post(f"{address}/v1/recommend", json={"user": "u1"}).json()["bundle"] == version
    (sentence,) = told
    assert sentence.startswith("the bundle in use stays:") and "items.parquet" in sentence


def test_the_key_opens_and_nothing_else_does(bundle: Bundle, store: LiveStore, serve, monkeypatch) -> None:
    service = Service.of(bundle, store)
    service.prepare()
    with serve(service, KEY) as address:
        for headers in ({}, {"X-API-Key": ""}, {"X-API-Key": KEY[:-1]}, {"Authorization": KEY}):
            answer = httpx.post(f"{address}/v1/admin/swap", headers=headers)
            assert answer.status_code == 401 and answer.json()["error"]["where"] == "X-API-Key"
            assert KEY not in answer.text
        assert httpx.get(f"{address}/v1/admin/swap").status_code == 405
        assert httpx.post(f"{address}/v1/admin/swap", headers={"X-API-Key": KEY}).status_code == 200

        def busy() -> None:
            raise Busy

        monkeypatch.setattr(service, "swap", busy)
        answer = httpx.post(f"{address}/v1/admin/swap", headers={"X-API-Key": KEY})
        assert answer.status_code == 409 and answer.headers["Retry-After"] == "5"


def test_without_a_key_nobody_is_admitted(bundle: Bundle, store: LiveStore, serve) -> None:
    service = Service.of(bundle, store)
    service.prepare()
    with serve(service) as address:
        answer = httpx.post(f"{address}/v1/admin/swap", headers={"X-API-Key": ""})
    assert answer.status_code == 403 and "TAOJIN_ADMIN_KEY" in answer.json()["error"]["remedy"]


def test_a_key_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="TAOJIN_ADMIN_KEY: expected a key of 16 characters or more"):
        checked_key("secret")
    assert checked_key("") is None and checked_key(None) is None and checked_key(KEY) == KEY


def test_one_swap_at_a_time(bundle: Bundle, store: LiveStore) -> None:
    going, go_on = threading.Event(), threading.Event()

    def load() -> Bundle:
        going.set()
        assert go_on.wait(10)
        return bundle

    service = Service(load, store)
    first = threading.Thread(target=service.prepare)
    first.start()
    assert going.wait(10)
    with pytest.raises(Busy):
        service.swap()
    go_on.set()
    first.join()
    assert service.swap() == ("1", "1")
