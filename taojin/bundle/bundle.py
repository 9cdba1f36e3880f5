"""All that serving needs, read from a folder and verified:

    manifest.json       name, version, dates, size and SHA-256 of every other file
    experiment.json     the whole recipe; only training and evaluation read it
    scene.json          the fitted parts by `module:Class`; all that serving reads
    users.parquet, items.parquet, golden.json, arrays/*.npy, files/*
    added.parquet, weights/**/*.npz for a training that goes on from here; nothing else reads them

Nothing is pickled; a bundle accepts classes of this package and of packages that the operator lists.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from taojin.bundle.manifest import BundleError, Manifest, read_json
from taojin.core.batch import Candidates, Requests
from taojin.core.spec import Json, decode
from taojin.data.catalogue import Catalogue
from taojin.data.dataset import Clock, Log
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary
from taojin.pipeline import Pipeline


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
    manifest: Manifest
    fitted: Fitted
    users: pa.Table
    items: pa.Table
    golden: tuple[Golden, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """What the recipe is called."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """A name for exactly these contents."""
        return self.manifest.version

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
        manifest = Manifest.read(folder)
        if verify:
            manifest.check(folder)
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
            fitted = decode(read_json(folder / "scene.json"), leaf, packages)
            golden = decode(read_json(folder / "golden.json"), leaf, packages)
            users, items = pq.read_table(folder / "users.parquet"), pq.read_table(folder / "items.parquet")
        except (OSError, ValueError, TypeError, AttributeError, ImportError, KeyError) as error:
            raise BundleError(f"{folder}: {error}; train again with this version of taojin") from error
        bundle = cls(folder, manifest, fitted=fitted, users=users, items=items, golden=golden)
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
        return decode(read_json(folder / "experiment.json"), None, packages)
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
