"""The command line: train | evaluate | tune | recommend | similar | serve | data."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from taojin.core.bars import Bars

app = typer.Typer(
    help="An industrial multi-stage recommender: train, look, serve.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
tune = typer.Typer(help="Choose settings on validation.", no_args_is_help=True)
app.add_typer(tune, name="tune")
data = typer.Typer(help="What a recipe's data holds.", no_args_is_help=True)
app.add_typer(data, name="data")
screen = Console(width=None if sys.stdout.isatty() else 160)
"""A file or another program has no edge at which tables were to be cut."""
state = {"debug": False}

RECIPE = "kuairand, movielens, movielens_order, world or world_tiny, or path/to/file.py:function."
RunPath = Annotated[Path, typer.Argument(help="Folder of a trained run.", metavar="RUN")]
DataPath = Annotated[Path | None, typer.Option(help="Folder or zip with the raw data.", metavar="DIR")]
Number = Annotated[int, typer.Option("--n", help="Places to fill.", min=1, max=200)]
Explain = Annotated[bool, typer.Option("--explain", help="Say why each is there, and what each stage did.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def options(debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False) -> None:
    """Options of every command."""
    state["debug"] = debug
    # Threads that wait by spinning starve each other as soon as anything else runs; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help=RECIPE)],
    out: Annotated[Path, typer.Option(help="Where the bundle goes, in the place of one before.", metavar="DIR")],
    data: DataPath = None,
    set: Annotated[list[str] | None, typer.Option("--set", help="Change a field: models.din.dim=32.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.", min=0, max=2**63 - 1)] = None,
) -> None:
    """Train a recipe and write a bundle."""
    from taojin.run import train as run_train  # noqa: PLC0415

    with _told():
        changes = dict(_assignment(text) for text in set or [])
        with Bars() as bars:
            run = run_train(recipe, data, out, set=changes, seed=seed, progress=bars)
        screen.print(f"bundle {run.bundle.name} {run.bundle.version} in {out}")
        screen.print(f"next: taojin evaluate {out}   |   taojin serve {out}", style="dim")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the recipe, and of the folder that it goes to.")],
    events: Annotated[Path, typer.Option(help="What happened: a file, a folder or a pattern.", metavar="FILE")],
    items: Annotated[Path | None, typer.Option(help="The catalogue.", metavar="FILE")] = None,
    users: Annotated[Path | None, typer.Option(help="The people.", metavar="FILE")] = None,
    user: Annotated[str | None, typer.Option(help="Column of the events with the user.", metavar="COLUMN")] = None,
    item: Annotated[str | None, typer.Option(help="Column of the events with the item.", metavar="COLUMN")] = None,
) -> None:
    """Look at somebody's files, say what they are taken for, and write a recipe for them."""
    from taojin.start.plan import look  # noqa: PLC0415
    from taojin.start.write import function, write  # noqa: PLC0415

    with _told():
        named = {what: column for what, column in (("user", user), ("item", item)) if column is not None}
        plan = look(name, events, items, users, named=named)
        file = write(plan, Path(name))
        screen.print(str(plan), highlight=False, markup=False, soft_wrap=True)
        typer.echo(f"\nrecipe {file}, what to do with it in {file.with_name('README.md')}")
        screen.print(f"next: taojin train {file}:{function(name)} --out runs/{name}", style="dim", soft_wrap=True)


@app.command()
def evaluate(
    run: RunPath,
    data: DataPath = None,
    part: Annotated[str, typer.Option(help="test, or valid for what choices may look at.")] = "test",
    as_json: AsJson = False,
    dump: Annotated[Path | None, typer.Option(help="Write every list and test set as Parquet.", metavar="DIR")] = None,
) -> None:
    """Judge a run on the test part of its data, beside the baselines."""
    from taojin.evaluation.report_table import report_table  # noqa: PLC0415
    from taojin.experiment.evaluate import evaluate as judge  # noqa: PLC0415

    with _told():
        with Bars() as bars:
            result = judge(run, data=data, part=part, dump=dump, progress=bars)
        if as_json:
            typer.echo(json.dumps(result.to_json()))
        else:
            screen.print(report_table(result))


@tune.command()
def quotas(
    run: RunPath,
    budget: Annotated[int | None, typer.Option(help="Candidates a request; as many as today.", min=1)] = None,
    scene: Annotated[str | None, typer.Option(help="Name of a scene; the one that rankers learn from.")] = None,
    data: DataPath = None,
    as_json: AsJson = False,
    apply: Annotated[
        Path | None,
        typer.Option(help="Write the run with these quotas as a bundle of its own.", metavar="DIR"),
    ] = None,
) -> None:
    """Learn how many candidates each channel should bring: greedy marginal recall on validation."""
    from taojin.evaluation.report_table import quota_tables  # noqa: PLC0415
    from taojin.experiment.tune import check_copy, tune_quotas, with_quotas  # noqa: PLC0415

    with _told():
        if apply is not None:  # what cannot be written is told before anything is measured
            check_copy(run, apply)
        with Bars() as bars:
            found = tune_quotas(run, budget=budget, scene=scene, data=data, progress=bars)
        if as_json:
            typer.echo(json.dumps(found.to_json()))
        else:
            screen.print(quota_tables(found.today, found.learned, found.curve, found.users))
            for assignment in found.assignments:
                screen.print(f"--set {assignment}", soft_wrap=True)
        if apply is not None:
            bundle = with_quotas(run, found.scene, found.learned, apply)
            typer.echo(f"bundle {bundle.name} {bundle.version} in {apply}; its rankers are those of {run}", err=True)


