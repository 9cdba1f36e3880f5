"""What a file is told to be, and what is said of files that are none."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.start.profile import profiles
from taojin.start.sniff import sniff, tell

ROWS = [("ann", "b12", "2019-10-01 10:00:00"), ("bob", "b7", "2019-10-02 11:30:00"), ("cleo", "b12", "2019-10-03")]


def text(delimiter: str, names: bool = True) -> str:
    lines = ([("user", "sku", "at")] if names else []) + ROWS * 3
    return "".join(delimiter.join(line) + "\n" for line in lines)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "::"])
@pytest.mark.parametrize("names", [True, False])
def test_delimiter_and_line_of_names(tmp_path: Path, delimiter: str, names: bool) -> None:
    (tmp_path / "log.csv").write_text(text(delimiter, names))
    found = sniff(tmp_path / "log.csv")
    assert found.format is not None and found.format.delimiter == delimiter
    assert found.sample.column_names == (["user", "sku", "at"] if names else ["column1", "column2", "column3"])
    assert found.sample.num_rows == found.rows == 9 and found.files == 1
    assert found.sample.column(1).to_pylist()[:2] == ["b12", "b7"]


@pytest.mark.parametrize(
    ("content", "encoding", "word"),
    [
        ("id,name\n1,Amélie\n2,Übung\n".encode("latin-1"), "cp1252", "Amélie"),
        ("id,name\n1,Amélie\n2,Jaws\n".encode(), "utf-8", "Amélie"),
        (b"\xef\xbb\xbf" + "id,name\n1,Amélie\n2,Jaws\n".encode(), "utf-8", "Amélie"),
        ("id,name\n1,霸王别姬\n2,活着\n3,大红灯笼高高挂\n".encode("gb18030"), "gb18030", "霸王别姬"),
        ("id,name\n1,Amélie\n2,Jaws\n".encode("utf-16"), "utf-16", "Amélie"),
        (b"id,name\r\n1,Heat\r\n2,Jaws\r\n", "utf-8", "Heat"),
    ],
)
def test_encodings_and_line_ends(tmp_path: Path, content: bytes, encoding: str, word: str) -> None:
    (tmp_path / "films.csv").write_bytes(content)
    found = sniff(tmp_path / "films.csv")
    assert found.format is not None and found.format.encoding == encoding
    assert found.sample["name"].to_pylist()[0] == word and found.sample.column_names == ["id", "name"]


def test_quoted_cells_with_delimiters_and_line_breaks_are_one_cell(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_text('id,title\n1,"Good, the Bad\nand the Ugly"\n2,"The ""best"""\n3,Heat\n')
    found = sniff(tmp_path / "films.csv")
    assert found.sample["title"].to_pylist() == ["Good, the Bad\nand the Ugly", 'The "best"', "Heat"]


def test_folders_patterns_and_compressed_files_are_several_of_one(tmp_path: Path) -> None:
    days = tmp_path / "days"
    days.mkdir()
    for day in range(30):
        (days / f"{day:02}.csv").write_text(text(","))
    with gzip.open(days / "30.csv.gz", "wt") as file:
        file.write(text(","))
    (days / "notes.txt").write_text("nothing")
    for path in (days, days / "*.csv"):
        found = sniff(path)
        assert found.files == 31 and found.rows == 31 * 9
        assert (found.root / found.file).parent == days
    assert sniff(days / "30.csv.gz").file == "30.csv"


@pytest.mark.parametrize(
    ("here", "path"),
    [("days", "."), ("days/old", ".."), (".", "days/old/.."), (".", "days"), ("days/old", "../../days")],
)
def test_a_folder_may_be_named_by_any_path(
    here: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "days" / "old").mkdir(parents=True)
    (tmp_path / "days" / "1.csv").write_text(text(","))
    monkeypatch.chdir(tmp_path / here)
    found = sniff(Path(path))
    assert found.rows == 9 and found.root / found.file == tmp_path / "days" / "*.csv"


def test_parquet_has_types(tmp_path: Path) -> None:
    for part in range(3):
        pa.parquet.write_table(pa.table({"user": [1, 2], "click": [True, False]}), tmp_path / f"{part}.parquet")
    found = sniff(tmp_path / "*.parquet")
    assert found.format is None and found.rows == 6 and found.files == 3
    assert found.sample.schema.field("click").type == pa.bool_()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "log.csv: empty, 0 bytes; expected a line of column names and rows"),
        (b" \n\n", "log.csv: empty, 3 bytes"),
        (b"\x00\x01\x02" * 50, "log.csv: holds zero bytes and is no text; expected CSV or Parquet"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "log.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        sniff(tmp_path / "log.csv")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(text(","))
    with pytest.raises(ValueError, match=r"order.csv: no such file, folder or pattern; did you mean 'orders.csv'\?"):
        sniff(tmp_path / "order.csv")
    with pytest.raises(ValueError, match="no such file, folder or pattern"):
        sniff(tmp_path / "*.tsv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty: a folder without a .csv, .*; name the file"):
        sniff(tmp_path / "empty")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and more")
    with pytest.raises(ValueError, match=r"broken.parquet: not a Parquet file that can be read"):
        sniff(tmp_path / "broken.parquet")


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_format_or_an_error_that_names_the_file(content: bytes) -> None:
    try:
        format, reason = tell(content, "log.csv")
    except ValueError as error:
        assert str(error).startswith("log.csv: ")
    else:
        assert format.delimiter and reason


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet='ab1,;|\t"\n\r é', max_size=120))
def test_any_text_is_a_table_or_an_error(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    file = tmp_path_factory.mktemp("any") / "log.csv"
    file.write_bytes(content.encode())
    try:
        found = sniff(file)
    except ValueError as error:
        assert "log.csv" in str(error)
    else:
        assert found.sample.num_columns >= 1


def test_words_for_nothing_are_told_where_numbers_are_missing(tmp_path: Path) -> None:
    cells = [
        f"{n},{'NaN' if n % 5 == 0 else n / 2},{'inf' if n % 7 == 0 else n},{'NA' if n % 2 else 'EU'}"
        for n in range(200)
    ]
    (tmp_path / "goods.csv").write_text("sku,weight,size,region\n" + "\n".join(cells) + "\n")
    found = sniff(tmp_path / "goods.csv")
    assert found.format is not None and found.format.missing == ("", "NaN", "inf")
    assert found.sample["weight"].null_count == 40 and found.sample["region"].null_count == 0
    columns = profiles(found.sample)
    assert columns["weight"].numbers is not None and columns["size"].numbers is not None


def test_a_line_that_tells_excel_the_delimiter_is_no_line_of_names(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("sep=;\n" + text(";"))
    found = sniff(tmp_path / "log.csv")
    assert found.sample.column_names == ["user", "sku", "at"] and found.at(0) == "line 3"


@pytest.mark.parametrize("above", ["# exported by X", "Orders of 2019\n"])
def test_a_line_above_the_names_is_told(tmp_path: Path, above: str) -> None:
    (tmp_path / "log.csv").write_text(f"{above}\n{text(',')}")
    message = f"log.csv: the first line, '{above.strip()}', has 1 cell and most have 3: .* remove it, or give every"
    with pytest.raises(ValueError, match=message):
        sniff(tmp_path / "log.csv")


def test_where_a_row_stands_is_known(tmp_path: Path) -> None:
    for part in range(2):
        pa.parquet.write_table(pa.table({"user": [1, 2, 3]}), tmp_path / f"{part}.parquet")
    assert sniff(tmp_path / "0.parquet").at(1) == "row 2"
    assert sniff(tmp_path / "*.parquet").at(4) == "1.parquet row 2"
