"""What a recipe's data holds."""

from pathlib import Path
from typing import Annotated

import typer

from taojin.cli.common import Recipe, screen, told


def check(
    recipe: Recipe,
    path: Annotated[Path | None, typer.Option("--data", help="Folder or zip with the raw data.", metavar="DIR")] = None,
) -> None:
    """Read and check a recipe's data, say what is in it and what to expect of it."""
    from taojin.data.check import facts
    from taojin.data.expect import expectations
    from taojin.run import find

    with told():
        dataset = find(recipe).data.load(path)
        screen.print(str(facts(dataset)), markup=False)
        for sentence in expectations(dataset):
            screen.print(f"- {sentence}", highlight=False, markup=False)
