"""Requests that cannot be answered, to a service in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.bad_input.shop import ROOT, Shop


@pytest.fixture(scope="module")
def client(trained: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    log = tmp_path_factory.mktemp("service") / "log.txt"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "taojin", "serve", str(trained.folder / "run"), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        address = process.stdout.readline().strip().replace("localhost", "127.0.0.1")
        assert address, log.read_text()
        assert f"kill -HUP {process.pid}" in process.stdout.readline()
        with httpx.Client(base_url=address, timeout=60) as client:
            yield client
            assert client.get("/v1/health").status_code == 200, "it still lives"
        process.terminate()
        process.wait(30)
    assert "Traceback" not in Path(log).read_text()


@pytest.mark.parametrize(
    ("body", "status", "where", "remedy"),
    [
        ({"n": 0}, 422, "n", "openapi"),
        ({"n": -1}, 422, "n", "openapi"),
        ({"n": 10**6}, 422, "n", "openapi"),
        ({"scene": "for_me"}, 422, "scene", "did you mean 'for_you'?"),
        ({"fields": ["titel"]}, 422, "fields", "did you mean"),
        ({"only": {"gener": ["a"]}}, 422, "only", "did you mean 'genres'?"),
        ({"scene": "similar", "item": "no such"}, 422, "item", "search by title"),
        ({"history": [f"i{n}" for n in range(100_000)]}, 422, "history", "openapi"),
        ({"user": "u" * 10_000}, 422, "user", "openapi"),
        ({"usr": "u1"}, 422, "usr", "did you mean 'user'?"),
    ],
)
def test_a_question_that_cannot_be_asked(
    client: httpx.Client, body: dict, status: int, where: str, remedy: str
) -> None:
    answer = client.post("/v1/recommend", json=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["where"].startswith(where) and error["expected"] and error["got"] and remedy in error["remedy"]


def test_what_is_not_known_and_may_be_asked(client: httpx.Client) -> None:
    answer = client.post("/v1/recommend", json={"user": "nobody", "exclude": ["no such"], "n": 3}).json()
    assert answer["stranger"] and answer["unknown"] == ["no such"] and len(answer["items"]) == 3
    assert client.get("/v1/items/no such/similar").status_code == 404


@pytest.mark.parametrize(
    ("content", "status"),
    [(b'{"user": ', 400), (b"\xff\xfe", 400), (b"[" * 100_000, 400), (b'"' + b"x" * (10 << 20) + b'"', 413)],
)
def test_a_body_that_is_none(client: httpx.Client, content: bytes, status: int) -> None:
    answer = client.post("/v1/recommend", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status and answer.json()["error"]["where"] == "body"


@pytest.mark.parametrize(
    ("event", "where"),
    [
        ({"user": "u1", "item": "i1", "event": "veiw"}, "event"),
        ({"user": "u1", "item": "i1", "event": "view", "time": 1_700_000_000}, "time"),
        ({"user": "u1", "item": "i1", "event": "view", "time": 4_102_444_800_000}, "time"),
        ({"user": "u1", "item": "i1", "event": "view", "value": "five"}, "value"),
        ({"user": "", "item": "i1", "event": "view"}, "user"),
        ({"item": "i1", "event": "view"}, "user"),
    ],
)
def test_an_event_that_cannot_be_stored(client: httpx.Client, event: dict, where: str) -> None:
    answer = client.post("/v1/events", json=event)
    assert answer.status_code == 422 and answer.json()["error"]["where"] == where
    both = client.post("/v1/events", json=[{"user": "whole", "item": "i1", "event": "view"}, event])
    assert both.status_code == 422 and both.json()["error"]["where"].endswith(where)
    assert client.get("/v1/users/whole/history").json()["events"] == [], "all or none"
