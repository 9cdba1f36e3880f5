"""A file from which a killed training goes on."""

import os
import zipfile
from pathlib import Path
from typing import Any

import torch

from taojin.core.whole import whole


def save(path: Path, identity: str, content: dict[str, Any]) -> None:
    """Write beside, then rename: whoever reads finds the old file or the new one, never a part of it.

    identity    what must be equal for a training to go on from the file
    """
    try:
        with whole(path) as beside, beside.open("wb") as file:
            torch.save({"identity": identity, **content}, file)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, RuntimeError) as error:  # torch tells a full disk by a RuntimeError of its own
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
        if isinstance(error, OSError):
            raise
        raise OSError(f"checkpoint {path}: cannot be written, {error}; make room, and begin again") from error


def load(path: Path, identity: str, device: torch.device) -> dict[str, Any]:
    """What was saved; raises ValueError if it is damaged or another training's."""
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"checkpoint {path}: damaged, it does not end as it was written; delete the file to start anew"
        )
    try:
        content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except RuntimeError as error:
        raise ValueError(f"checkpoint {path}: damaged, {error}; delete the file to start anew") from error
    if content["identity"] != identity:
        raise ValueError(
            f"checkpoint {path}: expected a training of the same settings, seed, rows and network, got another; "
            "delete the file to start anew"
        )
    return content
