"""Files that are there whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_file(path: Path) -> None:
    """Refuse a place where no file can be written, before work is done for it."""
    there = next(parent for parent in path.absolute().parents if parent.exists())
    if path.is_dir() or not there.is_dir():
        raise ValueError(f"{path}: expected a file's place, got {'a folder' if path.is_dir() else f'{there}, a file'}")
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise ValueError(f"{path}: nothing can be written in {there}, {error.strerror}; name another place") from error


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to, which takes its name once the block has ended well; else nothing is left.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole(Path(folder, "a.txt")) as beside:
    ...         _ = beside.write_text("all of it")
    ...         early = Path(folder, "a.txt").exists()
    ...     early, Path(folder, "a.txt").read_text()
    (False, 'all of it')
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
