"""What is told of the columns of a log that are not used, first of all of times that cannot be read."""

from pathlib import Path

import numpy as np
import pytest

from taojin.start.plan import look
from tests.start.test_plan import SECONDS, USER, N, iso, write

DAY = 24 * 3600


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ([f"2025-W{n % 50 + 1:02}-3" for n in range(N)], "'2025-W01-3' (line 2) is none; expected 2019-10-01 23:59:59"),
        (
            [int(at) * (1000 if n % 2 else 1) for n, at in enumerate(SECONDS)],
            f"{SECONDS[0]} (line 2) counts seconds and {SECONDS[-1]}000 (line {N + 1}) counts milliseconds since 1970",
        ),
        (45658.5 + np.arange(N) / 10, "45658.5 (line 2) is a day as Excel counts them"),
        (-SECONDS, f"-{SECONDS[-1]} (line {N + 1}) lies outside 1973 to 2096"),
        (
            [at if n % 20 else "soon" for n, at in enumerate(iso(SECONDS))],
            "'soon' (line 2) is not a date and time (ISO 8601), as most cells are",
        ),
    ],
)
def test_a_column_named_like_a_time_that_is_none_is_told(tmp_path: Path, times: object, told: str) -> None:
    plan = look("x", write(tmp_path / "log.csv", user=USER, item=[f"i{n % 90}" for n in range(N)], when=times))
    said = str(plan)
    assert plan.time is None and "no column of times: the order of the rows counts" in said
    assert "WARNING    when" in said and f"named like a time, and cannot be read as one: {told}" in said
    assert "call `taojin new` again" in said


def test_in_a_folder_the_file_is_told_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "days").mkdir()
    for day in range(2):
        rows = [f"u{n % 9},i{n % 7},{n + day} o'clock" for n in range(60)]
        (tmp_path / "days" / f"{day}.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
    assert """"0 o'clock" (0.csv line 2) is none""" in str(look("x", tmp_path / "days"))


def test_each_column_that_is_not_used_has_its_reason(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    log = write(
        tmp_path / "log.csv", user=USER, item=[f"i{n % 90}" for n in range(N)], time=SECONDS,
        order_no=[f"o{n // 3}" for n in range(N)], shop=["north"] * N, delivered=SECONDS + DAY,
        at=iso(SECONDS + DAY), tip=random.random(N), voucher=random.integers(0, 2, N),
        note=[f"leave it at number {n}" for n in range(N)], nothing=[None] * N,
    )  # fmt: skip
    said = str(look("x", log))
    for name, reason in (
        ("order_no", "a further identifier"),
        ("shop", "the same in every row, 'north'"),
        ("delivered", "a second time beside time"),
        ("at", "a second time beside time"),
        ("tip", "a number that is no rating, quantity or duration by its name"),
        ("voucher", "says yes or no, to no kind of event"),
        ("note", "words that differ from event to event"),
        ("nothing", "empty"),
    ):
        (line,) = (line for line in said.splitlines() if line.split()[:2] == ["-", name])
        assert f"not used: {reason}" in line


def test_columns_beyond_the_most_that_are_read_say_so(tmp_path: Path) -> None:
    item = np.arange(N) % 90
    facts = {f"fact{n}": [f"w{value % (n + 2)}" for value in item] for n in range(18)}
    said = str(look("x", write(tmp_path / "log.csv", user=USER, item=[f"i{n}" for n in item], **facts)))
    assert said.count("not used: of the items, left out: 16 columns are enough to begin with") == 2
