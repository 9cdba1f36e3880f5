"""Data that is read well and is odd: a recommender, or a sentence on why there can be none."""

import json

import pytest

from tests.bad_input.shop import START, Shop, rows


def asked(shop: Shop, user: str) -> dict:
    done = shop.run("recommend", shop.folder / "run", "--user", user, "--n", "5", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_ids_with_blanks_emoji_and_ten_thousand_characters(shop: Shop) -> None:
    long = "x" * 10_000
    names = {"u1": "two words", "u2": "💿 a'b", "u3": long}
    shop.events = [
        ",".join([names.get(line.split(",")[0], line.split(",")[0]), *line.split(",")[1:]]) for line in rows()
    ]
    assert shop.write().train().returncode == 0
    for user in names.values():
        answer = asked(shop, user)
        assert len(answer["items"]) == 5 and not answer["stranger"]


def test_one_user(shop: Shop) -> None:
    shop.events = [f"u0,i{n % 12},{START + n * 60_000},view," for n in range(40)]
    assert shop.write().train().returncode == 0
    assert asked(shop, "u0")["items"]


def test_one_item(shop: Shop) -> None:
    shop.events = [f"u{n % 9},i0,{START + n * 60_000},view," for n in range(60)]
    shop.items = shop.items[:1]
    shop.refused(shop.write().train(), "task 'view'", "all of them 1", "leave the task out")


def test_one_event(shop: Shop) -> None:
    shop.events = shop.events[:1]
    shop.refused(shop.write().train(), "sampling of 'shop'", "no training row", "nothing lies before them")


def test_all_events_at_one_time(shop: Shop) -> None:
    shop.events = [f"u{n % 20},i{n % 12},{START},view," for n in range(200)]
    shop.refused(shop.write().train(), "expected validation rows, got none", "different times")


def test_a_genre_that_training_never_saw_a_user_without_history_an_item_without_attributes(shop: Shop) -> None:
    shop.items += ["i12,New Thing,never seen", "i13,,"]
    shop.events.append(f"late,i12,{START + 10**9},view,")
    assert shop.write().train().returncode == 0
    assert asked(shop, "late")["items"] and asked(shop, "nobody")["stranger"]
    similar = shop.run("similar", shop.folder / "run", "--item", "i13", "--json")
    assert similar.returncode == 0 and json.loads(similar.stdout)["items"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--n", "0"), "'--n': Input should be greater than or equal to 1"),
        (("--n", "-1"), "'--n': Input should be greater than or equal to 1"),
        (("--n", "1000000"), "'--n': Input should be less than or equal to 200"),
        (("--scene", "for_me"), "did you mean 'for_you'?"),
    ],
)
def test_what_cannot_be_asked(trained: Shop, arguments: tuple[str, str], said: str) -> None:
    done = trained.run("recommend", trained.folder / "run", "--user", "u1", *arguments)
    words = " ".join(done.stderr.replace("│", " ").split())
    assert done.returncode in (1, 2) and said in words
