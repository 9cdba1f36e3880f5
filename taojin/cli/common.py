"""What commands share: the screen, options that several have, and how what is wrong is told."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

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


def options(debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False) -> None:
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


@contextmanager
def told() -> Iterator[None]:
    """Turn what a user can mend into a message and exit code 1; --debug shows the traceback."""
    try:
        yield
    except MENDABLE as error:
        if state["debug"]:
            raise
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        raise typer.Exit(130) from None
