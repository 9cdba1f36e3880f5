"""What models of the package predict for encoded rows, each fitted once: an interrupted benchmark goes on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.encoded import EncodedRows
from benchmarks.fits.task import PARTS, VALID
from benchmarks.lines import Line, columns_of, part_of
from benchmarks.quality import commit
from taojin.core.auc import auc
from taojin.core.units import Floats
from taojin.ranking.lesson import Lesson


@dataclass(frozen=True)
class Kept:
    """The predictions in a folder, a file per fit, named by rows, model, tasks and seed.

    part    the part that is looked at, a value of PARTS
    """

    folder: Path
    rows: EncodedRows
    part: int

    def best(self, name: str, specs: Sequence[Line], targets: tuple[str, ...], *, by: tuple[str, ...]) -> Line:
        """The spec with the best mean AUC of the tasks `by` on validation after a fit of seed 0, whatever is judged."""
        if len(specs) == 1:
            return specs[0]
        valid = replace(self, part=VALID)
        found = [np.mean([valid.aucs(name, spec, targets, 0)[task] for task in by]) for spec in specs]
        return specs[int(np.argmax(found))]

    def aucs(self, name: str, spec: Line, targets: tuple[str, ...], seed: int) -> dict[str, float]:
        """AUC of each task after one fit, where its label is known."""
        found = {}
        for task, said in self.said(name, spec, targets, seed).items():
            label = self.labels(task)
            known = ~np.isnan(label)
            found[task] = auc(label[known], said[known])
        return found

    def said(self, name: str, spec: Line, targets: tuple[str, ...], seed: int) -> dict[str, Floats]:
        """Probability of each task for the rows of the part, after a fit on the training rows if there was none."""
        key = hashlib.sha256(repr((self.of_rows, spec, targets)).encode()).hexdigest()[:12]
        file = self.folder / f"{name}-{'-'.join(targets)}-seed{seed}-{key}.npz"
        if not file.exists():
            self._fit(spec, targets, seed, file)
        of = next(name for name, part in PARTS.items() if part == self.part)
        with np.load(file) as kept:
            return {target: kept[f"{of}.{target}"] for target in targets}

    def labels(self, target: str) -> Floats:
        """Labels of the part's rows."""
        return self.rows.labels[target][self.rows.part == self.part]

    def _fit(self, spec: Line, targets: tuple[str, ...], seed: int, file: Path) -> None:
        read = columns_of(spec, self.rows)
        learned = [part_of(self.rows, part, read, targets, spec) for part in (0, *PARTS.values())]
        ranker = spec.fit(Lesson(learned[0], learned[1], read, seed=seed))
        said = {name: ranker.score(learned[part].rows) for name, part in PARTS.items()}
        arrays = {f"{name}.{target}": values for name, of in said.items() for target, values in of.items()}
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(".part.npz")
        np.savez(beside, **arrays, commit=np.array(self.commit))
        beside.replace(file)

    @cached_property
    def of_rows(self) -> str:
        """The name of the rows, hashed once for all fits."""
        return self.rows.fingerprint(None)

    @cached_property
    def commit(self) -> str:
        """The code as it stands when the first fit starts."""
        return commit()

    def commits(self) -> str:
        """The states of the code that made what is kept."""
        found = set()
        for file in self.folder.glob("*-seed*.npz"):
            with np.load(file) as kept:
                found.add(str(kept["commit"]))
        return ", ".join(sorted(found))