@tune.command()
def model(
    recipe: Annotated[str, typer.Argument(help=RECIPE)],
    trials: Annotated[int, typer.Option(help="Trials in all, those made before included.", min=1)] = 20,
    data: DataPath = None,
    name: Annotated[str | None, typer.Option("--model", help="Name of a ranker; the one of the main scene.")] = None,
    metric: Annotated[str, typer.Option(help="auc or logloss, on validation rows.")] = "auc",
    file: Annotated[
        Path, typer.Option(help="Where trials are kept; a search that was interrupted goes on.", metavar="FILE")
    ] = Path("runs/tune.db"),
    set: Annotated[list[str] | None, typer.Option("--set", help="Change a field: models.din.dim=32.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search for the settings of a ranker with Optuna; the first trial is the recipe as it stands."""
    from taojin.core.spec import override  # noqa: PLC0415
    from taojin.evaluation.report_table import trial_table  # noqa: PLC0415
    from taojin.experiment.search import search_model  # noqa: PLC0415
    from taojin.run import find  # noqa: PLC0415

    with _told():
        experiment = find(recipe)
        for path, text in dict(_assignment(text) for text in set or []).items():
            experiment = override(experiment, path, text)
        with Bars() as bars:
            found = search_model(experiment, data, trials=trials, file=file, model=name, metric=metric, progress=bars)
        if as_json:
            typer.echo(json.dumps(found.to_json()))
        else:
            screen.print(trial_table(found.metric, found.today, [(one.value, one.settings) for one in found.trials]))
            for assignment in found.assignments:
                screen.print(f"--set {assignment}", soft_wrap=True)


@app.command()
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
    from taojin.run import load  # noqa: PLC0415

    with _told():
        if users is not None or out is not None:
            _recommend_in_bulk(run, users, out, user, scene, n)
            return
        brought = [part.strip() for part in (history or "").split(",") if part.strip()]
        _show(load(run).recommend(user, scene=scene, n=n, history=brought, explain=explain), as_json)


def _recommend_in_bulk(run: Path, users: str | None, out: Path | None, user: str | None, scene: str, n: int) -> None:
    from taojin.serving.in_bulk import recommend_in_bulk  # noqa: PLC0415

    if users is None or out is None or user is not None:
        raise ValueError("--users and --out belong together, without --user: --users all --out lists.parquet")
    asked = None
    if users != "all":
        if not Path(users).is_file():
            raise ValueError(f"--users {users}: no such file; expected all, or a file with the id of a user a line")
        asked = [line.strip() for line in Path(users).read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    with Bars() as bars:
        answered, unknown = recommend_in_bulk(run, asked, out, scene=scene, n=n, progress=bars)
    strangers = f"; {unknown:,} of them are unknown to it and get what strangers get" if unknown else ""
    typer.echo(f"{answered:,} users of {run} in {out}{strangers}")


@app.command()
def similar(
    run: RunPath,
    item: Annotated[str, typer.Option(help="External id of an item.")],
    n: Number = 10,
    explain: Explain = False,
    as_json: AsJson = False,
) -> None:
    """Items like an item."""
    from taojin.run import load  # noqa: PLC0415

    with _told():
        _show(load(run).similar(item, n=n, explain=explain), as_json)


@app.command()
def serve(
    run: RunPath,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0 takes a free one.", min=0, max=65535)] = 8000,
) -> None:
    """Serve a run: the HTTP API and the site."""
    from taojin.live.sqlite import live_path  # noqa: PLC0415
    from taojin.serving.server import serve as run_server  # noqa: PLC0415

    with _told():
        run_server(run, live_path(run), host=host, port=port, ready=typer.echo)


@data.command()
def check(
    recipe: Annotated[str, typer.Argument(help=RECIPE)],
    path: Annotated[Path | None, typer.Option("--data", help="Folder or zip with the raw data.", metavar="DIR")] = None,
) -> None:
    """Read and check a recipe's data, say what is in it and what to expect of it."""
    from taojin.data.check import facts  # noqa: PLC0415
    from taojin.data.expect import expectations  # noqa: PLC0415
    from taojin.run import find  # noqa: PLC0415

    with _told():
        dataset = find(recipe).data.load(path)
        screen.print(str(facts(dataset)), markup=False)
        for sentence in expectations(dataset):
            screen.print(f"- {sentence}", highlight=False, markup=False)


def _show(answer: Any, as_json: bool) -> None:
    typer.echo(json.dumps(answer.to_json(), ensure_ascii=False) if as_json else str(answer))


def _assignment(text: str) -> tuple[str, str]:
    path, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set {text!r}: expected FIELD=VALUE, such as models.din.dim=32")
    return path.strip(), value.strip()


@contextmanager
def _told() -> Iterator[None]:
    """Turn what a user can mend into a message and exit code 1; --debug shows the traceback."""
    from taojin.bundle import BundleError  # noqa: PLC0415
    from taojin.core.stages import StageError  # noqa: PLC0415

    try:
        yield
    except (ValueError, BundleError, OSError, StageError) as error:
        if state["debug"]:
            raise
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        raise typer.Exit(130) from None


if __name__ == "__main__":
    app()
