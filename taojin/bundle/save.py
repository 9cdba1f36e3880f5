"""Write a bundle: beside its place, tried there, and then in its place in one step."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from taojin.bundle.bundle import Bundle, Fitted, Golden
from taojin.bundle.manifest import Manifest, write_json
from taojin.bundle.place import check_place
from taojin.bundle.versions import put_in_place
from taojin.core.spec import Json, encode

ADDED, WEIGHTS = "added.parquet", "weights"
"""What only a training that goes on reads: events after the recipe's data, and weights of trainings."""


def save(
    folder: Path,
    *,
    name: str,
    experiment: Any,
    fitted: Fitted,
    users: pa.Table,
    items: pa.Table,
    golden: tuple[Golden, ...],
    trained: str | None = None,
    carry: Path | None = None,
) -> Path:
    """Write a bundle next to its place, then move it there in one step, so that a killed run leaves no half bundle.

    What the place held before is kept (`bundle/versions.py`).

    trained     when the models were trained; None: now
    carry       folder from which ADDED and WEIGHTS are taken, where it has them
    """
    check_place(folder)
    building = folder.with_name(f".{folder.name}.{os.getpid()}.building")
    try:
        for part in ("arrays", "files"):
            (building / part).mkdir(parents=True)
        leaf = Leaves(building)
        write_json(building / "experiment.json", encode(experiment))
        write_json(building / "scene.json", encode(fitted, leaf.write))
        write_json(building / "golden.json", encode(golden, leaf.write))
        pq.write_table(users, building / "users.parquet")
        pq.write_table(items, building / "items.parquet")
        if carry is not None:
            _take_along(carry, building)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        Manifest.of(building, name=name, created=now, trained=trained or now).write(building)
        Bundle.load(building)  # what cannot be loaded does not take the place of what can
        put_in_place(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def _take_along(carry: Path, building: Path) -> None:
    if (carry / ADDED).exists():
        shutil.copy(carry / ADDED, building / ADDED)
    if (carry / WEIGHTS).is_dir():
        shutil.copytree(carry / WEIGHTS, building / WEIGHTS)


class Leaves:
    """Writes the arrays and bytes of a fitted object as files, each object once."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.names: dict[int, str] = {}
        self.alive: list[Any] = []

    def write(self, value: Any) -> Json:
        if isinstance(value, np.generic):
            return value.item()
        kind = "array" if isinstance(value, np.ndarray) else "bytes"
        if not isinstance(value, np.ndarray | bytes):
            raise ValueError(f"bundle: cannot store a {type(value).__name__}")
        if id(value) not in self.names:
            self.names[id(value)] = f"{len(self.names):04}.{'npy' if kind == 'array' else 'onnx'}"
            self.alive.append(value)
            path = self.folder / ("arrays" if kind == "array" else "files") / self.names[id(value)]
            if isinstance(value, np.ndarray):
                np.save(path, value, allow_pickle=False)
            else:
                path.write_bytes(value)
        return {kind: self.names[id(value)]}
