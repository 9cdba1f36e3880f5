"""The process that serves: when it is ready, how it stops, what it loads."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from taojin.serving.server import bound

SERVE = """
import sys
from taojin.bundle.manifest import BundleError
from taojin.serving.server import serve

def ready(url):
    print(url, flush=True)

try:
    serve(sys.argv[1], host="127.0.0.1", port=int(sys.argv[2]), ready=ready)
except (ValueError, BundleError) as error:
    sys.exit(f"error: {error}")
print("stopped; loaded", *(name for name in HEAVY if sys.modules.get(name)), flush=True)
"""
HEAVY = ("torch", "ibis", "duckdb", "scipy", "lightgbm", "pyspark")


@pytest.fixture(scope="module")
def saved(films: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return films.saved(tmp_path_factory.mktemp("run") / "films")  # type: ignore[attr-defined,no-any-return]


def start(bundle: Path, port: int = 0) -> subprocess.Popen[str]:
    code = f"HEAVY = {HEAVY}\n{SERVE}"
    command = [sys.executable, "-c", code, str(bundle), str(port)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_tells_its_address_serves_and_stops_clean_having_loaded_nothing_that_trains(saved: Path) -> None:
    process = start(saved)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert re.fullmatch(r"http://localhost:\d+", address)
    answer = httpx.post(f"{address}/v1/recommend", json={"user": "u1"})
    assert answer.status_code == 200 and len(answer.json()["items"]) == 10
    assert httpx.post(f"{address}/v1/events", json={"user": "u1", "item": "f3", "event": "like"}).status_code == 200
    assert "Taojin" in httpx.get(address).text
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert out.strip() == "stopped; loaded" and errors == ""


def test_a_port_in_use_is_told(saved: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        _, errors = start(saved, port).communicate(timeout=60)
    assert f"port: expected a free port of this machine, got 127.0.0.1:{port}" in errors and "--port" in errors


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", f"{'a' * 64}.example"])
def test_a_host_that_is_not_here_is_told_by_its_own_name(host: str) -> None:
    with pytest.raises(ValueError, match=f"host: expected an address of this machine, got {host} .*another --host"):
        bound(host, 0)


def test_a_bundle_that_does_not_load_stops_the_service_with_its_message(saved: Path) -> None:
    process = start(saved.with_name("nothing"))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and errors.startswith("error: ") and "no bundle here" in errors
    assert "Traceback" not in errors
