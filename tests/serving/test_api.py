"""The API over HTTP."""

import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import httpx
import pytest

from taojin.bundle.bundle import Bundle
from taojin.bundle.manifest import BundleError
from taojin.core.live import LiveStore
from taojin.live.sqlite import SQLiteStore
from taojin.live.tables import impressions_table
from taojin.serving.service import Service

NOW = 1_700_000_000_000
Serve = Callable[[Service], AbstractContextManager[str]]


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def test_a_recommendation_has_items_channels_fields_and_reasons(client: httpx.Client) -> None:
    answer = client.post("/v1/recommend", json={"user": "u1", "scene": "for_you", "n": 5, "fields": ["genres", "mean"]})
    body = answer.json()
    assert len(body["items"]) == 5 and body["request_id"] and body["degraded"] == [] and body["exhausted"] is False
    for item in body["items"]:
        assert set(item) >= {"id", "title", "score", "channels", "reason", "fields"}
        assert set(item["fields"]) == {"genres", "mean"} and item["channels"]
    assert body["trace"] is None and body["items"][0]["scores"] is None


def test_an_explanation_tells_each_part_of_the_funnel(client: httpx.Client) -> None:
    body = client.post("/v1/recommend", json={"user": "u1", "explain": True}).json()
    assert {"stage", "part", "before", "after", "ms"} <= set(body["trace"][0])
    assert {"alike", "hot", "unseen"} <= {step["part"] for step in body["trace"]}
    assert body["items"][0]["places"] and "final" in body["items"][0]["scores"]


def test_an_acknowledged_like_changes_the_next_answer(client: httpx.Client) -> None:
    question = {"user": "visitor-1", "channels": ["alike"]}
    assert ids(client.post("/v1/recommend", json=question)) == []
    receipt = client.post("/v1/events", json={"user": "visitor-1", "item": "f3", "event": "like"})
    assert receipt.status_code == 200 and receipt.json()["applied"] == 1
    after = client.post("/v1/recommend", json=question)
    assert ids(after) and all(item["reason"]["id"] == "f3" for item in after.json()["items"])
    client.post("/v1/events", json={"user": "visitor-1", "item": "f4", "event": "rate", "value": 5})
    assert ids(client.post("/v1/recommend", json=question)) != ids(after)


def test_an_acknowledged_event_is_on_disk(client: httpx.Client, shared_store: SQLiteStore) -> None:
    client.post("/v1/events", json={"user": "disk", "item": "f3", "event": "like"})
    other = SQLiteStore(shared_store.path)
    assert other.user_events("disk").item == ("f3",)
    other.close()


def test_events_are_idempotent_by_id_and_all_or_none(client: httpx.Client) -> None:
    batch = [{"user": 7, "item": n, "event": "like", "id": f"e{n}"} for n in range(3)]
    assert client.post("/v1/events", json=batch).json() == {"applied": 3, "duplicates": 0, "ids": ["e0", "e1", "e2"]}
    assert client.post("/v1/events", json=batch[:2]).json()["duplicates"] == 2
    bad = [{"user": 7, "item": 9, "event": "like"}, {"user": 7, "item": 9, "event": "lik"}]
    assert client.post("/v1/events", json=bad).status_code == 422
    assert len(client.get("/v1/users/7/history").json()["events"]) == 3


def test_a_new_item_is_welcome_and_known_by_its_id(client: httpx.Client) -> None:
    assert client.post("/v1/events", json={"user": "u9", "item": "brand new", "event": "like"}).status_code == 200
    entry = client.get("/v1/users/u9/history").json()["events"][0]
    assert entry["item"] == {"id": "brand new", "title": "", "fields": {}} and entry["live"] is True
    assert ids(client.post("/v1/recommend", json={"user": "u9"}))


