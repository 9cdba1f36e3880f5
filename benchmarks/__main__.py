"""`python -m benchmarks NAME ...`: runs one of them."""

import importlib
import os
import sys

BENCHMARKS = {
    "channels": "benchmarks.channels",
    "gains": "benchmarks.gains",
    "latency": "benchmarks.latency",
    "neighbours": "benchmarks.neighbours",
    "own-files": "benchmarks.own_files",
    "preranking": "benchmarks.preranking",
    "quality": "benchmarks.quality",
    "ranking": "benchmarks.ranking",
    "reading": "benchmarks.reading",
    "retrieval": "benchmarks.retrieval",
    "retrieval-speed": "benchmarks.retrieval_speed",
    "training-speed": "benchmarks.training_speed",
    "world": "benchmarks.world",
    "zoo": "benchmarks.zoo",
}
"""Modules with `main(arguments: list[str]) -> None`, imported only when asked for."""


def main() -> None:
    """Hand the arguments on to the named benchmark."""
    name, *arguments = sys.argv[1:] or [""]
    if name in ("-h", "--help"):
        print(f"usage: python -m benchmarks {{{','.join(BENCHMARKS)}}} ...\n\nEach has a --help of its own.")
        return
    if name not in BENCHMARKS:
        sys.exit(f"usage: python -m benchmarks {{{','.join(BENCHMARKS)}}} ...   (got {name!r})")
    # Read when NumPy or torch starts its threads: those that spin while they wait starve each other on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        importlib.import_module(BENCHMARKS[name]).main(arguments)
    except ValueError as error:  # what the package says of bad input
        sys.exit(f"{name}: {error}")


if __name__ == "__main__":
    main()
