"""Save, load and verify all that serving needs. A bundle is a folder:

    manifest.json       name, version, size and SHA-256 of every other file
    experiment.json     the whole recipe; only training and evaluation read it
    scene.json          the fitted parts by `module:Class`; all that serving reads
    users.parquet, items.parquet, golden.json, arrays/*.npy, files/*

Nothing is pickled; a bundle accepts classes of this package and of packages that the operator lists.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from taojin.core.batch import Candidates, Requests
from taojin.core.place import check_place, put_in_place
from taojin.core.spec import Json, decode, encode
from taojin.data.catalogue import Catalogue
from taojin.data.dataset import Clock, Log
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary
from taojin.pipeline import Pipeline

FORMAT = 1


class BundleError(Exception):
    """A bundle cannot be loaded; says which file, what was expected, and what to do."""


@dataclass(frozen=True)
class Golden:
    """Requests with the answers they had when the bundle was made."""

    scene: str
    requests: Requests
    answers: Candidates


@dataclass(frozen=True)
class Fitted:
    """What scene.json holds.

    history     every user's events at training time, by row
    since       time of the snapshot: lists and windowed features are as of it
    """

    kinds: Kinds
    clock: Clock
    history: Log
    scenes: dict[str, Pipeline]
    positive: str
    since: int


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle: everything serving needs."""

    path: Path
    name: str
    version: str
    created: str
    fitted: Fitted
    users: pa.Table
    items: pa.Table
    golden: tuple[Golden, ...] = field(repr=False)

    @property
    def kinds(self) -> Kinds:
        """Codes posted events exactly as training did."""
        return self.fitted.kinds

    @property
    def clock(self) -> Clock:
        """What the time of an event means."""
        return self.fitted.clock

    @property
    def history(self) -> Log:
        """Every user's events at training time, by row."""
        return self.fitted.history

    @property
    def scenes(self) -> dict[str, Pipeline]:
        """The fitted funnels by name; a part that fails is left out and the answer says so."""
        return self.fitted.scenes

    @cached_property
    def user_vocabulary(self) -> Vocabulary:
        """Users' external ids."""
        return Vocabulary(tuple(self.users["user"].to_pylist()))

    @cached_property
    def item_vocabulary(self) -> Vocabulary:
        """Items' external ids."""
        return Vocabulary(tuple(self.items["item"].to_pylist()))

    @cached_property
    def catalogue(self) -> Catalogue:
        """What is shown of items."""
        return Catalogue(self.items.drop_columns(["item"]))

    @classmethod
    def load(cls, path: Path | str, *, verify: bool = True, packages: tuple[str, ...] = ("taojin",)) -> "Bundle":
        """Read a bundle, check every file's sum and replay the golden requests; raises BundleError.

        verify      False skips sums and golden requests
        packages    whose classes may stand in the bundle
        """
        folder = Path(path)
        manifest = _manifest(folder)
        if verify:
            _check_sums(folder, manifest)
        arrays: dict[str, Any] = {}

        def leaf(data: Json) -> Any:
            match data:
                case {"array": name}:
                    if name not in arrays:
                        mapped = np.load(folder / "arrays" / name, mmap_mode="r", allow_pickle=False)
                        arrays[name] = np.asarray(mapped)  # the same memory; indexing a memmap is slower
                    return arrays[name]
                case {"bytes": name}:
                    return (folder / "files" / name).read_bytes()
            raise BundleError(f"{folder}: scene.json holds {sorted(data)}, which this version does not know")

        try:
            fitted = decode(_json(folder / "scene.json"), leaf, packages)
            golden = decode(_json(folder / "golden.json"), leaf, packages)
            users, items = pq.read_table(folder / "users.parquet"), pq.read_table(folder / "items.parquet")
        except (OSError, ValueError, TypeError, AttributeError, ImportError, KeyError) as error:
            raise BundleError(f"{folder}: {error}; train again with this version of taojin") from error
        head = {key: manifest[key] for key in ("name", "version", "created")}
        bundle = cls(folder, fitted=fitted, users=users, items=items, golden=golden, **head)
        if verify:
            bundle.replay()
        return bundle

    def replay(self) -> None:
        """Ask the golden requests again; a difference in items or scores raises BundleError."""
        for golden in self.golden:
            pipeline = replace(self.scenes[golden.scene], strict=True)
            answers = pipeline.recommend(golden.requests)
            _compare(self.path, golden, answers)


