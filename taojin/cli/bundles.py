"""The states of a run: which there are, and which one is in use."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from taojin.cli.common import AsJson, RunPath, screen, told

if TYPE_CHECKING:
    from taojin.bundle.versions import Version

TELL = "a service that runs takes it with `kill -HUP PID`, or with POST /v1/admin/swap"


def listed(run: RunPath, as_json: AsJson = False) -> None:
    """The bundle in use and those kept from before, the newest first."""
    from taojin.bundle.versions import versions

    with told():
        there = versions(run)
        if as_json:
            typer.echo(json.dumps([one.to_json() for one in there]))
            return
        table = Table("", "version", "recipe", "created", "trained", "MB")
        for one in there:
            said = one.manifest
            dates = said.created, said.trained
            table.add_row("in use" if one.in_use else "", said.version, said.name, *dates, f"{said.bytes / 1e6:,.1f}")
        screen.print(table)


def use(
    run: RunPath, version: Annotated[str, typer.Argument(help="Of `taojin bundle list`, or its beginning.")]
) -> None:
    """Put a state from before in the place of the bundle in use, which is kept; it is verified first."""
    from taojin.bundle.versions import find

    with told(writing=run):
        _put(run, find(run, version))


def rollback(run: RunPath) -> None:
    """Go back to the newest state that is older than the bundle in use, which is kept."""
    from taojin.bundle.versions import before

    with told(writing=run):
        _put(run, before(run))


def _put(run: Path, version: "Version") -> None:
    from taojin.bundle.bundle import Bundle
    from taojin.bundle.versions import use

    Bundle.load(version.path)  # what does not load takes nobody's place
    use(run, version)
    said = version.manifest
    typer.echo(f"{run} is {said.name} {said.version} of {said.created}; {TELL}")
