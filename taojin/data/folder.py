"""The files of a data set, whether they lie in a directory, in a zip archive, or compressed with gzip."""

import difflib
import gzip
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class Folder:
    """A directory or a zip archive. `ratings.csv` also finds `ratings.csv.gz`, and in an archive any folder's."""

    path: Path

    def find(self, name: str) -> str | None:
        """Where a file lies in the folder, None if it has none of this name."""
        there = [member for member in self._members(name) if self._has(member)]
        return there[0] if there else None

    def __contains__(self, name: str) -> bool:
        return self.find(name) is not None

    def read(self, name: str) -> bytes:
        """The content of a file, decompressed."""
        member = self.find(name)
        if member is None:
            raise ValueError(f"{self.path / name}: no such file; {self.hint(name)}")
        try:
            content = self._content(member)
            return gzip.decompress(content) if member.endswith(".gz") and not name.endswith(".gz") else content
        except (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile) as error:
            raise ValueError(f"{self.path / member}: damaged, {error}; copy or download it again") from error

    def matching(self, pattern: str) -> list[str]:
        """Files whose path in the folder fits a pattern such as `days/*.csv`, plain or compressed, in order."""
        if self._zipped:
            there = [member for member in _archive(self.path) if not member.endswith("/")]
        else:
            there = [path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if path.is_file()]
        wanted = (pattern, f"{pattern}.gz", *((f"*/{pattern}", f"*/{pattern}.gz") if self._zipped else ()))
        fits = [path for path in there if any(PurePosixPath(path).match(one) for one in wanted)]
        # `*` stays within a folder.
        within = (path for path in fits if self._zipped or path.count("/") == pattern.count("/"))
        return sorted({path.removesuffix(".gz") for path in within})

    def hint(self, name: str) -> str:
        """What to say to somebody who asks for a file that is not there."""
        close = difflib.get_close_matches(name, self.names(), n=1)
        return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(self.names()[:20]) or 'no files'}"

    def label(self, name: str) -> str:
        """What messages call a file."""
        return str(self.path / (self.find(name) or name))

    def names(self) -> list[str]:
        """Names of the files, without the folders of an archive."""
        if self._zipped:
            return sorted(PurePosixPath(member).name for member in _archive(self.path) if not member.endswith("/"))
        return sorted(entry.name for entry in self.path.iterdir() if entry.is_file()) if self.path.is_dir() else []

    @property
    def _zipped(self) -> bool:
        return self.path.suffix == ".zip"

    def _members(self, name: str) -> list[str]:
        wanted = (name, f"{name}.gz")
        if not self._zipped:
            return list(wanted)
        members = sorted(_archive(self.path), key=lambda member: member.count("/"))
        return [member for w in wanted for member in members if member == w or member.endswith(f"/{w}")]

    def _has(self, member: str) -> bool:
        return self._zipped or (self.path / member).is_file()

    def _content(self, member: str) -> bytes:
        if not self._zipped:
            return (self.path / member).read_bytes()
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(member)


def folders(path: Path) -> list[Folder]:
    """A folder or archive, and the folders and archives that lie directly in it."""
    if not path.exists():
        raise ValueError(f"{path}: no such folder or zip archive")
    if path.is_file():
        if path.suffix != ".zip":
            raise ValueError(f"{path}: expected a folder or a zip archive")
        return [Folder(path)]
    inside = sorted(entry for entry in path.iterdir() if entry.is_dir() or entry.suffix == ".zip")
    return [Folder(path), *(Folder(entry) for entry in inside)]


def _archive(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, FileNotFoundError) as error:
        raise ValueError(f"{path}: not a zip archive that can be read, {error}; copy or download it again") from error
