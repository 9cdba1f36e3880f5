"""Tests that need what not every machine has are skipped there, or fail where TAOJIN_REQUIRE names their mark."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NEEDS = {
    "spark": ("pyspark", "java"),
    "redis": ("redis", "redis-server"),
    "browser": ("playwright", "chromium"),
}
"""Mark: the package and the command that its tests need."""


def missing(mark: str) -> list[str]:
    """What of it this machine does not have."""
    package, command = NEEDS[mark]
    found = {f"package {package}": importlib.util.find_spec(package), f"command {command}": shutil.which(command)}
    return [what for what, where in found.items() if where is None]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in NEEDS:
        if item.get_closest_marker(mark) and (absent := missing(mark)):
            reason = f"{mark}: this machine lacks {' and '.join(absent)}"
            if mark in os.environ.get("TAOJIN_REQUIRE", "").split(","):
                pytest.fail(f"{reason}, and TAOJIN_REQUIRE asks for it")
            pytest.skip(reason)


@pytest.fixture(scope="session")
def spark_session() -> Iterator[SparkSession]:
    """One small Spark of this process, for tests marked `spark`."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.sql.shuffle.partitions": "1",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    session = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The recipe `world_tiny`, trained once for all workers of a session."""
    return trained(tmp_path_factory, worker_id, "world_tiny")


def trained(factory: pytest.TempPathFactory, worker_id: str, recipe: str, data: Path | None = None) -> Path:
    """Folder of a trained recipe; the first worker that asks trains it and the others wait."""
    import taojin

    shared = factory.getbasetemp() if worker_id == "master" else factory.getbasetemp().parent
    with FileLock(shared / f"{recipe}.lock"):
        if not (shared / recipe / "manifest.json").exists():
            taojin.train(recipe, data, shared / recipe)
    return shared / recipe
