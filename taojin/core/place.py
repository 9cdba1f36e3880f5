"""Where a bundle is written: beside its place, then there in one step, and never in the place of something else."""

import os
import shutil
from pathlib import Path

MANIFEST = "manifest.json"
"""A folder that holds it is a bundle."""


def check_place(folder: Path) -> None:
    """Refuse to write a bundle where something else is: it would be gone."""
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
