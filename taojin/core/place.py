"""Where a bundle is written: beside its place, then there in one step, and never in the place of something else."""

import os
import shutil
import tempfile
from pathlib import Path

MANIFEST = "manifest.json"
"""A folder that holds it is a bundle."""


def check_place(folder: Path) -> None:
    """Refuse to write a bundle where something else is, which would be gone, or where nothing can be written."""
    there = next(parent for parent in folder.absolute().parents if parent.exists())
    try:
        os.rmdir(tempfile.mkdtemp(prefix=f".{folder.name[:50]}.", dir=there))
    except OSError as error:
        raise ValueError(
            f"{folder}: nothing can be written in {there}, {error.strerror}; name another folder"
        ) from error
    if folder.is_dir() and ((folder / MANIFEST).is_file() or not any(folder.iterdir())):
        return
    if folder.exists() or folder.is_symlink():
        found = "a folder of other files" if folder.is_dir() else "a file"
        raise ValueError(f"{folder}: expected a free place or a bundle to replace, got {found}; name another folder")


def put_in_place(building: Path, folder: Path) -> None:
    """Let a finished bundle take the place of the one before it, which comes back if that fails."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    try:
        building.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
