"""Which column of a catalogue has the ids, and what is told where the events name others or an id stands twice."""

from pathlib import Path

import pytest

from taojin.data.columns import Id, Text
from taojin.data.dataset import Clock
from taojin.data.files import Files, TableFile
from taojin.start.plan import Plan, look

TITLES = [f"Pan {n}" for n in range(20)]


def shop(folder: Path, goods: list[str], item: str = "i{}") -> Plan:
    """The plan for 300 events of 20 items, and a catalogue of these lines."""
    events = [f"u{n % 30},{item.format(n * 7 % 20)},{1_735_689_600 + n}" for n in range(300)]
    (folder / "log.csv").write_text("\n".join(["user,item,time", *events]) + "\n")
    (folder / "goods.csv").write_text("\n".join(goods) + "\n")
    return look("shop", folder / "log.csv", folder / "goods.csv")


def lines(*more: str) -> list[str]:
    return ["item,title", *(f"i{n},{title}" for n, title in enumerate(TITLES)), *more]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["i1,Another pan"], "'i1' (line 3, line 22)"),
        (["i1,Pan 1"], "'i1' (line 3, line 22)"),
        (["i3 ,Blank", "i4 ,Blanks"], "'i3' (line 5, line 22), 'i4' (line 6, line 23)"),
        ([f"i{n},Again {n}" for n in range(5)], "'i2' (line 4, line 24) and 2 more"),
    ],
)
def test_ids_that_stand_twice_stay_the_ids_and_are_told(tmp_path: Path, more: list[str], told: str) -> None:
    plan = shop(tmp_path, lines(*more))
    assert plan.items.id == "item" and [one.kind for one in plan.items.attributes] == ["title"]
    assert f"{told}. The first row of an id is kept, the others are refused" in str(plan)


def test_the_first_row_of_an_id_is_kept_as_told(tmp_path: Path) -> None:
    plan = shop(tmp_path, lines("i1,Another pan"))
    files = Files(
        name="shop",
        events=TableFile("log.csv", {"user": Id("user"), "item": Id("item")}, always={"event": "buy"}),
        items=TableFile("goods.csv", {"item": Id(plan.items.id), "title": Text("title")}),
        kinds=("buy",),
        clock=Clock.ORDER,
    )
    dataset = files.load(tmp_path)
    assert dataset.items["title"].to_pylist() == TITLES and dataset.checked.reasons == {"id stands twice": 1}


def test_the_ids_are_those_that_events_name_and_not_a_number_of_the_row(tmp_path: Path) -> None:
    goods = ["title,row,nr", *(f"{title},{n},i{n}" for n, title in enumerate(TITLES)), "Pan 1,20,i1"]
    plan = shop(tmp_path, goods)
    assert plan.items.id == "nr" and "100% of the items of the events are in it" in str(plan)


def test_a_catalogue_whose_ids_no_event_names_is_told(tmp_path: Path) -> None:
    said = str(shop(tmp_path, lines(), item="I-{}"))
    assert "WARNING    item" in said
    assert "0% of the items of the events are in it: it holds 'i0', the events 'I-0'. Write the ids in the same" in said
    assert "WARNING" not in str(shop(tmp_path, lines()))