def recipe_of(folder: Path, packages: tuple[str, ...] = ("taojin",)) -> Any:
    """What experiment.json holds: the recipe that the bundle was trained from. Loads what trains."""
    try:
        return decode(_json(folder / "experiment.json"), None, packages)
    except (ValueError, TypeError, AttributeError, ImportError) as error:
        raise BundleError(f"{folder / 'experiment.json'}: {error}; train again with this version of taojin") from error


def same_within(a: Candidates, b: Candidates, tolerance: float = 1e-4) -> bool:
    """The same items with the same scores, but for the order of scores that tie within the tolerance."""
    if not np.array_equal(a.offsets, b.offsets):
        return False
    if not len(a):
        return True
    first, second = a.scores["final"], b.scores["final"]
    close = np.abs(first - second) <= tolerance * np.maximum(1, np.abs(first))
    return bool((close | (a.item == b.item)).all() and close.mean() > 0.99 and (a.item == b.item).mean() > 0.95)


def _compare(folder: Path, golden: Golden, answers: Candidates) -> None:
    if not same_within(golden.answers, answers):
        differ = int((golden.answers.item != answers.item).sum()) if len(golden.answers) == len(answers) else -1
        raise BundleError(
            f"{folder}: golden requests of scene {golden.scene!r} answer differently than at training "
            f"({differ} of {len(answers)} places hold another item); the machine's libraries may differ, train again"
        )


def save(
    folder: Path,
    *,
    name: str,
    created: str,
    experiment: Any,
    fitted: Fitted,
    users: pa.Table,
    items: pa.Table,
    golden: tuple[Golden, ...],
) -> Path:
    """Write a bundle next to its place, then move it there in one step, so that a killed run leaves no half bundle."""
    check_place(folder)
    building = folder.with_name(f".{folder.name}.{os.getpid()}.building")
    try:
        for part in ("arrays", "files"):
            (building / part).mkdir(parents=True)
        leaf = _Leaves(building)
        _write(building / "experiment.json", encode(experiment))
        _write(building / "scene.json", encode(fitted, leaf.write))
        _write(building / "golden.json", encode(golden, leaf.write))
        pq.write_table(users, building / "users.parquet")
        pq.write_table(items, building / "items.parquet")
        files = {_relative(path, building): _sum(path) for path in sorted(building.rglob("*")) if path.is_file()}
        head = {"format": FORMAT, "name": name, "version": _version(files), "created": created}
        _write(building / "manifest.json", {**head, "files": files})
        Bundle.load(building)  # what cannot be loaded does not take the place of what can
        put_in_place(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


class _Leaves:
    """Writes arrays and bytes as files, each object once."""

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


def _manifest(folder: Path) -> dict[str, Any]:
    if not (folder / "manifest.json").is_file():
        raise BundleError(
            f"{folder}: no bundle here (no manifest.json); make one with `taojin train RECIPE --out {folder}`"
        )
    manifest = _json(folder / "manifest.json")
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else manifest
        raise BundleError(f"{folder}: expected a bundle of format {FORMAT}, got {found}; train again with this version")
    return manifest


def _check_sums(folder: Path, manifest: dict[str, Any]) -> None:
    if manifest["version"] != _version(manifest["files"]):
        raise BundleError(f"{folder / 'manifest.json'}: its version does not belong to its list of files; train again")
    for name, said in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"{path}: named in the manifest and missing; copy the bundle again or train again")
        if _sum(path) != said:
            raise BundleError(
                f"{path}: its content differs from what the manifest says; copy the bundle or train again"
            )


def _sum(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _version(files: dict[str, Any]) -> str:
    """A name for exactly these contents."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _json(path: Path) -> Json:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read ({error}); copy the bundle again or train again") from error


def _write(path: Path, data: Json) -> None:
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
