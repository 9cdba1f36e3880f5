"""Trainings that begin where those of an earlier run have ended.

    with States(before=old / "weights", keep=new / "weights").used():
        with within("embeddings/dssm"):
            ...  # every `train` inside begins with what that of the same part and name has left, and leaves its own

A table's rows are matched field by field: codes of an earlier run are the first codes of the next (vocabularies only
grow), and rows that are new begin as they would have. So are the rows of weights that their module names in `by_row`,
which belong to users or items. Any other weights of another shape begin anew.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from taojin.core.units import PAD
from taojin.nn.table import Table

STARTS = "starts of "
"""Beside a table's weights: where each field begins."""

_current: ContextVar["States | None"] = ContextVar("states of trainings", default=None)
_part: ContextVar[str] = ContextVar("part of the recipe that is fitted", default="")


class States:
    """What an earlier run's trainings have left, and what those of this one leave.

    before  folder of the earlier run's; None: everything begins anew
    keep    folder for this one's
    begun   names of trainings that began with earlier weights
    """

    def __init__(self, before: Path | None, keep: Path) -> None:
        self.before, self.keep = before, keep
        self.begun: list[str] = []
        self.count: Counter[str] = Counter()

    @contextmanager
    def used(self) -> Iterator["States"]:
        """Trainings of the block begin and end here."""
        token = _current.set(self)
        try:
            yield self
        finally:
            _current.reset(token)

    def begin(self, name: str, module: nn.Module) -> str:
        """Fill the module with what its training has left; the file that it will leave its own in.

        Trainings of the same part and name are told apart by their order.
        """
        training = f"{_part.get()}{name}"
        self.count[training] += 1
        file = f"{training}-{self.count[training]}.npz"
        if self.before is not None and (self.before / file).exists():
            with np.load(self.before / file, allow_pickle=False) as left:
                if _fill(module, {key: left[key] for key in left.files}):
                    self.begun.append(name)
        return file

    def end(self, file: str, module: nn.Module) -> None:
        """Leave the module's weights."""
        (self.keep / file).parent.mkdir(parents=True, exist_ok=True)
        tables = _tables(module)
        starts = {f"{STARTS}{key}": _names(table) for key, table in tables.items()}
        weights = {key: value.detach().cpu().numpy() for key, value in module.state_dict().items()}
        arrays: dict[str, Any] = {**weights, **starts}
        np.savez(self.keep / file, **arrays)


@contextmanager
def within(part: str) -> Iterator[None]:
    """Trainings of the block belong to this part of the recipe, whatever else is fitted before them.

    part    a path; a block within another's goes on from its path
    """
    token = _part.set(f"{_part.get()}{part}/")
    try:
        yield
    finally:
        _part.reset(token)


def begin(name: str, module: nn.Module) -> str | None:
    """Let a training begin with earlier weights, where a run goes on; what `end` is to be told."""
    states = _current.get()
    return None if states is None else states.begin(name, module)


def end(file: str | None, module: nn.Module) -> None:
    """Let the weights of a training be kept, where a run keeps them."""
    states = _current.get()
    if states is not None and file is not None:
        states.end(file, module)


@torch.no_grad()
def _fill(module: nn.Module, left: dict[str, np.ndarray]) -> bool:
    """Copy what fits; whether anything did."""
    tables, found = _tables(module), False
    rows = {
        f"{name}.{weights}" if name else weights
        for name, part in module.named_modules()
        for weights in getattr(part, "by_row", ())
    }
    for key, mine in module.state_dict().items():
        if key not in left:
            continue
        theirs = torch.from_numpy(left[key])
        if key in tables:
            found |= _fill_table(tables[key], theirs, left.get(f"{STARTS}{key}"))
        elif theirs.shape == mine.shape:
            mine.copy_(theirs)
            found = True
        elif key in rows and theirs.shape[1:] == mine.shape[1:]:
            size = min(len(theirs), len(mine))
            mine[:size] = theirs[:size].to(mine.device)
            found = True
    return found


def _fill_table(table: Table, theirs: Tensor, starts: np.ndarray | None) -> bool:
    """Rows of the fields that both have, as many as the shorter one."""
    if starts is None or theirs.shape[1] != table.dim:
        return False
    before = {str(name): int(start) for name, start in starts}
    mine = _extents(table.starts, len(table.weight))
    for name, (start, stop) in _extents(before, len(theirs)).items():
        if name in mine:
            first, last = mine[name]
            size = min(stop - start, last - first)
            table.weight[first : first + size] = theirs[start : start + size].to(table.weight.device)
    table.weight[PAD] = 0
    return True


def _extents(starts: dict[str, int], rows: int) -> dict[str, tuple[int, int]]:
    ordered = sorted(starts.items(), key=lambda pair: pair[1])
    ends = [start for _, start in ordered[1:]] + [rows]
    return {name: (start, stop) for (name, start), stop in zip(ordered, ends, strict=True)}


def _tables(module: nn.Module) -> dict[str, Table]:
    """Tables by the key of their weights."""
    return {
        f"{name}.weight" if name else "weight": part for name, part in module.named_modules() if isinstance(part, Table)
    }


def _names(table: Table) -> np.ndarray:
    """A row for each field: its name and where it begins."""
    return np.array([[name, str(start)] for name, start in table.starts.items()], np.str_).reshape(-1, 2)
