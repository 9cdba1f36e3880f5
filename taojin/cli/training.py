"""Make a recipe, train it, judge what came out."""

import glob
import json
from pathlib import Path
from typing import Annotated

import typer

from taojin.cli.common import RECIPE, AsJson, Changes, DataPath, RunPath, assignments, screen, told
from taojin.core.bars import Bars


def new(
    name: Annotated[str, typer.Argument(help="Name of the recipe, and of the folder that it goes to.")],
    events: Annotated[Path, typer.Option(help="What happened: a file, a folder or a pattern.", metavar="FILE")],
    items: Annotated[Path | None, typer.Option(help="The catalogue.", metavar="FILE")] = None,
    users: Annotated[Path | None, typer.Option(help="The people.", metavar="FILE")] = None,
    user: Annotated[str | None, typer.Option(help="Column of the events with the user.", metavar="COLUMN")] = None,
    item: Annotated[str | None, typer.Option(help="Column of the events with the item.", metavar="COLUMN")] = None,
) -> None:
    """Look at somebody's files, say what they are taken for, and write a recipe for them."""
    from taojin.start.plan import look
    from taojin.start.write import training, write

    with told(writing=Path(name)):
        named = {what: column for what, column in (("user", user), ("item", item)) if column is not None}
        plan = look(name, events, items, users, named=named)
        file = write(plan, Path(name))
        screen.print(str(plan), highlight=False, markup=False, soft_wrap=True)
        typer.echo(f"\nrecipe {file}, what to do with it in {file.with_name('README.md')}")
        following = f"next: {training(name, str(file))}"
        screen.print(following, style="dim", soft_wrap=True, markup=False, highlight=False)


def fields(
    name: Annotated[str | None, typer.Argument(help="A spec, such as Swing; left out: the names of all.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="All of them, as docs/fields.md.")] = False,
) -> None:
    """What a recipe may hold: the fields of a spec, their types, defaults and meaning."""
    from taojin.start.fields import as_markdown, as_text, find, specs

    with told():
        if markdown:
            typer.echo(as_markdown(), nl=False)
        elif name is not None:
            typer.echo("\n\n".join(as_text(spec) for spec in find(name)))
        else:
            for head, some in specs().items():
                typer.echo(f"{head}\n  {', '.join(dict.fromkeys(spec.name for spec in some))}")


def train(
    recipe: Annotated[str | None, typer.Argument(help=f"{RECIPE} With --from: that of the run.")] = None,
    *,
    out: Annotated[Path, typer.Option(help="Where the bundle goes, in the place of one before.", metavar="DIR")],
    data: DataPath = None,
    set: Changes = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.", min=0, max=2**63 - 1)] = None,
    base: Annotated[
        Path | None, typer.Option("--from", help="Go on from a run: its ids, its weights.", metavar="RUN")
    ] = None,
    events: Annotated[
        str | None,
        typer.Option(help="With --from: a file of later events, or live for what its service has collected."),
    ] = None,
) -> None:
    """Train a recipe and write a bundle; what the place held before is kept beside it."""
    from taojin.bundle.bundle import recipe_of
    from taojin.run import train as run_train

    with told(writing=out):
        changes = assignments(set)
        try:
            with Bars() as bars:
                run = run_train(recipe, data, out, set=changes, seed=seed, progress=bars, base=base, events=events)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(*_kept(out)) from None
        for sentence in recipe_of(run.path).story:
            screen.print(sentence, highlight=False, markup=False)
        screen.print(f"bundle {run.bundle.name} {run.bundle.version} in {out}")
        screen.print(f"next: taojin evaluate {out}   |   taojin serve {out}", style="dim")


def report(
    run: RunPath,
    out: Annotated[Path | None, typer.Option(help="The page; beside the run by default.", metavar="FILE.html")] = None,
    data: DataPath = None,
    part: Annotated[str, typer.Option(help="test, or valid for what choices may look at.")] = "test",
) -> None:
    """Judge a run and write one HTML page with plots, which opens offline."""
    page = out or run.with_name(f"{run.name}.report.html")
    with told(writing=page):
        try:
            from taojin.report.report import report as write
        except ImportError as error:
            raise ValueError(f"{error}; the page needs the extra `report`: pip install 'taojin[report]'") from error
        with Bars() as bars:
            evaluation = write(run, page, data=data, part=part, progress=bars)
        screen.print(str(evaluation), highlight=False, markup=False)
        typer.echo(f"report {page}")


def evaluate(
    run: RunPath,
    data: DataPath = None,
    part: Annotated[str, typer.Option(help="test, or valid for what choices may look at.")] = "test",
    as_json: AsJson = False,
    dump: Annotated[Path | None, typer.Option(help="Write every list and test set as Parquet.", metavar="DIR")] = None,
) -> None:
    """Judge a run on the test part of its data, beside the baselines."""
    from taojin.evaluation.report_table import report_table
    from taojin.experiment.evaluate import evaluate as judge

    with told(writing=dump):
        with Bars() as bars:
            result = judge(run, data=data, part=part, dump=dump, progress=bars)
        if as_json:
            typer.echo(json.dumps(result.to_json()))
        else:
            screen.print(report_table(result))


def _kept(out: Path) -> list[str]:
    """What to say of the checkpoints that an interrupted training has left; nothing where there are none."""
    place = out.absolute()
    left = place.parent.glob(f".{glob.escape(place.name)}.{'[0-9a-f]' * 12}.checkpoints/*")
    return ["the same command goes on from where it was"] if any(left) else []
