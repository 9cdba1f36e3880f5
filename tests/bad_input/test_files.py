"""Spoiled files, given to the installed command: a message that helps, or a table whose counts add up."""

import gzip
from pathlib import Path

import pytest

from tests.bad_input.shop import HEAD, START, Shop, rows


def test_a_missing_file(shop: Shop) -> None:
    (shop.folder / "events.csv").unlink()
    (shop.folder / "event.csv").write_text("")
    shop.refused(shop.check(), f"{shop.folder}/events.csv: no such file", "did you mean 'event.csv'?")


def test_an_empty_file(shop: Shop) -> None:
    (shop.folder / "events.csv").write_bytes(b"")
    shop.refused(shop.check(), "events.csv", "empty")


def test_a_file_with_nothing_but_names(shop: Shop) -> None:
    shop.events = []
    shop.write()
    shop.refused(shop.check(), "shop: no event could be kept")


def test_a_truncated_file(shop: Shop) -> None:
    whole = (shop.folder / "events.csv").read_text()
    (shop.folder / "events.csv").write_text(whole[:-20])
    done = shop.check()
    assert done.returncode == 0 and "refused 1: wrong number of cells" in done.stdout
    assert "line 201" in done.stdout and "the line is cut off" in " ".join(done.stdout.split())


def test_a_truncated_archive(shop: Shop) -> None:
    content = gzip.compress((shop.folder / "events.csv").read_bytes())
    (shop.folder / "events.csv").unlink()
    (shop.folder / "events.csv.gz").write_bytes(content[:-30])
    shop.refused(shop.check(), "events.csv.gz: damaged", "copy or download it again")


def test_a_wrong_delimiter(shop: Shop) -> None:
    text = (shop.folder / "events.csv").read_text().replace(",", ";")
    (shop.folder / "events.csv").write_text(text)
    shop.refused(shop.check(), "events.csv line 1: only one column", "declare Format(delimiter=';')")


def test_a_wrong_encoding(shop: Shop) -> None:
    (shop.folder / "items.csv").write_bytes("item,title,genres\ni0,Café,a\n".encode("latin-1"))
    shop.refused(shop.check(), "items.csv", "line 2", "utf-8", "encoding")


def test_a_byte_order_mark_carriage_returns_quotes_and_commas_do_no_harm(shop: Shop) -> None:
    text = 'item,title,genres\r\ni0,"Thing, the ""first""\r\nof two lines",a|b\r\n'
    (shop.folder / "items.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    done = shop.check()
    assert done.returncode == 0 and "1 read" in done.stdout


def test_a_column_that_is_not_there(shop: Shop) -> None:
    shop.head = HEAD.replace("time", "tiem")
    shop.refused(shop.write().check(), "events.csv", "no column 'time'", "did you mean 'tiem'?")


def test_a_column_that_stands_twice(shop: Shop) -> None:
    shop.head = HEAD.replace("value", "user")
    shop.refused(shop.write().check(), "events.csv", "'user'", "twice")


def test_text_where_a_number_belongs(shop: Shop) -> None:
    shop.events[4] = shop.events[4] + "five"
    done = shop.write().check()
    assert done.returncode == 0 and "refused 1: not a number" in done.stdout
    assert "line 6, column 'value': 'five'" in done.stdout
    shop.events = [f"{line}five" for line in rows()]
    shop.refused(shop.write().check(), "line 2, column 'value': 'five'", "not a number", "Format(missing=...)")


def test_seconds_taken_for_milliseconds(shop: Shop) -> None:
    shop.events = [line.replace(f",{START // 10**9}", ",1")[:] for line in rows()]
    shop.events = [f"u{n % 9},i{n % 7},{1_700_000_000 + n},view," for n in range(90)]
    shop.refused(shop.write().check(), "'time'", "before 1973", "unit=Unit.SECONDS")


def test_rows_that_stand_twice(shop: Shop) -> None:
    shop.events += shop.events[:3]
    done = shop.write().check()
    assert done.returncode == 0 and "refused 3: event stands twice" in done.stdout
    assert "203 read" in done.stdout and "200 kept" in done.stdout


def test_ids_that_only_events_name(shop: Shop) -> None:
    shop.events.append(f"u1,nobody knows,{START},view,")
    done = shop.write().check()
    assert done.returncode == 0 and "1 only in events" in done.stdout


def test_times_in_the_future(shop: Shop) -> None:
    shop.events.append("u1,i1,4102444800000,view,")
    done = shop.write().check()
    assert done.returncode == 0 and "refused 1: time in the future" in done.stdout
    assert "'4102444800000'" in done.stdout and "correct the clock" in done.stdout


def test_kinds_that_are_not_declared(shop: Shop) -> None:
    shop.events[0] = shop.events[0].replace("view", "veiw")
    done = shop.write().check()
    assert done.returncode == 0 and "refused 1: kind of event not declared" in done.stdout


def test_a_delimiter_too_many(shop: Shop) -> None:
    shop.events[1] += ",,"
    done = shop.write().check()
    assert done.returncode == 0 and "refused 1: wrong number of cells" in done.stdout and "line 3" in done.stdout


@pytest.mark.parametrize("name", ["events.csv", "."])
def test_new_on_files_that_say_nothing(shop: Shop, name: str) -> None:
    folder = shop.folder / "empty"
    folder.mkdir()
    (folder / "events.csv").write_bytes(b"")
    done = shop.run("new", "made", "--events", folder / name)
    shop.refused(done, "empty")
    assert not (shop.folder / "made").exists()


def test_new_on_a_file_that_is_a_picture(shop: Shop) -> None:
    (shop.folder / "events.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    shop.refused(shop.run("new", "made", "--events", "events.csv"), "events.csv")
    assert not (shop.folder / "made").exists()


def test_debug_shows_the_traceback(shop: Shop, tmp_path: Path) -> None:
    import subprocess
    import sys

    call = [sys.executable, "-m", "taojin", "--debug", "evaluate", str(tmp_path / "nothing")]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" in done.stderr and "no bundle here" in done.stderr
