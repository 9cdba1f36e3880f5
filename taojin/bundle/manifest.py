"""A bundle's manifest: what it is, and the size and SHA-256 of each of its files."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taojin.core.spec import Json

FORMAT = 2
MANIFEST = "manifest.json"
"""A folder that holds it is a bundle."""


class BundleError(Exception):
    """A bundle cannot be loaded; says which file, what was expected, and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says.

    version     a name for exactly these contents
    created     when the bundle was written, ISO 8601
    trained     when its models were trained: a refresh is written later
    files       name -> bytes and sha256
    """

    name: str
    version: str
    created: str
    trained: str
    files: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a bundle's folder; raises BundleError where there is none, or one of another format."""
        if not is_bundle(folder):
            raise BundleError(
                f"{folder}: no bundle here (no {MANIFEST}); make one with `taojin train RECIPE --out {folder}`"
            )
        said = read_json(folder / MANIFEST)
        found = said.get("format") if isinstance(said, dict) else said
        if found != FORMAT:
            raise BundleError(
                f"{folder}: expected a bundle of format {FORMAT}, got {found}; train again with this version of taojin"
            )
        try:
            return cls(said["name"], said["version"], said["created"], said["trained"], said["files"])
        except KeyError as error:
            raise BundleError(f"{folder / MANIFEST}: lacks {error}; copy the bundle again or train again") from error

    @classmethod
    def of(cls, folder: Path, *, name: str, created: str, trained: str) -> "Manifest":
        """The manifest of the files that are in a folder now."""
        files = {_relative(path, folder): _sum(path) for path in sorted(folder.rglob("*")) if path.is_file()}
        return cls(name, _version(files), created, trained, files)

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(said["bytes"] for said in self.files.values())

    def write(self, folder: Path) -> None:
        """Store it in the folder that it describes."""
        head = {"format": FORMAT, "name": self.name, "version": self.version}
        dates = {"created": self.created, "trained": self.trained}
        write_json(folder / MANIFEST, {**head, **dates, "files": self.files})

    def check(self, folder: Path) -> None:
        """Compare every file of the folder with what is said of it; a difference raises BundleError."""
        if self.version != _version(self.files):
            raise BundleError(f"{folder / MANIFEST}: its version does not belong to its list of files; train again")
        for name, said in self.files.items():
            path = folder / name
            if not path.is_file():
                raise BundleError(f"{path}: named in the manifest and missing; copy the bundle again or train again")
            if _sum(path) != said:
                raise BundleError(
                    f"{path}: its content differs from what the manifest says; copy the bundle or train again"
                )


def is_bundle(folder: Path) -> bool:
    """Whether the folder holds a manifest."""
    return (folder / MANIFEST).is_file()


def read_json(path: Path) -> Json:
    """A file of the bundle; raises BundleError where it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read ({error}); copy the bundle again or train again") from error


def write_json(path: Path, data: Json) -> None:
    """A file that a person can read, too."""
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _sum(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _version(files: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
