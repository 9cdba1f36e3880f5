"""What a recipe's data holds."""

import time
from pathlib import Path
from typing import Annotated

import typer

from taojin.cli.common import Recipe, screen, told
from taojin.core.bars import Bars


def check(
    recipe: Recipe,
    path: Annotated[Path | None, typer.Option("--data", help="Folder or zip with the raw data.", metavar="DIR")] = None,
    trials: Annotated[bool, typer.Option(help="Train on some users to tell time and memory of all.")] = True,
) -> None:
    """Read and check a recipe's data, say what is in it, what to expect of it, and what training will take."""
    started = time.perf_counter()
    from taojin.data.check import facts
    from taojin.data.expect import expectations
    from taojin.run import find

    with told():
        experiment = find(recipe)
        dataset = experiment.data.load(path)
        reading = time.perf_counter() - started
        screen.print(str(facts(dataset)), markup=False)
        for sentence in expectations(dataset):
            screen.print(f"- {sentence}", highlight=False, markup=False)
        if trials:
            from taojin.experiment.estimate import estimate

            with Bars() as bars:
                found = estimate(experiment, dataset, bars, reading=reading)
            screen.print(f"- {found}", highlight=False, markup=False)
