"""Cells become values of their declared type; those that cannot are pointed out."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.data.columns import Column, Id, Number, Text, Time, Unit, Whole, Words


def read(column: Column, *cells: object) -> tuple[list[object], list[int]]:
    """Values, and the places of the wrong cells."""
    values, wrong, _ = column.read(pa.chunked_array([pa.array(cells)]))
    return values.to_pylist(), wrong.nonzero()[0].tolist()


@pytest.mark.parametrize(
    ("column", "cells", "values", "wrong"),
    [
        (Text("x"), [" a ", "", None, "b"], ["a", None, None, "b"], []),
        (Text("x"), [1, None], ["1", None], []),
        (Id("x"), [" 007 ", None], ["007", None], []),
        (Id("x"), [7, None], [7, None], []),
        (Number("x"), ["1", " 2.5 ", "-1e3", ".5", "", None], [1.0, 2.5, -1000.0, 0.5, None, None], []),
        (Number("x"), ["1", "1,5", "nan", "inf", "1e999", "0x1"], [1.0, None, None, None, None, None], [1, 2, 3, 4, 5]),
        (Number("x"), [1, None], [1.0, None], []),
        (Number("x"), [1.5, float("nan")], [1.5, None], [1]),
        (Whole("x"), ["3", "4.0", "4.5", "x", None], [3, 4, None, None, None], [2, 3]),
        (Time("x"), ["12", "1.5", "x", None], [12_000, 1_500, None, None], [2]),
        (Time("x", unit=Unit.MILLISECONDS), ["1700000000123"], [1_700_000_000_123], []),
        (Time("x", unit=Unit.MILLISECONDS), [1_700_000_000_123], [1_700_000_000_123], []),
        (Words("x"), ["a| b||c|", "|", None, "d e"], [["a", "b", "c"], None, None, ["d e"]], []),
        (Words("x", ","), ["Hanks, Tom"], [["Hanks", "Tom"]], []),
        (Words("x", ","), ["[6285, 194]", "[]", "[7]", "8,[9]"], [["6285", "194"], None, ["7"], ["8", "[9]"]], []),
        (Words("x", ","), ["['it's', 'b']", '["c"]', "'d'"], [["it's", "b"], ["c"], ["'d'"]], []),
        (Words("x"), [["a", "b"], None], [["a", "b"], None], []),
    ],
)
def test_cells_of_a_type(column: Column, cells: list[object], values: list[object], wrong: list[int]) -> None:
    assert read(column, *cells) == (values, wrong)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-02", 86_400_000),
        ("1970-01-01 00:01", 60_000),
        ("1970-01-01T00:00:01", 1_000),
        ("1970-01-01 00:00:01.123", 1_123),
        ("1970-01-01 00:00:01.1239999", 1_123),
        ("1970-01-01T00:00:01Z", 1_000),
        ("1970-01-01 00:00:01 UTC", 1_000),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1970-01-01 00:00:00 -0100", 3_600_000),
        (" 1970-01-02 ", 86_400_000),
        ("2024-02-29", 1_709_164_800_000),
    ],
)
def test_moments_in_iso_8601_alone_and_beside_others(text: str, moment: int) -> None:
    column = Time("x", unit=Unit.ISO)
    assert read(column, text) == ([moment], [])
    assert read(column, text, "soon", None, "1970-01-01 00:00:01 UTC") == ([moment, None, None, 1_000], [1])


@pytest.mark.parametrize("text", ["soon", "2023-02-29", "2023-13-01", "2023-01-01 24:00:01", "1/2/2023", "1696000000"])
def test_what_is_no_moment_is_pointed_out(text: str) -> None:
    assert read(Time("x", unit=Unit.ISO), text, "1970-01-01") == ([None, 0], [0])


@pytest.mark.parametrize(
    ("pattern", "text", "moment"),
    [
        ("%d/%m/%Y %H:%M", "31/12/2010 8:26", "2010-12-31T08:26"),
        ("%m/%d/%Y %H:%M", "12/31/2010 8:26", "2010-12-31T08:26"),
        ("%Y%m%d", "20220430", "2022-04-30"),
        ("%d.%m.%Y %H:%M:%S %z", "1.2.2011 01:00:00 +0200", "2011-01-31T23:00"),
        ("%m/%d/%y %I:%M %p", "1/2/11 8:26 PM", "2011-01-02T20:26"),
        ("%d %b %Y", "28 Feb 2011", "2011-02-28"),
    ],
)
def test_moments_in_a_pattern(pattern: str, text: str, moment: str) -> None:
    expected = int(np.datetime64(moment, "ms").astype(np.int64))
    wrong = ["soon", "30/2/2011 10:00", "02/30/2011 10:00", "20220431", "2/30/11 8:26 PM", "30 Feb 2011"]
    assert read(Time("x", pattern=pattern), text, *wrong, None) == ([expected, *[None] * 7], [1, 2, 3, 4, 5, 6])


def test_microseconds_are_times() -> None:
    assert read(Time("x", unit=Unit.MICROSECONDS), "1650812741436123") == ([1_650_812_741_436], [])


def test_timestamps_of_parquet_are_moments_whatever_the_unit() -> None:
    for unit in ("s", "ms", "us", "ns"):
        for zone in (None, "Europe/Paris"):
            cells = pa.chunked_array([pa.array([5_000], pa.timestamp("ms", zone)).cast(pa.timestamp(unit, zone))])
            assert Time("x").read(cells).values.to_pylist() == [5_000]


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2099, 1, 1)),
    st.sampled_from([" ", "T"]),
    st.integers(-12, 14),
)
def test_any_moment_is_read_as_python_reads_it(naive: datetime, between: str, hours: int) -> None:
    local = naive.replace(tzinfo=timezone(timedelta(hours=hours)))
    expected = (local - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert read(Time("x", unit=Unit.ISO), local.isoformat(between))[0] == [expected]
