"""A declared mapping turns anybody's files into a data set."""

import gzip
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from taojin.core.spec import decode, encode
from taojin.data.columns import Column, Id, Number, Text, Time, Unit, Words
from taojin.data.dataset import Clock
from taojin.data.delimited import Format
from taojin.data.files import Files, TableFile
from taojin.data.kinds import Label

SHOP = Files(
    name="shop",
    events=TableFile(
        "log.csv",
        {
            "user": Id("visitor"),
            "item": Id("sku"),
            "time": Time("at", unit=Unit.ISO),
            "event": Text("action"),
            "value": Number("stars"),
        },
    ),
    items=TableFile("goods.csv", {"item": Id("sku"), "title": Text("name"), "tags": Words("tags", ";")}),
    kinds=("view", "buy", "like"),
    labels=(Label("like", "view", at_least=4),),
)
LOG = "visitor,sku,at,action,stars\nann,1,2019-10-01 10:00:00,view,5\nbob,2,2019-10-01 09:00:00,buy,\n"
GOODS = 'sku,name,tags\n1,"Pan, large",kitchen;steel\n2,"The ""best"" pot",\n'


def folder(path: Path, log: str | bytes = LOG, goods: str = GOODS) -> Path:
    (path / "log.csv").write_bytes(log if isinstance(log, bytes) else log.encode())
    (path / "goods.csv").write_text(goods)
    return path


def test_files_are_read_as_declared(tmp_path: Path) -> None:
    dataset = SHOP.load(folder(tmp_path))
    assert dataset.name == "shop"
    assert dataset.items.to_pylist() == [
        {"item": "1", "title": "Pan, large", "tags": ["kitchen", "steel"]},
        {"item": "2", "title": 'The "best" pot', "tags": None},
    ]
    assert dataset.users["user"].to_pylist() == ["ann", "bob"]
    assert dataset.log.events.kinds.tolist() == [1 | 4, 2]
    assert dataset.log.events.time[0] == 1_569_924_000_000


def test_zip_gzip_and_parquet_give_the_same_data_set(tmp_path: Path) -> None:
    expected = SHOP.load(folder(tmp_path)).log.events
    packed, typed = tmp_path / "packed", tmp_path / "typed"
    packed.mkdir()
    typed.mkdir()
    (packed / "log.csv.gz").write_bytes(gzip.compress(LOG.encode()))
    (packed / "goods.csv").write_text(GOODS)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("deep/log.csv", LOG)
        archive.writestr("deep/goods.csv", GOODS)
    pa.parquet.write_table(pa.csv.read_csv(tmp_path / "log.csv"), typed / "log.parquet")
    pa.parquet.write_table(pa.csv.read_csv(tmp_path / "goods.csv"), typed / "goods.parquet")
    parquet = replace(
        SHOP, events=replace(SHOP.events, file="log.parquet"), items=TableFile("goods.parquet", {"item": Id("sku")})
    )
    for dataset in (SHOP.load(packed), SHOP.load(tmp_path / "all.zip"), parquet.load(typed)):
        assert dataset.log.events.time.tolist() == expected.time.tolist()
        assert dataset.log.events.kinds.tolist() == expected.kinds.tolist()
        assert dataset.items["item"].to_pylist() == ["1", "2"]


