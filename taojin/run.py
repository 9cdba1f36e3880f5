"""The Python API: the verbs of the command line as functions.

run = taojin.train("world", out="runs/demo")
run = taojin.load("runs/demo")
print(run.recommend(user="u17", n=10, explain=True))
print(run.similar(item="m42"))
print(run.evaluate())
"""

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from taojin.bundle.bundle import Bundle, recipe_of
from taojin.core.hint import did_you_mean
from taojin.core.progress import Progress
from taojin.core.spec import override
from taojin.live.store import open_store
from taojin.serving.answer import Answer
from taojin.serving.filters import Word
from taojin.serving.question import FOR_YOU, Question
from taojin.serving.recommender import Recommender

if TYPE_CHECKING:
    from taojin.evaluation.evaluation import Evaluation
    from taojin.scene import Experiment

RECIPES = {
    "world": "taojin.recipes.world:world",
    "world_tiny": "taojin.recipes.world:world_tiny",
    "kuairand": "taojin.recipes.kuairand:kuairand",
    "movielens": "taojin.recipes.movielens:movielens",
    "movielens_order": "taojin.recipes.movielens:movielens_order",
}
"""The recipes that ship, by name."""


class Run:
    """A trained run: its bundle, and what has happened to it since."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.bundle = Bundle.load(self.path)

    @cached_property
    def recommender(self) -> Recommender:
        """Answers requests from the bundle and the live store beside it."""
        return Recommender(self.bundle, open_store(self.path))

    def recommend(
        self,
        user: str | None = None,
        *,
        scene: str = FOR_YOU,
        n: int = 10,
        history: Sequence[str] = (),
        only: Mapping[str, Sequence[Word]] | None = None,
        exclude: Sequence[str] = (),
        explain: bool = False,
    ) -> Answer:
        """A personal list; `history` brings along what a stranger has liked, oldest first."""
        asked = Question(
            user=user, scene=scene, n=n, history=history, only=only or {}, exclude=exclude, explain=explain
        )
        return self.recommender.recommend(asked)

    def similar(self, item: str, *, n: int = 10, user: str | None = None, explain: bool = False) -> Answer:
        """Items like an item; with a user, without what the user has had."""
        return self.recommender.similar(item, n=n, user=user, explain=explain)

    def evaluate(self, *, data: Path | str | None = None, dump: Path | str | None = None) -> "Evaluation":
        """Judge the funnel, its channels and its stages on the test part of the data it was trained on.

        data    where the data lies now, if it has moved
        dump    folder for every list and test set as Parquet
        """
        from taojin.experiment.evaluate import evaluate  # noqa: PLC0415

        return evaluate(self.path, data=data, dump=dump)


def load(path: Path | str) -> Run:
    """A trained run; its files are checked and its golden requests replayed. Raises BundleError."""
    return Run(path)


def train(
    recipe: "str | Experiment | None" = None,
    data: Path | str | None = None,
    out: Path | str = "runs/latest",
    *,
    set: Mapping[str, str] | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
    base: Path | str | None = None,
    events: Path | str | None = None,
) -> Run:
    """Train a recipe and write its bundle to `out`; what the place held before is kept beside it.

    recipe  a name of RECIPES, `path/to/file.py:function`, or an Experiment; None: that of `base`
    data    folder or file that the recipe reads; a generated world takes None; with `base` it is where it was
    set     fields to change, such as {"models.din.dim": "32"}
    base    folder of a run to go on from: its ids keep their rows, and trainings begin with its weights
    events  what has happened since: a file, or "live" for what the base's service has collected
    """
    from taojin.experiment.base import Base  # noqa: PLC0415
    from taojin.experiment.train import Trained  # noqa: PLC0415
    from taojin.experiment.train import train as train_experiment  # noqa: PLC0415

    start, before = None, None
    if base is not None:
        start, before = Base.of(Bundle.load(base)), recipe_of(Path(base))
        assert isinstance(before, Trained), "experiment.json holds what training wrote"
        recipe = recipe or before.experiment
    elif events is not None:
        raise ValueError("events: they come after those of a run; name it: --from RUN")
    if recipe is None:
        raise ValueError("recipe: expected a name, a path/to/file.py:function, or --from RUN; got none")
    experiment = find(recipe) if isinstance(recipe, str) else recipe
    if before is not None and data is None:
        _check_same(experiment, before.experiment)
        data = before.data
    for path, text in (set or {}).items():
        experiment = override(experiment, path, text)
    if seed is not None:
        experiment = replace(experiment, seed=seed)
    if events is not None and (Path(events).is_dir() or "*" in str(events)):
        found = "a folder" if Path(events).is_dir() else "a pattern"
        raise ValueError(f"events {events}: expected one file, or live, got {found}; put the files into one")
    if start is not None and events is not None:
        start = start.with_events(experiment.data, events)
    train_experiment(experiment, data, out, progress, base=start)
    return Run(out)


def _check_same(ours: "Experiment", theirs: "Experiment") -> None:
    """Refuse a recipe whose data are not those of the run that it would go on from."""
    if ours.name != theirs.name and ours.data != theirs.data:
        raise ValueError(
            f"recipe {ours.name!r}: another than the run's, {theirs.name!r}, and reads other data; leave the recipe "
            "out to take the run's, leave --from out, or say by --data that these data are meant"
        )


def find(recipe: str) -> "Experiment":
    """The experiment of a recipe's name or of `path/to/file.py:function`."""
    from taojin.scene import Experiment  # noqa: PLC0415

    path, _, function = RECIPES.get(recipe, recipe).partition(":")
    if recipe in RECIPES:
        module = importlib.import_module(path)
    elif path.endswith(".py"):
        module = _run_file(recipe, path)
    else:
        hint = did_you_mean(recipe, RECIPES).rstrip("?")
        raise ValueError(f"recipe {recipe!r}: not known; {hint}, or a path/to/file.py:function?")
    made = getattr(module, function, None) if function else None
    if made is None:
        raise ValueError(f"recipe {recipe!r}: {module.__name__} has no function {function!r}; write FILE.py:FUNCTION")
    expected = f"recipe {recipe!r}: expected a function without arguments that returns an Experiment"
    if not callable(made):
        raise ValueError(f"{expected}, got {type(made).__name__}")
    try:
        inspect.signature(made).bind()
    except TypeError as error:
        raise ValueError(f"{expected}, got {function}{inspect.signature(made)}") from error
    try:
        with nullcontext() if recipe in RECIPES else _beside(path):
            experiment = made()
    except Exception as error:
        raise _of_the_user(recipe, path, error) from error
    if not isinstance(experiment, Experiment):
        raise ValueError(f"{expected}, got one that returns {type(experiment).__name__}")
    return experiment


def _run_file(recipe: str, path: str) -> ModuleType:
    """A recipe's file as a module."""
    if not Path(path).is_file():
        raise ValueError(f"recipe {recipe!r}: no file {path}")
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None and spec.loader is not None, "a path that ends in .py has a loader"
    module = importlib.util.module_from_spec(spec)
    try:
        with _beside(path):
            spec.loader.exec_module(module)
    except Exception as error:
        raise _of_the_user(recipe, path, error) from error
    return module


@contextmanager
def _beside(path: str) -> Iterator[None]:
    """Let a recipe's file import what lies beside it, as any program may."""
    folder = str(Path(path).resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _of_the_user(recipe: str, path: str, error: Exception) -> ValueError:
    """A recipe is its user's program: whatever is wrong with it, say what and in which line."""
    frames, own = traceback.extract_tb(error.__traceback__), Path(path).resolve()
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == own]
    where = f"{path}, line {lines[-1]}" if lines else path
    if isinstance(error, ValueError):  # what the package says of a part
        return ValueError(f"recipe {recipe!r}: {where}: {error}")
    return ValueError(f"recipe {recipe!r}: {where} cannot be run, {type(error).__name__}: {error}")
