"""Where table expressions run: DuckDB on a laptop, Spark on a cluster.

Expressions are written in Ibis, which only compiles them; the engine's own client runs the SQL. (Ibis 12 manages the
tables of DuckDB 2 through calls that DuckDB no longer has.)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet
from ibis.expr import types as ir

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Engine(Protocol):
    """Holds named tables and runs expressions over them; rows come back in no particular order."""

    def load(self, name: str, data: pa.Table | Path) -> ir.Table:
        """Name a table, or a Parquet file or folder, and return it to write expressions with."""
        ...

    def run(self, expression: ir.Table) -> pa.Table:
        """The rows of an expression over loaded tables."""
        ...

    def write(self, expression: ir.Table, path: Path) -> None:
        """Write the rows as Parquet, replacing what is there: one file or a folder of them, as the engine likes."""
        ...


class DuckDB:
    """An in-process database on this machine's cores.

    memory      most it may use, such as "4GB"
    threads     None: every core
    spill       folder for what does not fit; None: ".tmp" in the working directory

    >>> engine = DuckDB(threads=1)
    >>> events = engine.load("events", pa.table({"user": [2, 2, 3]}))
    >>> engine.run(events.group_by("user").agg(n=events.count()).order_by("user")).to_pydict()
    {'user': [2, 3], 'n': [2, 1]}
    """

    def __init__(self, *, memory: str = "8GB", threads: int | None = None, spill: Path | None = None) -> None:
        settings: dict[str, str | int | bool] = {"memory_limit": memory, "preserve_insertion_order": False}
        if threads is not None:
            settings["threads"] = threads
        if spill is not None:
            settings["temp_directory"] = str(spill)
        self._connection = duckdb.connect(config=settings)
        # Its bar would go to the standard output, among what a command prints.
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute("SET enable_progress_bar_print = false")

    def load(self, name: str, data: pa.Table | Path) -> ir.Table:
        """Name a table in memory, without a copy, or Parquet on disk."""
        if isinstance(data, Path):
            files = _parquet_files(data)
            self._connection.read_parquet([str(file) for file in files]).create_view(name, replace=True)
            return ibis.table(ibis.Schema.from_pyarrow(pa.parquet.read_schema(files[0])), name=name)
        self._connection.register(name, data)
        return ibis.table(ibis.Schema.from_pyarrow(data.schema), name=name)

    def run(self, expression: ir.Table) -> pa.Table:
        """The rows of an expression."""
        return self._connection.sql(ibis.to_sql(expression, dialect="duckdb")).to_arrow_table()

    def write(self, expression: ir.Table, path: Path) -> None:
        """Write one Parquet file."""
        self._connection.sql(ibis.to_sql(expression, dialect="duckdb")).write_parquet(str(path), overwrite=True)


class Spark:
    """A Spark session: a cluster's, or the one that this process has or makes.

    A window with a moving lower end costs the square of an entity's rows on Spark (60,000 rows of one entity: 10 to
    14 s, four times that for twice the rows); windows of FOREVER do not. Where single entities are that hot, give
    their features a window of FOREVER.
    """

    def __init__(self, session: SparkSession | None = None) -> None:
        try:
            from pyspark.sql import SparkSession as Session  # noqa: PLC0415 - an extra
        except ImportError as missing:
            raise ValueError(
                "engine Spark: PySpark is not installed; pip install 'taojin[spark]', and Java 17 or newer"
            ) from missing
        self._session = session or Session.builder.getOrCreate()
        self._compiler = ibis.pyspark.connect(self._session)

    def load(self, name: str, data: pa.Table | Path) -> ir.Table:
        """Name a table, copied to the cluster, or Parquet that every worker can read."""
        frame = self._session.read.parquet(str(data)) if isinstance(data, Path) else self._session.createDataFrame(data)
        frame.createOrReplaceTempView(name)
        return ibis.table(self._compiler.get_schema(name), name=name)

    def run(self, expression: ir.Table) -> pa.Table:
        """The rows of an expression, collected here."""
        return self._session.sql(self._compiler.compile(expression)).toArrow()

    def write(self, expression: ir.Table, path: Path) -> None:
        """Write a folder of Parquet files from the workers."""
        self._session.sql(self._compiler.compile(expression)).write.mode("overwrite").parquet(str(path))


def _parquet_files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise ValueError(f"engine DuckDB: no Parquet file at {path}")
    return files
