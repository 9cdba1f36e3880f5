"""Whatever bytes are given to the reader: an error that says where, or a table, and every row is counted once."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taojin.data.files import Files
from taojin.data.more import PLAIN

SHOP = Files(name="shop", events=replace(PLAIN, file="events.csv"), kinds=("view", "buy"), unreadable=1.0)
CELLS = st.sampled_from(
    (
        *("u", "v", "", '"', '"a,b"', "1600000000000", "1600000000001", "-1", "99999999999999", "view", "buy", "x"),
        *("1e3", "nan", "inf", "é", "💿", " u ", "\x00", '"un', "a\tb"),
    )
)
LINES = st.lists(st.lists(CELLS, min_size=0, max_size=7).map(",".join), max_size=12)
FILES = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda lines, end, mark: mark + end.join(["user,item,time,event,value", *lines]).encode(),
        LINES,
        st.sampled_from(["\n", "\r\n"]),
        st.sampled_from([b"", b"\xef\xbb\xbf"]),
    ),
    st.builds(lambda junk: b"user,item,time,event,value\n" + junk, st.binary(max_size=120)),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=FILES)
def test_an_error_or_a_table_and_counts_that_add_up(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_bytes(content)
    try:
        dataset = SHOP.load(tmp_path)
    except ValueError as error:
        assert "events.csv" in str(error) or "shop: no event could be kept" in str(error)
        return
    checked = dataset.checked
    assert checked.events.read == checked.events.kept + checked.refused.num_rows
    assert len(dataset.log) == checked.events.kept - checked.merged
    lines = checked.refused["line"].to_pylist()
    assert all(line >= 2 for line in lines) and len(set(lines)) == len(lines)


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbf", b"x" * 200_000, b"\x00" * 50, b"user,item,time,event,value\n" + b'"' * 33]
)
def test_files_that_were_hard(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"events\.csv|no event"):
        SHOP.load(tmp_path)
