"""Choose settings on validation."""

import json
from pathlib import Path
from typing import Annotated

import typer

from taojin.cli.common import AsJson, Changes, DataPath, Recipe, RunPath, assignments, screen, told
from taojin.core.bars import Bars


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
    from taojin.evaluation.report_table import quota_tables
    from taojin.experiment.tune import check_copy, tune_quotas, with_quotas

    with told(writing=apply):
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


def model(
    recipe: Recipe,
    trials: Annotated[int, typer.Option(help="Trials in all, those made before included.", min=1)] = 20,
    data: DataPath = None,
    name: Annotated[str | None, typer.Option("--model", help="Name of a ranker; the one of the main scene.")] = None,
    metric: Annotated[str, typer.Option(help="auc or logloss, on validation rows.")] = "auc",
    file: Annotated[
        Path, typer.Option(help="Where trials are kept; a search that was interrupted goes on.", metavar="FILE")
    ] = Path("runs/tune.db"),
    set: Changes = None,
    as_json: AsJson = False,
) -> None:
    """Search for the settings of a ranker with Optuna; the first trial is the recipe as it stands."""
    from taojin.core.spec import override
    from taojin.evaluation.report_table import trial_table
    from taojin.experiment.search import search_model
    from taojin.run import find

    with told(writing=file):
        experiment = find(recipe)
        for path, text in assignments(set).items():
            experiment = override(experiment, path, text)
        with Bars() as bars:
            found = search_model(experiment, data, trials=trials, file=file, model=name, metric=metric, progress=bars)
        if as_json:
            typer.echo(json.dumps(found.to_json()))
        else:
            screen.print(trial_table(found.metric, found.today, [(one.value, one.settings) for one in found.trials]))
            for assignment in found.assignments:
                screen.print(f"--set {assignment}", soft_wrap=True)
