"""What the columns of somebody's files are told to be: shops, films and videos as such files are written."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from taojin.data.columns import Time, Unit
from taojin.data.kinds import Label
from taojin.start.happened import strength
from taojin.start.keys import find_time
from taojin.start.plan import Plan, consumed, look
from taojin.start.profile import Profile, profiles

N = 3_000
RANDOM = np.random.default_rng(0)
USER, ITEM = RANDOM.integers(0, 100, N), RANDOM.zipf(1.5, N) % 150
SECONDS = np.sort(1_570_000_000 + RANDOM.integers(0, 10_000_000, N))
WORDS = np.array(["red", "green", "blue", "yellow"])


def write(path: Path, **columns: object) -> Path:
    table = pa.table({name.replace("__", " "): values for name, values in columns.items()})
    if path.suffix == ".parquet":
        pa.parquet.write_table(table, path)
    else:
        pa.csv.write_csv(table, path)
    return path


def iso(seconds: np.ndarray) -> list[str]:
    return [str(moment).replace("T", " ") for moment in seconds.astype("datetime64[s]")]


def test_a_shop_with_all_in_one_file(tmp_path: Path) -> None:
    quantity = RANDOM.integers(1, 20, N)
    quantity[::40] *= -1
    log = write(
        tmp_path / "lines.csv",
        InvoiceNo=[f"C{n // 4}" for n in range(N)],
        StockCode=[f"s{item}" for item in ITEM],
        Description=[f"PAN NUMBER {item} OF STEEL" for item in ITEM],
        Quantity=quantity,
        InvoiceDate=iso(SECONDS),
        UnitPrice=[round(1.25 + item / 7, 2) for item in ITEM],
        CustomerID=[f"{user}.0" for user in USER],
        Country=[f"land {user % 7}" for user in USER],
    )
    plan = look("shop", log)
    assert (plan.user, plan.item) == ("CustomerID", "StockCode")
    assert plan.time == Time("InvoiceDate", unit=Unit.ISO)
    assert plan.happened.value == "Quantity" and plan.happened.base == "line" and plan.happened.positive == "buy"
    assert plan.happened.labels == (Label("buy", "line", at_least=1e-6), Label("return", "line", at_most=-1e-6))
    assert {(one.name, one.kind) for one in plan.items.attributes} == {("title", "title"), ("unit_price", "price")}
    assert plan.items.first and plan.users.first
    assert [(one.name, one.kind) for one in plan.users.attributes] == [("country", "category")]
    assert consumed(plan) == ()  # most pairs come again


def films(tmp_path: Path) -> Plan:
    pairs = np.unique(np.stack([USER, ITEM], 1), axis=0)
    random = np.random.default_rng(1)  # what others draw before does not matter
    at = random.permutation(len(pairs))
    log = write(
        tmp_path / "ratings.csv",
        userId=pairs[at, 0],
        movieId=pairs[at, 1],
        rating=random.integers(1, 11, len(pairs)) / 2,
        timestamp=SECONDS[: len(pairs)],
    )
    items = write(
        tmp_path / "movies.csv",
        movieId=np.arange(150),
        title=[f"The film of number {n} (19{n % 90 + 10})" for n in range(150)],
        genres=["|".join(WORDS[: n % 3 + 1]) for n in range(150)],
        poster=[f"https://pictures/{n}.jpg" for n in range(150)],
    )
    return look("films", log, items)


def test_films_with_ratings(tmp_path: Path) -> None:
    plan = films(tmp_path)
    assert (plan.user, plan.item, plan.items.id) == ("userId", "movieId", "movieId")
    assert plan.time == Time("timestamp", unit=Unit.SECONDS)
    assert plan.happened.labels == (Label("like", "rate", at_least=3.5),)
    assert plan.happened.positive == "like" and plan.happened.kinds == ("rate", "like")
    assert {(one.name, one.kind, one.separator) for one in plan.items.attributes} == {
        ("title", "title", ""),
        ("genres", "list", "|"),
    }
    assert plan.users.source is None and consumed(plan) == ("rate", "like")
    assert "poster" in str(plan) and "addresses of pages or pictures" in str(plan)


def test_videos_with_flags_in_parquet(tmp_path: Path) -> None:
    flags = {name: (RANDOM.random(N) < share).astype(int) for name, share in (("is_click", 0.4), ("long_view", 0.2))}
    rare = (RANDOM.random(N) < 0.005).astype(int)
    log = write(
        tmp_path / "log.parquet", user_id=USER, video_id=ITEM, time_ms=SECONDS * 1000, **flags,
        is_like=rare, is_hate=rare[::-1], is_rand=np.zeros(N, int),
        duration_ms=RANDOM.integers(1, 9_000, N), watch_ratio=RANDOM.random(N),
    )  # fmt: skip
    users = write(tmp_path / "users.csv", user_id=np.arange(120), age_range=WORDS[np.arange(120) % 4])
    plan = look("videos", log, users=users)
    assert plan.time == Time("time_ms", unit=Unit.MILLISECONDS)
    happened = plan.happened
    assert happened.base == "show" and happened.value == "watch_ratio" and happened.positive == "long_view"
    assert happened.flags == {
        "is_click": "click",
        "long_view": "long_view",
        "is_like": "like",
        "is_hate": "hate",
    }
    assert "like (" in str(plan) and "is rare" in str(plan)
    assert [one.name for one in plan.users.attributes] == ["age_range"]


def test_a_column_of_kinds_and_another_names_of_the_ids(tmp_path: Path) -> None:
    kinds = np.array(["view"] * 80 + ["add_to_cart"] * 12 + ["purchase"] * 8)[RANDOM.integers(0, 100, N)]
    log = write(tmp_path / "log.csv", who=USER, what=ITEM, when=SECONDS, verb=kinds)
    goods = write(tmp_path / "goods.csv", nr=np.arange(150), brand=WORDS[np.arange(150) % 4], cost=np.arange(150) / 7)
    people = write(tmp_path / "people.csv", nr=np.arange(100), mail=[f"u{n}@x.org" for n in range(100)])
    plan = look("shop", log, goods, people)
    assert {plan.user, plan.item} == {"who", "what"}
    assert plan.happened.event == "verb" and set(plan.happened.kinds) == {"view", "add_to_cart", "purchase"}
    assert {(one.name, one.kind) for one in plan.items.attributes} == {("brand", "category"), ("cost", "price")}


def test_a_value_belongs_to_the_kind_of_event_that_has_it(tmp_path: Path) -> None:
    rated = RANDOM.random(N) < 0.4
    stars, pieces = RANDOM.integers(1, 6, N).astype(object), RANDOM.integers(1, 20, N).astype(object)
    pieces[::40] *= -1
    stars[~rated], pieces[~rated] = None, None
    for name, kind, column, labels in (
        ("films", "rate", {"rating": stars}, (Label("like", "rate", at_least=4),)),
        (
            "shop",
            "order",
            {"quantity": pieces},
            (Label("buy", "order", at_least=1e-6), Label("return", "order", at_most=-1e-6)),
        ),
    ):
        kinds = np.where(rated, kind, "view")
        plan = look(name, write(tmp_path / f"{name}.csv", user_id=USER, item_id=ITEM, event=kinds, **column))
        assert plan.happened.kinds[:2] == ("view", kind), "the most frequent first"
        assert plan.happened.valued == kind and plan.happened.labels == labels


def test_no_line_of_names(tmp_path: Path) -> None:
    rows = zip(USER, ITEM, RANDOM.integers(1, 6, N), SECONDS, strict=True)
    (tmp_path / "u.data").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    (tmp_path / "u.item").write_text("".join(f"{n}|The film {n} of all (1990)|red\n" for n in range(150)))
    (tmp_path / "u.user").write_text("".join(f"{n}|{20 + n % 50}|{WORDS[n % 4]}\n" for n in range(100)))
    plan = look("films", tmp_path / "u.data", tmp_path / "u.item", tmp_path / "u.user")
    assert (plan.user, plan.item, plan.happened.value) == ("column1", "column2", "column3")
    assert plan.time == Time("column4", unit=Unit.SECONDS) and plan.happened.positive == "like"


def test_an_order_without_times(tmp_path: Path) -> None:
    plan = look("orders", write(tmp_path / "log.csv", customer_id=USER, product_id=ITEM))
    assert plan.time is None and plan.happened.kinds == ("interact",)
    assert "no column of times: the order of the rows counts" in str(plan)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (lambda day: f"{day.day:02}/{day.month:02}/{day.year} 10:30", "%d/%m/%Y %H:%M"),
        (lambda day: f"{day.month}/{day.day}/{day.year}", "%m/%d/%Y"),
        (lambda day: f"{day.day:02}.{day.month:02}.{day.year}", "%d.%m.%Y"),
        (lambda day: f"{day.year}{day.month:02}{day.day:02}", "%Y%m%d"),
        (lambda day: str(int(day.timestamp() * 1e6)), Unit.MICROSECONDS),
        (lambda day: day.isoformat() + "Z", Unit.ISO),
    ],
)
def test_ways_to_write_a_time(written, expected) -> None:
    days = [moment.item() for moment in (1_570_000_000 + 86_400 * np.arange(60)).astype("datetime64[s]")]
    sample = pa.table({"order date": [written(day) for day in days], "user": ["a"] * 60})
    found = find_time(profiles(sample), {"user"})
    assert found is not None
    time = found[0]
    assert (time.pattern or time.unit) == expected


def test_ids_that_could_be_times_are_none() -> None:
    sample = pa.table({"user_id": ["541312140", "554748717", "519107250"], "n": ["1", "2", "3"]})
    assert find_time(profiles(sample), set()) is None


def test_ambiguous_days_are_told() -> None:
    assert Profile("date", pa.chunked_array([["01/02/2020", "03/04/2020"]])).ambiguous
    assert not Profile("date", pa.chunked_array([["01/02/2020", "13/04/2020"]])).ambiguous


@pytest.mark.parametrize(
    ("kind", "says"),
    [("show", 0), ("view", 1), ("is_click", 2), ("add_to_cart", 4), ("purchase", 6), ("remove_cart", -1)],
)
def test_what_a_kind_says_for_an_item(kind: str, says: int) -> None:
    assert strength(kind) == says


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": ["x"] * 5, "product_id": ["1"] * 5}, "no column looks like the user of an event; it has a, product_id"),
        ({"user_id": ["1", "2"] * 3, "colour": ["red"] * 6}, "no column looks like the item of an event"),
    ],
)
def test_what_cannot_be_told_is_said(tmp_path: Path, columns: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        look("x", write(tmp_path / "log.csv", **columns))


def test_a_table_without_ids_is_told(tmp_path: Path) -> None:
    log = write(tmp_path / "log.csv", user_id=USER, item_id=ITEM)
    items = write(tmp_path / "items.csv", item_id=[1, 1, 1], brand=["a", "a", "b"])
    with pytest.raises(ValueError, match=r"items.csv: no column is different in every row, .* Leave one row for each"):
        look("x", log, items)


def test_columns_may_be_named(tmp_path: Path) -> None:
    log = write(tmp_path / "log.csv", a=USER, b=ITEM, at=SECONDS)
    plan = look("x", log, named={"user": "a", "item": "b"})
    assert (plan.user, plan.item) == ("a", "b") and "as you say" in str(plan)
    with pytest.raises(ValueError, match=r"--user aa: .*log.csv has no such column; did you mean 'a'"):
        look("x", log, named={"user": "aa"})
    with pytest.raises(ValueError, match="--user b --item b: one column names both"):
        look("x", log, named={"user": "b", "item": "b"})
    with pytest.raises(ValueError, match="no column looks like the user of an event"):
        look("x", write(tmp_path / "few.csv", user_id=USER, colour=ITEM), named={"item": "user_id"})


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["Tea/Green", "Tea/Black", "Coffee/Beans", "Coffee/Ground"], "/"),
        (["Drama/War", "Drama/Crime", "Drama/Comedy", "Comedy/War", "Comedy/Crime", "Comedy"], "/"),
        (["CARDS/WRAP", "FROZEN PIE/CAKE", "SOUP", "BREAD"], None),
        (["1/2 LB", "12/16 OZ", "6/12 OZ", "GAL"], None),
    ],
)
def test_a_slash_within_names_makes_no_list(cells: list[str], separator: str | None) -> None:
    assert Profile("kind", pa.chunked_array([cells * 20])).separator == separator
