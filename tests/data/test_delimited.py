"""Delimited text: what is read, and what is said of a file that cannot be."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.data import delimited
from taojin.data.checked import Reason
from taojin.data.delimited import Format, read_delimited
from taojin.data.raw import Raw


def read(content: bytes | str, *columns: str, format: Format = Format()) -> Raw:  # noqa: B008 (frozen)
    content = content.encode() if isinstance(content, str) else content
    return read_delimited(content, name="items", file="f.csv", format=format, columns=columns or ("id", "title"))


def lines(raw: Raw) -> list[int]:
    return list(raw.lines(np.arange(raw.table.num_rows)).tolist())


def test_titles_with_commas_quotes_and_line_breaks_survive() -> None:
    raw = read('id,title\n1,"Crow, The"\n2,"Say ""yes"""\n3,"two\nlines"\n4,5" disk\n5,last\n')
    assert raw.table["title"].to_pylist() == ["Crow, The", 'Say "yes"', "two\nlines", '5" disk', "last"]
    assert lines(raw) == [2, 3, 4, 6, 7]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", ["", "end"])
def test_line_ends_a_byte_order_mark_and_blank_lines_do_not_matter(end: str, mark: bytes, last: str) -> None:
    content = mark + end.join(["id,title", "1,a", "", "2,b"]).encode() + (end if last else "").encode()
    raw = read(content)
    assert raw.table.to_pydict() == {"id": ["1", "2"], "title": ["a", "b"]}
    assert lines(raw) == [2, 4]


def test_columns_are_found_by_name_in_any_order() -> None:
    assert read("x, title ,id\n,a,1\n", "id", "title").table.to_pydict() == {"id": ["1"], "title": ["a"]}


def test_what_stands_for_nothing_is_declared() -> None:
    raw = read("id,title\n1,NA\n2,\n3,null\n", format=Format(missing=("", "NA")))
    assert raw.table["title"].to_pylist() == [None, None, "null"]


def test_a_delimiter_of_several_characters_and_names_from_the_format() -> None:
    format = Format(delimiter="::", quote="", header=("id", "title"))
    assert read('1::"A", b\n2::c:d\n', format=format).table["title"].to_pylist() == ['"A", b', "c:d"]
    assert lines(read("1::a\n2::b\n", format=format)) == [1, 2]


def test_other_encodings_are_declared() -> None:
    for encoding in ("latin-1", "utf-16", "cp1252"):
        raw = read("id,title\n1,Misérables\n".encode(encoding), format=Format(encoding=encoding))
        assert raw.table["title"].to_pylist() == ["Misérables"]
    raw = read("id,title\n1,淘金\n".encode("gbk"), format=Format(encoding="gbk"))
    assert raw.table["title"].to_pylist() == ["淘金"]


def test_lines_with_too_few_or_too_many_cells_are_told_by_line() -> None:
    raw = read('id,title\n\n1,"a\nb"\n2\n3,c,d\n4,e\n5')
    assert raw.table["id"].to_pylist() == ["1", "4"]
    assert lines(raw) == [3, 7]
    told = [(row["line"], row["column"], row["value"], row["reason"]) for row in raw.unread.to_pylist()]
    assert told == [
        (5, "title", "2", Reason.CELLS),
        (6, "title", "3,c,d", Reason.CELLS),
        (8, "title", "5", Reason.CELLS),
    ]
    assert raw.read == 5


def test_a_last_line_that_is_cut_off_is_told() -> None:
    raw = read("id,title,price\n1,a,2\n2,b", "id", "price")
    assert raw.unread.to_pylist()[0]["line"] == 3
    assert raw.unread.to_pylist()[0]["column"] == "price"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"f.csv: empty, 0 bytes; expected a line of column names"),
        (b"\n\n", r"f.csv: empty, 2 bytes"),
        (b"id;title\n1;a\n", r"line 1: only one column, 'id;title', with delimiter ','; .*delimiter=';'"),
        (b"id\ttitle\n1\ta\n", r"delimiter='\\t'"),
        (b"id,Titel\n1,a\n", r"line 1: no column 'title'; did you mean 'Titel'\?"),
        (b"id,x\n1,a\n", r"line 1: no column 'title'; there are id, x"),
        (b"id,title,x,title\n1,a,b,c\n", r"column 'title' stands twice, as number 2 and 4"),
        (b"id,title\n1,a\n2,Mis\xe9rables\n", r"line 3, cell 2: byte 0xe9 after '2,Mis' is not utf-8; .*'latin-1'"),
        ("id,title\n1,a\n".encode("utf-16"), r"line 1, cell 1: byte 0xff .*encoding='utf-16'"),
        (b'id,title\n1,"a, b\n2,c\n3,d\n', r'line 2: a quote " opens in this row and is never closed'),
        (b'id,title\n1,a\n\n2,"b', r"line 4: a quote"),
    ],
)
def test_files_that_cannot_be_read_say_where_and_what_to_do(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(content)


def test_formats_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="delimiter '::' must be one"):
        Format(delimiter="::")
    with pytest.raises(ValueError, match="knows no encoding 'utf-9'"):
        read("id,title\n1,a\n", format=Format(encoding="utf-9"))
    with pytest.raises(ValueError, match="0x1f"):
        read("id::title\n1::a\x1f\n", format=Format(delimiter="::", quote=""))


def test_lines_are_right_in_files_of_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_LONGEST_RECORD", 64)
    text = "".join(f"{n},t{n}\n" if n % 7 else f"{n}\n\n" for n in range(200))
    raw = read("id,title\n" + text)
    truth = {line: number for number, line in enumerate(("id,title\n" + text).split("\n"), start=1)}
    assert [truth[f"{id},t{id}"] for id in raw.table["id"].to_pylist()] == lines(raw)
    assert [truth[row["value"]] for row in raw.unread.to_pylist()] == raw.unread["line"].to_pylist()


cell = st.text(alphabet='ab,"\n ;é', max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), cell), min_size=1, max_size=8))
def test_what_a_csv_writer_writes_is_read_and_lines_are_those_of_a_csv_reader(rows: list[tuple[int, str]]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([("id", "title"), *rows])
    raw = read(out.getvalue())
    assert raw.table["id"].to_pylist() == [str(id) for id, _ in rows]
    assert raw.table["title"].to_pylist() == [title or None for _, title in rows]
    reader = csv.reader(io.StringIO(out.getvalue(), newline=""))
    begins = []
    for _ in range(len(rows) + 1):
        begins.append(reader.line_num + 1)
        next(reader)
    assert lines(raw) == begins[1:]


def test_no_column_is_read_that_nobody_wants() -> None:
    raw = read("a,b,c\n1,2,3\n", "b")
    assert raw.table.column_names == ["b"]


def test_a_line_that_tells_excel_the_delimiter_is_skipped_and_counted() -> None:
    for end in ("\n", "\r\n"):
        raw = read(end.join(["sep=,", "id,title", "1,Heat", "2", "3,Jaws", ""]))
        assert raw.table["title"].to_pylist() == ["Heat", "Jaws"] and lines(raw) == [3, 5]
        assert raw.unread["line"].to_pylist() == [4]
