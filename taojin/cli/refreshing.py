"""Keep what a run counts up to date."""

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer

from taojin.cli.common import MENDABLE, DataPath, RunPath, sentence, told
from taojin.core.bars import Bars
from taojin.core.duration import duration
from taojin.core.units import SECOND

PATIENCE = 600
"""Seconds that a service may take to load a bundle."""


def refresh(
    run: RunPath,
    every: Annotated[str | None, typer.Option(help="Again and again: 90s, 15m, 1h, 1d.", metavar="TIME")] = None,
    service: Annotated[
        str | None,
        typer.Option(help="Address of a service that then takes it; its key in TAOJIN_ADMIN_KEY.", metavar="URL"),
    ] = None,
    data: DataPath = None,
) -> None:
    """Count again over the data and the collected events: windows, lists, histories. What was learned stays."""
    with told(writing=run):
        if service is not None:
            _address(service)
        pause = duration(every) / SECOND if every is not None else None
        _round(run, service, data)
        while pause is not None:
            time.sleep(pause)
            try:
                _round(run, service, data)
            except MENDABLE as error:  # the next round may find it mended
                typer.echo(f"error: {sentence(error, run)}", err=True)


def _round(run: Path, service: str | None, data: Path | None) -> None:
    from taojin.experiment.refresh import refresh as refresh_run

    with Bars() as bars:
        bundle, live = refresh_run(run, data=data, progress=bars)
    typer.echo(f"bundle {bundle.name} {bundle.version} in {run}, with {live:,} events of the live store")
    if service is None:
        return
    try:
        typer.echo(_swap(service))
    except ValueError as error:
        raise ValueError(f"the bundle is written, and the service has not taken it: {error}") from error


def _address(service: str) -> str:
    """Where the service is asked to swap; what is no address is refused before anything is counted."""
    if not service.startswith(("http://", "https://")):
        raise ValueError(f"--service {service}: expected an address such as http://localhost:8000")
    return f"{service.rstrip('/')}/v1/admin/swap"


def _swap(service: str) -> str:
    """Ask a service to take the bundle; what it says, or a `ValueError`."""
    from taojin.serving.admin import VARIABLE

    address = _address(service)
    request = urllib.request.Request(address, method="POST", headers={"X-API-Key": os.environ.get(VARIABLE, "")})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            said = json.load(answer)
    except urllib.error.HTTPError as error:
        body = error.read().decode(errors="replace")
        raise ValueError(f"{address}: {error.code} {error.reason}, {body}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ValueError(f"{address}: no service answers there, {error}; start it, or leave --service out") from error
    match said:
        case {"version": version, "before": before}:
            return f"{service} serves {version}, before it {before}"
    raise ValueError(
        f"{address}: no taojin service answers there, expected `version` and `before`, got {said!s:.200}; "
        "give the address of one, or leave --service out"
    )
