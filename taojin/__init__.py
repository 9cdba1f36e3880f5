"""Taojin: an industrial multi-stage recommender in one package.

>>> import taojin
>>> run = taojin.load("runs/demo")                # doctest: +SKIP
>>> run.recommend(user="u17", n=10)               # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taojin.run import Run, load, train

__version__ = "0.1.0"
__all__ = ["Run", "__version__", "load", "train"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for, so that the service, which imports this package, does not load what trains.
    if name in ("Run", "load", "train"):
        import taojin.run  # noqa: PLC0415

        return getattr(taojin.run, name)
    raise AttributeError(f"module 'taojin' has no attribute {name!r}")