def test_a_history_joins_training_and_live_events_newest_first(client: httpx.Client) -> None:
    client.post("/v1/events", json={"user": "u1", "item": "f3", "event": "rate", "value": 4.5})
    events = client.get("/v1/users/u1/history").json()["events"]
    assert len(events) == 5 and events[0]["item"]["id"] == "f3" and events[0]["item"]["title"]
    assert events[0]["events"] == ["rate", "like"] and events[0]["value"] == 4.5
    assert [event["live"] for event in events] == [True, False, False, False, False]
    assert [event["time"] for event in events] == sorted((event["time"] for event in events), reverse=True)
    assert len(client.get("/v1/users/u1/history", params={"limit": 2}).json()["events"]) == 2
    assert len(client.get("/v1/users/u1/history", params={"item": "f3"}).json()["events"]) == 1
    likes = client.get("/v1/users/u1/history", params={"event": "like"}).json()["events"]
    assert len(likes) == 3 and all("like" in event["events"] for event in likes)
    assert client.get("/v1/users/nobody/history").json() == {"user": "nobody", "events": []}


def test_items_users_and_the_catalogue_can_be_looked_up(client: httpx.Client) -> None:
    item = client.get("/v1/items/f1").json()
    assert item["id"] == "f1" and item["fields"]["mean"] is None and item["fields"]["year"] == 1951
    assert ids(client.get("/v1/items", params={"search": "stone night 12"})) == ["f12", "f112"]
    assert ids(client.get("/v1/items/f3/similar", params={"n": 3, "fields": ["genres", "year"]}))
    assert {"id": "u6", "events": 4, "trained": True} in client.get("/v1/users", params={"limit": 200}).json()["users"]
    assert len(client.get("/v1/users", params={"limit": 2}).json()["users"]) == 2
    catalogue = client.get("/v1/catalogue").json()
    assert catalogue["kinds"] == ["rate", "like"] and catalogue["scenes"]["for_you"] == ["alike", "hot"]
    assert set(catalogue["values"]) == {"genres", "year", "directors"} and catalogue["items"] == 120
    assert client.get("/v1/version").json()["name"] == "films"


def test_users_with_new_events_come_first(client: httpx.Client) -> None:
    client.post("/v1/events", json={"user": "late", "item": "f3", "event": "like"})
    assert client.get("/v1/users").json()["users"][0] == {"id": "late", "events": 1, "trained": False}


def test_integer_ids_are_their_digits(client: httpx.Client) -> None:
    client.post("/v1/events", json={"user": 42, "item": 31, "event": "like"})
    assert len(client.get("/v1/users/42/history").json()["events"]) == 1
    assert client.post("/v1/recommend", json={"user": 42, "exclude": [1, "f2"]}).json()["unknown"] == ["1"]


def test_what_was_shown_is_recorded(client: httpx.Client, shared_store: SQLiteStore) -> None:
    answer = client.post("/v1/recommend", json={"user": "u2", "n": 3}).json()
    shared_store.flush()
    shown = [row for row in impressions_table(shared_store).to_pylist() if row["request_id"] == answer["request_id"]]
    assert [row["item"] for row in shown] == [item["id"] for item in answer["items"]]
    assert {row["user"] for row in shown} == {"u2"}
    assert [row["position"] for row in shown] == [1, 2, 3]


