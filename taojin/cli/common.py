"""What commands share: the screen, options that several have, and how what is wrong is told."""

import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from taojin import __version__
from taojin.bundle.manifest import BundleError
from taojin.core.stages import StageError

screen = Console(width=None if sys.stdout.isatty() else 160)
"""A file or another program has no edge at which tables were to be cut."""
state = {"debug": False}

RECIPE = "kuairand, movielens, movielens_order, world or world_tiny, or path/to/file.py:function."
Recipe = Annotated[str, typer.Argument(help=RECIPE)]
RunPath = Annotated[Path, typer.Argument(help="Folder of a trained run.", metavar="RUN")]
DataPath = Annotated[Path | None, typer.Option(help="Folder or zip with the raw data.", metavar="DIR")]
Number = Annotated[int, typer.Option("--n", help="Places to fill.", min=1, max=200)]
Explain = Annotated[bool, typer.Option("--explain", help="Say why each is there, and what each stage did.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help="Change a field: models.din.dim=32.")]


def tell_version(asked: bool) -> None:
    """Print the version and end, where it was asked for."""
    if asked:
        typer.echo(f"taojin {__version__}")
        raise typer.Exit


def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=tell_version, is_eager=True)
    ] = False,
) -> None:
    """An industrial multi-stage recommender: train, look, serve."""
    state["debug"] = debug
    # Threads that wait by spinning starve each other as soon as anything else runs; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def assignments(changes: list[str] | None) -> dict[str, str]:
    """What `--set` asks for: path of a field -> its value as text."""
    return dict(_assignment(text) for text in changes or [])


def _assignment(text: str) -> tuple[str, str]:
    path, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set {text!r}: expected FIELD=VALUE, such as models.din.dim=32")
    return path.strip(), value.strip()


MENDABLE = (ValueError, BundleError, OSError, StageError)
"""What a user can mend."""


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def told(writing: Path | None = None) -> Iterator[None]:
    """Turn whatever ends a command into a message and an exit code, 1 or 130; --debug shows the traceback.

    writing     what the command makes, for errors that do not say which file they mean
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        typer.echo("; ".join(["interrupted", *stop.args]), err=True)
        raise SystemExit(130) from None
    except Exception as error:
        if state["debug"]:
            raise
        typer.echo(f"error: {sentence(error, writing)}", err=True)
        raise SystemExit(1) from error


def sentence(error: Exception, writing: Path | None = None) -> str:
    """What is wrong, in which file, and what to do."""
    if not isinstance(error, MENDABLE):
        what = f"unexpected {type(error).__name__}: {error}"
        return f"{what}; run it again with --debug to see where, and report it"
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    place, why = error.filename or writing, os.strerror(error.errno)
    if error.errno in NO_ROOM and place is not None:
        remedy = f"make room there and in {tempfile.gettempdir()}, or name another place"
        return f"{place}: cannot be written, {why}; {remedy}"
    return f"{error.filename}: {why}" if isinstance(error.filename, str) and not error.filename2 else str(error)
