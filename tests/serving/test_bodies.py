"""Bodies and ids as senders write them: the reason is told in their words, and ids are those of the tables."""

import httpx
import pytest


@pytest.mark.parametrize("body", [{"user": "u" * 100_000}, {"scene": "s" * 201}, {"history": ["f" * 201]}])
def test_a_text_that_is_too_long_is_told_in_characters(client: httpx.Client, body: dict[str, object]) -> None:
    answer = client.post("/v1/recommend", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["expected"] == "string should have at most 200 characters"


@pytest.mark.parametrize(
    ("content", "expected", "got"),
    [
        (b'{"n": ' + b"1" * 6_000 + b"}", "numbers of at most 4,300 digits", "a longer one"),
        (b'{"user": "\xff"}', "JSON in UTF-8", "the byte 0xff"),
        (b"[" * 100_000, "JSON that is not nested deeply", "more levels"),
    ],
)
def test_a_body_that_cannot_be_read_says_why(client: httpx.Client, content: bytes, expected: str, got: str) -> None:
    answer = client.post("/v1/recommend", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["where"], error["expected"], error["got"]) == ("body", expected, got)


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/v1/recommend", {"n": True}, "n"),
        ("/v1/events", {"user": "u", "item": "f1", "event": "rate", "value": True}, "value"),
        ("/v1/events", {"user": "u", "item": "f1", "event": "like", "time": True}, "time"),
    ],
)
def test_true_is_no_number(client: httpx.Client, path: str, body: dict[str, object], where: str) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["where"] == where and error["expected"] == "a number, neither true nor false"


def test_space_around_an_id_is_none_of_it_as_in_the_tables(client: httpx.Client) -> None:
    posted = client.post("/v1/events", json={"user": " spaced\t", "item": " f3 ", "event": "like", "id": " e "})
    assert posted.json()["ids"] == ["e"]
    history = client.get("/v1/users/ spaced /history").json()
    assert history["user"] == "spaced" and [event["item"]["id"] for event in history["events"]] == ["f3"]
    assert not client.post("/v1/recommend", json={"user": "  spaced"}).json()["stranger"]
    assert client.get("/v1/items/ f3 ").json()["id"] == "f3"
    assert client.post("/v1/recommend", json={"user": "   "}).status_code == 422
