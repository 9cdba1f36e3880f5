"""The states that a run had before: kept in a folder beside it, and how one of them comes back.

    runs/shop             the bundle in use
    runs/shop.versions    those before it, a folder each, named by version

What is replaced is kept; of each training only its newest state, and of them the newest `KEPT`.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taojin.bundle.manifest import BundleError, Manifest
from taojin.bundle.place import exchange
from taojin.core.hint import did_you_mean

KEPT = 4
"""Trainings before the one in use."""
UNREADABLE = "unreadable"
"""An empty folder that was made for the run, or a bundle of another format: nothing that could come back."""


@dataclass(frozen=True)
class Version:
    """One state of a run.

    in_use  it is in the run's own folder
    """

    path: Path
    manifest: Manifest
    in_use: bool

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        said = self.manifest
        dates = {"created": said.created, "trained": said.trained}
        return {"version": said.version, "in_use": self.in_use, "name": said.name, **dates, "path": str(self.path)}


def versions(run: Path) -> list[Version]:
    """All states that this version of taojin reads, the newest first; raises BundleError where there is none."""
    folders = [run, *(beside(run).iterdir() if beside(run).is_dir() else ())]
    found = [Version(path, manifest, path == run) for path in folders if (manifest := _readable(path)) is not None]
    if not found:
        Manifest.read(run)  # says what is wrong
    return sorted(found, key=lambda one: one.manifest.created, reverse=True)


def put_in_place(building: Path, run: Path) -> None:
    """Let a finished bundle take the place of the one in use, which is kept."""
    _exchange(building, run)
    _drop(beside(run) / Manifest.read(run).version)  # the same contents are no state before
    trainings: set[str] = set()
    for one in versions(run):
        if one.in_use:
            continue
        if one.manifest.trained in trainings or len(trainings) == KEPT:
            _drop(one.path)
        trainings.add(one.manifest.trained)


def find(run: Path, version: str) -> Version:
    """The state of a name; raises BundleError where there is none, or where there are several.

    version     its name or the beginning of it
    """
    there = versions(run)
    meant = [one for one in there if version and one.manifest.version.startswith(version)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        several = ", ".join(one.manifest.version for one in meant)
        raise BundleError(f"version {version!r} of {run}: expected one, got the beginning of several: {several}")
    names = [one.manifest.version for one in there]
    hint = did_you_mean(version, names) if version else f"there are {', '.join(names)}"
    raise BundleError(f"version {version!r} of {run}: not there; {hint}")


def use(run: Path, version: Version) -> None:
    """Put a state in the place of the one in use, which is kept."""
    if not version.in_use:
        _exchange(version.path, run)


def before(run: Path) -> Version:
    """The newest state that is older than the one in use; raises BundleError where there is none."""
    used = Manifest.read(run)
    older = [one for one in versions(run) if not one.in_use and one.manifest.created < used.created]
    if not older:
        raise BundleError(f"{run}: nothing is kept that is older than {used.version} of {used.created}")
    return older[0]


def beside(run: Path) -> Path:
    """Where the states before are.

    >>> beside(Path("runs/shop")).as_posix()
    'runs/shop.versions'
    """
    return run.with_name(f"{run.name}.versions")


def _exchange(coming: Path, run: Path) -> None:
    """`coming` becomes the run; what was in use goes beside it under its version's name."""
    used = _readable(run)
    aside = beside(run) / (used.version if used is not None else UNREADABLE)
    if aside.exists() and aside != coming:  # the same contents, from before
        shutil.rmtree(aside)
    exchange(coming, run, aside)
    if used is None:
        _drop(aside)


def _drop(folder: Path) -> None:
    """Delete a state, and the folder of states with the last one; what cannot be deleted is in nobody's way."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.parent.is_dir() and not any(folder.parent.iterdir()):
        folder.parent.rmdir()


def _readable(folder: Path) -> Manifest | None:
    try:
        return Manifest.read(folder)
    except BundleError:
        return None
