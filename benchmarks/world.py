"""`python -m benchmarks world`: the generated world beside MovieLens, and how far popularity gets on it.

Name MovieLens folders or archives to have them measured, too: `--movielens ml-latest-small --order ml-1m`.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from taojin.data.movielens import MovieLens, MovieLensOrder
from taojin.world.figures import figures
from taojin.world.reach import reach
from taojin.world.world import World


def main(arguments: list[str]) -> None:
    """Measure, print a table in Markdown, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks world", description=__doc__)
    parser.add_argument("--movielens", type=Path, action="append", default=[], help="a set with times; may be repeated")
    parser.add_argument("--order", type=Path, action="append", default=[], help="a set with positions; may be repeated")
    parser.add_argument("--seeds", type=int, default=3, help="worlds to make")
    options = parser.parse_args(arguments)

    columns: dict[str, dict[str, float]] = {}
    for path in options.movielens:
        columns[path.name] = asdict(figures(MovieLens().load(path)))
    for path in options.order:
        columns[path.name] = asdict(figures(MovieLensOrder().load(path)))
    for seed in range(options.seeds):
        world = World(seed=seed)
        dataset = world.load()
        columns[f"world, seed {seed}"] = asdict(figures(dataset)) | _shares(asdict(reach(dataset, world.truth())))
    print(table(columns))
    print(json.dumps(columns))


def _shares(likes: dict[str, float]) -> dict[str, float]:
    return likes | {"popular_of_ideal": likes["popular"] / likes["ideal"]}


def table(columns: dict[str, dict[str, float]]) -> str:
    """Columns of figures as a table in Markdown; a figure that a column lacks is left empty."""
    rows = list(dict.fromkeys(name for column in columns.values() for name in column))
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for row in rows:
        cells = [f"{column[row]:,.3f}".rstrip("0").rstrip(".") if row in column else "" for column in columns.values()]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
