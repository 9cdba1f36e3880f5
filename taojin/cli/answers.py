"""Ask a run: one user, many users, an item; or serve it."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from taojin.cli.common import AsJson, Explain, Number, RunPath, told
from taojin.core.bars import Bars


def recommend(
    run: RunPath,
    user: Annotated[str | None, typer.Option(help="External id of a user.")] = None,
    history: Annotated[str | None, typer.Option(help="For a stranger: ids of liked items, comma-separated.")] = None,
    scene: Annotated[str, typer.Option(help="Name of a scene.")] = "for_you",
    n: Number = 10,
    users: Annotated[
        str | None, typer.Option(help="all, or a file with the id of a user a line: many at once, into --out.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="For --users: *.parquet or *.csv.", metavar="FILE")] = None,
    explain: Explain = False,
    as_json: AsJson = False,
) -> None:
    """Recommend items to a user, or to many: the whole funnel, without a server."""
    from taojin.run import load

    with told(writing=out):
        if users is not None or out is not None:
            _recommend_in_bulk(run, users, out, user, scene, n)
            return
        brought = [part.strip() for part in (history or "").split(",") if part.strip()]
        _show(load(run).recommend(user, scene=scene, n=n, history=brought, explain=explain), as_json)


def similar(
    run: RunPath,
    item: Annotated[str, typer.Option(help="External id of an item.")],
    n: Number = 10,
    explain: Explain = False,
    as_json: AsJson = False,
) -> None:
    """Items like an item."""
    from taojin.run import load

    with told():
        _show(load(run).similar(item, n=n, explain=explain), as_json)


def serve(
    run: RunPath,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0 takes a free one.", min=0, max=65535)] = 8000,
) -> None:
    """Serve a run: the HTTP API and the site. SIGHUP reads the bundle again; TAOJIN_ADMIN_KEY opens /v1/admin."""
    from taojin.serving.admin import VARIABLE
    from taojin.serving.server import serve as run_server

    def ready(address: str) -> None:
        typer.echo(f"{address}\nprocess {os.getpid()}: `kill -HUP {os.getpid()}` makes it read the bundle again")

    with told():
        key = os.environ.get(VARIABLE)
        run_server(run, host=host, port=port, ready=ready, swapped=typer.echo, admin_key=key)


def _recommend_in_bulk(run: Path, users: str | None, out: Path | None, user: str | None, scene: str, n: int) -> None:
    from taojin.serving.in_bulk import recommend_in_bulk, some

    if users is None or out is None or user is not None:
        raise ValueError("--users and --out belong together, without --user: --users all --out lists.parquet")
    asked = None if users == "all" else _ids(Path(users))
    with Bars() as bars:
        answered, unknown = recommend_in_bulk(run, asked, out, scene=scene, n=n, progress=bars)
    strangers = f"; {len(unknown):,} of them are unknown to it and get what strangers get: " if unknown else ""
    typer.echo(f"{answered:,} users of {run} in {out}{strangers}{some(unknown)}")


def _ids(file: Path) -> list[str]:
    """The ids in a file of users."""
    expected = f"--users {file}: expected all, or a file with the id of a user a line, got"
    if file.is_dir():
        raise ValueError(f"{expected} a folder; name a file in it")
    if not file.is_file():
        raise ValueError(f"--users {file}: no such file; expected all, or a file with the id of a user a line")
    content = file.read_bytes()
    if content.startswith(b"PAR1"):
        raise ValueError(f"{expected} a Parquet file; write its column of ids as text")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"--users {file}, line {line}: expected text in UTF-8, got the byte {content[error.start]:#04x}; "
            "write the file as UTF-8"
        ) from error
    return [line.strip() for line in lines if line.strip()]


def _show(answer: Any, as_json: bool) -> None:
    typer.echo(json.dumps(answer.to_json(), ensure_ascii=False) if as_json else str(answer))