BAD = [
    ("POST", "/v1/recommend", {"scene": "for_yuo"}, 422, "scene", "did you mean 'for_you'?"),
    ("POST", "/v1/recommend", {"usr": "1"}, 422, "usr", "did you mean 'user'?"),
    ("POST", "/v1/recommend", {"n": 0}, 422, "n", ""),
    ("POST", "/v1/recommend", {"n": 201}, 422, "n", ""),
    ("POST", "/v1/recommend", {"n": "ten"}, 422, "n", ""),
    ("POST", "/v1/recommend", {"user": ""}, 422, "user", ""),
    ("POST", "/v1/recommend", {"user": True}, 422, "user", ""),
    ("POST", "/v1/recommend", {"history": ["f1"] * 1001}, 422, "history", ""),
    ("POST", "/v1/recommend", {"history": ["f1", None]}, 422, "history.[1]", ""),
    ("POST", "/v1/recommend", {"only": {"genre": ["Comedy"]}}, 422, "only", "did you mean 'genres'?"),
    ("POST", "/v1/recommend", {"only": {"genres": ["Comdy"]}}, 422, "only.genres", "did you mean 'Comedy'?"),
    ("POST", "/v1/recommend", {"fields": ["titel"]}, 422, "fields", "did you mean 'title'?"),
    ("POST", "/v1/recommend", {"channels": ["hott"]}, 422, "channels", "did you mean 'hot'?"),
    ("POST", "/v1/recommend", {"scene": "similar", "item": "f999"}, 422, "item", "did you mean 'f99', The Orchard"),
    ("POST", "/v1/recommend", {"user": "u1", "history": ["f1"]}, 422, "history", "leave one of them out"),
    ("POST", "/v1/recommend", {"context": {"device": [1]}}, 422, "context.device", "GET /openapi.json"),
    ("POST", "/v1/recommend", {"context": {"device": "x" * 201}}, 422, "context.device", "GET /openapi.json"),
    ("POST", "/v1/recommend", {"only": {"genres": [{}]}}, 422, "only.genres.[0]", "GET /openapi.json"),
    ("POST", "/v1/recommend", [], 422, "body", ""),
    ("POST", "/v1/events", {"user": "u", "item": "i", "event": "lik"}, 422, "event", "did you mean 'like'?"),
    ("POST", "/v1/events", {"user": "u", "event": "like"}, 422, "item", "add it"),
    ("POST", "/v1/events", {"user": "u", "item": "i", "event": "rate"}, 422, "value", ""),
    ("POST", "/v1/events", {"user": "u", "item": "i", "event": "like", "time": 5}, 422, "time", ""),
    (
        "POST",
        "/v1/events",
        {"user": "u", "item": "i", "event": "like", "time": NOW * 2},
        422,
        "time",
        "check the clock",
    ),
    ("POST", "/v1/events", {"user": "u", "item": "i", "event": "like", "time": 1 << 70}, 422, "time", ""),
    ("POST", "/v1/events", [], 422, "body", ""),
    ("POST", "/v1/events", [{"user": "u", "item": "i", "event": "like"}] * 1001, 422, "body", ""),
    ("POST", "/v1/events", [{"user": "u", "item": "i", "event": "like", "x": 1}], 422, "[0].x", "leave it out"),
    ("GET", "/v1/items/f999", None, 404, "item", "did you mean"),
    ("GET", "/v1/items/f999/similar", None, 404, "item", "did you mean"),
    ("GET", "/v1/items/f1/similar?n=0", None, 422, "n", ""),
    ("GET", "/v1/items/f1/similar?fields=genre", None, 422, "fields", "did you mean 'genres'?"),
    ("GET", "/v1/items", None, 422, "search", "add it"),
    ("GET", "/v1/users/u1/history?event=lik", None, 422, "event", "did you mean 'like'?"),
    ("GET", "/v1/users?limit=9999", None, 422, "limit", ""),
    ("GET", "/v1/nothing", None, 404, "address", "GET /openapi.json lists them"),
    ("GET", "/nothing.html", None, 404, "address", ""),
    ("PUT", "/v1/recommend", {}, 405, "method", ""),
    ("GET", "/v1/recommend", None, 405, "method", ""),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "where", "remedy"), BAD)
