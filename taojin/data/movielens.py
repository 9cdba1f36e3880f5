"""MovieLens: ratings of films, in each of GroupLens' own formats.

Harper and Konstan, TiiS 2015, https://doi.org/10.1145/2827872. The terms of most of these sets forbid redistribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taojin.data.dataset import Clock, Dataset
from taojin.data.folder import Folder, folders
from taojin.data.kinds import Kinds, Label
from taojin.data.movielens_layouts import LAYOUTS, ORDER, Layout
from taojin.data.tables import build


@dataclass(frozen=True, kw_only=True)
class MovieLens:
    """MovieLens 100k, 1M, 10M, latest-small, 20M, 25M, 32M: a folder or a zip archive of one of them.

    Every rating is an event `rate`; from `like_from` stars on it is a `like`, too. Films have `title`, `year`,
    `released` (ms, 1 January), `genres`, and `imdb`, `tmdb`, `directors`, `actors` where the folder has them; users
    have `gender`, `age` (a bracket) and `occupation` where it has those.
    """

    like_from: float = 3.5

    @property
    def name(self) -> str:
        """What recipes call it."""
        return "movielens"

    def load(self, path: Path | None, *, rejects: Path | None = None) -> Dataset:
        """Read and check a folder or zip archive, or the one that lies in a folder.

        rejects     a CSV file for the rows that are refused
        """
        return _load(path, LAYOUTS, Clock.REAL, self.like_from, rejects)


@dataclass(frozen=True, kw_only=True)
class MovieLensOrder:
    """MovieLens 1M with the exact order of each user's ratings and no times: `ratings.csv` with a column `position`."""

    like_from: float = 3.5

    @property
    def name(self) -> str:
        """What recipes call it."""
        return "movielens_order"

    def load(self, path: Path | None, *, rejects: Path | None = None) -> Dataset:
        """Read and check a folder; its clock is ORDER, time the position within the user.

        rejects     a CSV file for the rows that are refused
        """
        return _load(path, (ORDER,), Clock.ORDER, self.like_from, rejects)


def _load(
    path: Path | None, layouts: Sequence[Layout], clock: Clock, like_from: float, rejects: Path | None
) -> Dataset:
    if path is None:
        raise ValueError("movielens: name the folder or zip archive of the data set, such as --data ml-latest-small")
    folder, layout = _find(path, layouts)
    users, items, events = layout.read(folder)
    kinds = Kinds(("rate", "like"), (Label("like", "rate", at_least=like_from),))
    dataset, _ = build(
        path.resolve().stem, users=users, items=items, events=events, kinds=kinds, clock=clock, rejects=rejects
    )
    return dataset


def _find(path: Path, layouts: Sequence[Layout]) -> tuple[Folder, Layout]:
    """The one folder or archive under a path that has the files of a layout."""
    found = _fitting(path, layouts)
    if not found:
        looked_for = "; or ".join(f"{', '.join(layout.needs)} ({layout.name})" for layout in layouts)
        others = _fitting(path, (*LAYOUTS, ORDER))
        hint = "".join(f"; {folder.path} is {layout.name}, for {layout.source}" for folder, layout in others)
        raise ValueError(
            f"{path}: no MovieLens files; looked here and one folder or zip archive down for {looked_for}{hint}"
        )
    if len({folder.path for folder, _ in found}) > 1:
        raise ValueError(f"{path}: several data sets, {', '.join(str(folder.path) for folder, _ in found)}; name one")
    return found[0]


def _fitting(path: Path, layouts: Sequence[Layout]) -> list[tuple[Folder, Layout]]:
    return [
        (folder, layout)
        for folder in folders(path)
        for layout in layouts
        if all(name in folder for name in layout.needs)
    ]
