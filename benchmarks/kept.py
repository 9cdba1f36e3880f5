"""What models of the package predict for encoded rows, each fitted once: an interrupted benchmark goes on."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.encoded import EncodedRows
from benchmarks.fits.ours import columns, parts
from benchmarks.fits.task import PARTS
from benchmarks.quality import commit
from taojin.core.units import Floats
from taojin.ranking.lesson import Lesson
from taojin.ranking.model import RankingModel


@dataclass(frozen=True)
class Kept:
    """The predictions in a folder, a file per fit, named by rows, model, tasks and seed.

    part    the part that is looked at, a value of PARTS
    """

    folder: Path
    rows: EncodedRows
    part: int
    sequence: bool

    def said(self, name: str, spec: RankingModel, targets: tuple[str, ...], seed: int) -> dict[str, Floats]:
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

    def _fit(self, spec: RankingModel, targets: tuple[str, ...], seed: int, file: Path) -> None:
        read = columns(self.rows, sequence=self.sequence)
        learned = parts(self.rows, read, targets)
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