def test_a_bad_request_is_told_what_was_wrong(
    client: httpx.Client, method: str, path: str, body: object, status: int, where: str, remedy: str
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"where", "expected", "got", "remedy"}
    assert error["where"] == where and remedy in error["remedy"] and error["expected"] and error["remedy"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status", "where"),
    [
        (b'{"user": ', "application/json", 400, "body"),
        (b'{"user": "u", "item": "i", "event": "rate", "value": NaN}', "application/json", 422, "value"),
        (b'{"user": "u", "item": "i", "event": "rate", "value": 1e999}', "application/json", 422, "value"),
        (b'{"user": "u", "item": "i", "event": "like"}', "text/plain", 415, "Content-Type"),
        (b'{"user": "\xff"}', "application/json", 400, "body"),
        (b"[" * 100_000, "application/json", 400, "body"),
        (b'{"user": "\\ud800", "item": "i", "event": "like"}', "application/json", 422, "user"),
        (b'{"user": "u", "item": "i", "event": "\\udfff"}', "application/json", 422, "event"),
    ],
)
def test_a_body_that_is_no_json_is_told_so(
    client: httpx.Client, content: bytes, kind: str, status: int, where: str
) -> None:
    answer = client.post("/v1/events", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["where"] == where


@pytest.mark.parametrize("declared", [True, False], ids=["with its length", "in chunks"])
def test_a_body_of_more_than_a_mebibyte_is_refused(client: httpx.Client, declared: bool) -> None:
    body = json.dumps({"user": "u" * (1 << 20)}).encode()
    content = body if declared else (body[at : at + 65536] for at in range(0, len(body), 65536))
    answer = client.post("/v1/recommend", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413 and answer.json()["error"]["where"] == "body"


def test_no_other_site_may_ask_and_pages_load_nothing_from_elsewhere(client: httpx.Client) -> None:
    answer = client.get("/", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 200 and "access-control-allow-origin" not in answer.headers
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    preflight = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in client.options("/v1/events", headers=preflight).headers


def test_the_description_names_every_address(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    assert {"/v1/recommend", "/v1/events", "/v1/items", "/v1/ready"} <= set(described["paths"])
    assert "n" in described["components"]["schemas"]["RecommendBody"]["properties"]


def wait_until_ready(address: str) -> None:
    while httpx.get(f"{address}/v1/ready").status_code != 200:
        pass


def test_until_the_bundle_is_checked_the_service_lives_and_is_not_ready(
    bundle: Bundle, store: LiveStore, serve: Serve
) -> None:
    go_on = threading.Event()

    def load() -> Bundle:
        go_on.wait()
        return bundle

    with serve(Service(load, store)) as address:
        assert httpx.get(f"{address}/v1/health").status_code == 200
        for answer in (httpx.get(f"{address}/v1/ready"), httpx.post(f"{address}/v1/recommend", json={})):
            assert answer.status_code == 503 and answer.headers["retry-after"]
            assert "still loading" in answer.json()["error"]["got"]
        go_on.set()
        wait_until_ready(address)
        assert httpx.post(f"{address}/v1/recommend", json={}).status_code == 200


def test_a_bundle_that_does_not_load_is_never_served(store: LiveStore, serve: Serve) -> None:
    settled = threading.Event()

    def load() -> Bundle:
        raise BundleError("runs/x: a file is missing")

    service = Service(load, store)
    service.when_settled(settled.set)
    with serve(service) as address:
        settled.wait()
        answer = httpx.get(f"{address}/v1/ready")
        assert answer.status_code == 503 and "a file is missing" in answer.json()["error"]["got"]


def test_a_fault_of_ours_is_no_traceback(bundle: Bundle, store: LiveStore, serve: Serve) -> None:
    class Faulty:
        channels = ("hot",)

        def recommend(self, *_: object) -> None:
            raise ValueError("operands could not be broadcast")

    fitted = replace(bundle.fitted, scenes={**bundle.scenes, "faulty": Faulty()})
    service = Service.of(replace(bundle, fitted=fitted), store)
    service.prepare()
    with serve(service) as address:
        answer = httpx.post(f"{address}/v1/recommend", json={"scene": "faulty"})
    assert answer.status_code == 500 and answer.json()["error"]["where"] == "service"
    assert "broadcast" not in answer.text


def test_many_ask_and_post_at_once(client: httpx.Client) -> None:
    failures: list[str] = []

    def visit(user: str) -> None:
        for place in range(5):
            posted = client.post("/v1/events", json={"user": user, "item": f"f{3 + place}", "event": "like"})
            answer = client.post("/v1/recommend", json={"user": user, "n": 5})
            if posted.status_code != 200 or f"f{3 + place}" in ids(answer):
                failures.append(user)

    threads = [threading.Thread(target=visit, args=(f"many-{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
