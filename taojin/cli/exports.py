"""Take vectors and events out of a run."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from taojin.cli.common import RunPath, told


class Whose(StrEnum):
    """Whose vectors."""

    ITEMS = "items"
    USERS = "users"


def vectors(
    run: RunPath,
    channel: Annotated[str, typer.Option(help="A channel that searches vectors, such as dssm.")],
    out: Annotated[Path, typer.Option(help="*.parquet, or *.txt with lines `id:v1 v2 ...`.", metavar="FILE")],
    of: Annotated[Whose, typer.Option(help="users: what they would ask with now.")] = Whose.ITEMS,
) -> None:
    """Vectors whose inner product is a channel's score."""
    from taojin.serving.export import export_vectors

    with told(writing=out):
        count, size = export_vectors(run, channel, of.value, out)
        typer.echo(f"{count:,} vectors of {size} numbers in {out}")


def events(
    run: RunPath,
    out: Annotated[Path, typer.Option(help="*.parquet or *.csv: user, item, time, event, value.", metavar="FILE")],
) -> None:
    """What the service of a run has collected."""
    from taojin.serving.export import export_events

    with told(writing=out):
        typer.echo(f"{export_events(run, out):,} events in {out}")