def test_an_order_needs_no_times_and_one_kind_no_column(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("1 a\n2 b\n1 b\n1 c\n")
    pairs = TableFile(
        "pairs.txt",
        {"user": Id("user"), "item": Id("item")},
        {"event": "buy"},
        Format(delimiter=" ", quote="", header=("user", "item")),
    )
    dataset = Files(name="pairs", events=pairs, kinds=("buy",), clock=Clock.ORDER).load(tmp_path)
    assert dataset.log.events.time.tolist() == [0, 1, 2, 0]
    assert [dataset.item_vocabulary.id(item) for item in dataset.log.events.item] == ["a", "b", "c", "b"]


def test_a_spec_survives_json(tmp_path: Path) -> None:
    assert decode(encode(SHOP)).load(folder(tmp_path)).log.events.kinds.tolist() == [1 | 4, 2]


def test_few_rows_with_wrong_cells_are_refused_and_written_with_their_lines(tmp_path: Path) -> None:
    good = [f"ann,1,2019-10-01 10:{n // 60:02}:{n % 60:02},view,{n % 5}\n" for n in range(300)]
    no_time, no_number = "ann,1,yesterday,view,1\n", "bob,2,2019-10-01 10:00:00,view,five\n"
    no_id, cut = ",2,2019-10-01 10:00:00,view,1\n", "bob,2"
    head = "visitor,sku,at,action,stars\n"
    log = "".join([head, *good[:150], no_time, "\n", *good[150:], no_number, no_id, good[0], cut])
    dataset = SHOP.load(folder(tmp_path, log), rejects=tmp_path / "rejects.csv")
    written = pa.csv.read_csv(tmp_path / "rejects.csv").to_pylist()
    assert {row["file"] for row in written} == {str(tmp_path / "log.csv")}
    assert [(row["line"], row["column"], row["value"], row["reason"]) for row in written] == [
        (152, "at", "yesterday", "not a time"),
        (304, "stars", "five", "not a number"),
        (305, "user", "", "no id"),
        (306, "event", "view", "event stands twice"),
        (307, "at", "bob,2", "wrong number of cells"),
    ]
    assert (dataset.checked.events.read, dataset.checked.events.kept) == (305, 300)


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (
            LOG + "ann,1,yesterday,view,1\n",
            r"log.csv line 4, column 'at': 'yesterday' is wrong: not a time; declare the",
        ),
        (
            LOG + "ann,1,2019-10-01,view,high\n",
            r"line 4, column 'stars': 'high' is wrong: not a number; .*\(1 of 3 rows",
        ),
        (LOG + "ann,1,2019", r"line 4, column 'action': 'ann,1,2019' is wrong: wrong number of cells; the line is cut"),
        ("", r"log.csv: empty, 0 bytes"),
        (LOG.replace("visitor", "visitors"), r"log.csv line 1: no column 'visitor'; did you mean 'visitors'\?"),
        (LOG.replace(",", ";"), r"log.csv line 1: only one column.*delimiter=';'"),
        (LOG.replace("ann", "Ann\xe9").encode("latin-1"), r"log.csv line 2, cell 1: byte 0xe9"),
        (LOG.replace("2019", "2999"), r"no event could be kept(.|\n)*line 2, column 'time'.*"),
        ("visitor,sku,at,action,stars\n", r"no event could be kept"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_to_do(tmp_path: Path, log: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SHOP.load(folder(tmp_path, log))


def test_seconds_declared_as_milliseconds_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("u,i,t\n1,2,1569924000\n")
    columns: dict[str, Column] = {"user": Id("u"), "item": Id("i"), "time": Time("t", unit=Unit.MILLISECONDS)}
    files = Files(name="x", events=TableFile("log.csv", columns, {"event": "buy"}), kinds=("buy",))
    with pytest.raises(ValueError, match=r"before 1973; if the file counts seconds, declare"):
        files.load(tmp_path)


def test_a_parquet_file_that_is_none_and_one_without_the_column(tmp_path: Path) -> None:
    (tmp_path / "log.parquet").write_bytes(b"PAR1")
    table = TableFile("log.parquet", {"user": Id("visitor")}, {"event": "buy"})
    files = Files(name="x", events=table, kinds=("buy",))
    with pytest.raises(ValueError, match=r"log.parquet: not a Parquet file that can be read"):
        files.load(tmp_path)
    pa.parquet.write_table(pa.table({"visitors": [1]}), tmp_path / "log.parquet")
    with pytest.raises(ValueError, match=r"log.parquet: no column 'visitor'; did you mean 'visitors'\?"):
        files.load(tmp_path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs.csv").write_text("x")
    with pytest.raises(ValueError, match=r"log.csv: no such file; did you mean 'logs.csv'\?"):
        SHOP.load(tmp_path)


def test_further_tables_are_read_whole_or_not_at_all(tmp_path: Path) -> None:
    follows = TableFile("follows.csv", {"user": Id("who"), "followed": Id("whom"), "since": Time("at", unit=Unit.ISO)})
    shop = replace(SHOP, context={"follows": follows})
    (tmp_path / "follows.csv").write_text("who,whom,at\nann,bob,2019-10-01 10:00:00\n")
    dataset = shop.load(folder(tmp_path))
    view = dataset.view(np.ones(2, np.bool_))
    assert view.table("follows", ("user", "followed"), "channel Follow")["followed"].to_pylist() == ["bob"]
    with pytest.raises(ValueError, match=r"channel Follow: the data brings no table 'friends' \(there is 'follows'\)"):
        view.table("friends", (), "channel Follow")
    with pytest.raises(ValueError, match=r"channel Follow: table 'follows' has no column 'whom'; it has user, foll"):
        view.table("follows", ("whom",), "channel Follow")
    (tmp_path / "follows.csv").write_text("who,whom,at\nann,bob,2019-10-01 10:00:00\nbob,ann,yesterday\n")
    with pytest.raises(ValueError, match=r"follows.csv line 3, column 'at'"):
        shop.load(tmp_path)


DAYS = TableFile(
    "days/*.csv",
    {"user": Id("who"), "item": Id("what"), "time": Time("at"), "value": Number("n")},
    always={"event": "buy"},
)
"""A day's purchases a file."""


def days(path: Path) -> Path:
    (path / "days" / "older").mkdir(parents=True)
    (path / "days" / "2.csv").write_text("who,what,at,n\nbob,b,200,1\nbob,,201,1\n")
    with gzip.open(path / "days" / "1.csv.gz", "wt") as file:
        file.write("who,what,at,n\nann,a,100,2\n")
    (path / "days" / "older" / "0.csv").write_text("who,what,at,n\ncleo,c,1,1\n")
    (path / "days" / "notes.txt").write_text("nothing")
    return path


def test_a_pattern_reads_several_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    shop = replace(SHOP, events=DAYS, items=None, labels=(), kinds=("buy",), unreadable=0.5)
    old = replace(shop, clock=Clock.ORDER)
    dataset = old.load(days(tmp_path))
    assert dataset.users["user"].to_pylist() == ["ann", "bob"]
    (refused,) = dataset.checked.refused.to_pylist()
    assert (refused["file"], refused["line"]) == (str(tmp_path / "days" / "2.csv"), 3)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file in ("1.csv.gz", "2.csv"):
            archive.write(tmp_path / "days" / file, f"export/days/{file}")
    np.testing.assert_array_equal(old.load(tmp_path / "all.zip").log.events.item, dataset.log.events.item)
    missing = replace(old, events=replace(DAYS, file="days/*.tsv"))
    with pytest.raises(ValueError, match=r"\*\.tsv: no file has such a name; there are "):
        missing.load(tmp_path)


def test_a_wrong_cell_in_one_of_several_files_is_told_with_its_file(tmp_path: Path) -> None:
    days(tmp_path)
    (tmp_path / "days" / "2.csv").write_text("who,what,at,n\nbob,b,200,1\nbob,c,then,1\n")
    shop = replace(SHOP, events=DAYS, items=None, labels=(), kinds=("buy",))
    with pytest.raises(ValueError, match=r"days/2\.csv line 3, column 'at': 'then' is wrong: not a time"):
        shop.load(tmp_path)


def test_flags_are_kinds_of_the_event(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "who,what,at,click,like\nann,a,100,1,0\nann,b,200,true,Yes\nann,c,300,no,\nann,d,400,0.0,1.0\n"
    )
    columns = {"user": Id("who"), "item": Id("what"), "time": Time("at")}
    log = TableFile("log.csv", columns, always={"event": "show"}, flags={"click": "click", "like": "love"})
    shop = Files(name="shop", events=log, kinds=("show", "click", "love"), clock=Clock.ORDER)
    assert shop.load(tmp_path).log.events.kinds.tolist() == [0b011, 0b111, 0b001, 0b101]
    alone = replace(shop, events=replace(log, always={}), kinds=("click", "love"))
    dataset = alone.load(tmp_path)
    assert dataset.log.events.kinds.tolist() == [0b01, 0b11, 0b10]
    assert dataset.checked.reasons == {"kind of event not declared": 1}
    with (tmp_path / "log.csv").open("a") as file:
        file.write("ann,e,500,maybe,0\n")
    with pytest.raises(ValueError, match=r"line 6, column 'click': 'maybe' is wrong: neither yes nor no; write 1 or 0"):
        shop.load(tmp_path)


def test_facts_that_stand_beside_every_event_are_those_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "who,what,at,name\nann,7,1,Pan\nbob,8,2,Pot\ncleo,7,3,Old pan\n,9,4,Lid\ndan,,5,Cup\n"
    )
    columns = {"user": Id("who"), "item": Id("what"), "time": Time("at")}
    shop = Files(
        name="shop",
        events=TableFile("log.csv", columns, always={"event": "buy"}),
        items=TableFile("log.csv", {"item": Id("what"), "title": Text("name")}, first=True),
        kinds=("buy",),
        clock=Clock.ORDER,
    )
    dataset = shop.load(tmp_path)
    assert dataset.items.to_pylist() == [
        {"item": "7", "title": "Pan"},
        {"item": "8", "title": "Pot"},
        {"item": "9", "title": "Lid"},
    ]
    assert dataset.checked.reasons == {"no id": 2}
