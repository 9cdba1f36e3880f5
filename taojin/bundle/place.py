"""Where a bundle is written: beside its place, then there in one step, and never in the place of something else."""

import os
import tempfile
from pathlib import Path

from taojin.bundle.manifest import is_bundle


def check_place(folder: Path) -> None:
    """Refuse to write a bundle where something else is, which would be gone, or where nothing can be written."""
    there = next(parent for parent in folder.absolute().parents if parent.exists())
    try:
        os.rmdir(tempfile.mkdtemp(prefix=f".{folder.name[:50]}.", dir=there))
    except OSError as error:
        raise ValueError(
            f"{folder}: nothing can be written in {there}, {error.strerror}; name another folder"
        ) from error
    if folder.is_dir() and (is_bundle(folder) or not any(folder.iterdir())):
        return
    if folder.exists() or folder.is_symlink():
        found = "a folder of other files" if folder.is_dir() else "a file"
        raise ValueError(f"{folder}: expected a free place or a bundle to replace, got {found}; name another folder")


def exchange(coming: Path, folder: Path, aside: Path) -> None:
    """Move `folder` aside, if it is there, and `coming` to its place; if that fails, everything stays as it was."""
    there = folder.exists()
    if there:
        aside.parent.mkdir(exist_ok=True)
        folder.rename(aside)
    try:
        coming.rename(folder)
    except OSError:
        if there:
            aside.rename(folder)
        raise
