"""Engines: what is written reads back, on either, and what is missing is said."""

import sys

import pyarrow as pa
import pytest

from taojin.data.engine import DuckDB, Spark

NUMBERS = pa.table({"n": pa.array([3, None, 1, 2], pa.int64()), "word": ["c", "d", "a", "b"]})


def check_round_trip(engine, folder) -> None:
    table = engine.load("numbers", NUMBERS)
    engine.write(table.filter(table.n > 1).mutate(double=table.n * 2), folder / "out")
    again = engine.load("again", folder / "out")
    rows = sorted(engine.run(again).to_pylist(), key=lambda row: row["n"])
    assert rows == [{"n": 2, "word": "b", "double": 4}, {"n": 3, "word": "c", "double": 6}]


def test_duckdb_reads_what_it_wrote(tmp_path):
    check_round_trip(DuckDB(memory="1GB", threads=1, spill=tmp_path), tmp_path)


@pytest.mark.spark
def test_spark_reads_what_it_wrote_and_duckdb_reads_it_too(spark_session, tmp_path):
    check_round_trip(Spark(spark_session), tmp_path)
    duckdb = DuckDB(threads=1)
    assert duckdb.run(duckdb.load("again", tmp_path / "out")).num_rows == 2


def test_loading_a_name_again_replaces_the_table():
    engine = DuckDB(threads=1)
    engine.load("numbers", NUMBERS)
    assert engine.run(engine.load("numbers", NUMBERS.slice(0, 1))).num_rows == 1


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"no Parquet file at .*absent"):
        DuckDB(threads=1).load("numbers", tmp_path / "absent.parquet")


def test_spark_without_pyspark_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ValueError, match=r"pip install 'taojin\[spark\]'"):
        Spark()


def test_a_long_query_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    engine = DuckDB()
    asked = "SELECT current_setting('enable_progress_bar'), current_setting('enable_progress_bar_print')"
    assert engine._connection.execute(asked).fetchall() == [(False, False)]
    engine._connection.execute("SET progress_bar_time = 0")
    engine._connection.execute("SELECT sum(range) FROM range(20_000_000)").fetchall()
    assert capfd.readouterr().out == ""
