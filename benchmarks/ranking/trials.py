"""Fits of one model by several programs, each kept as a Parquet file of what it predicts."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.encoded import EncodedRows
from benchmarks.environment import ROOT, peer_python
from benchmarks.fits.task import PARTS, Task
from benchmarks.quality import commit
from taojin.core.auc import auc

PEERS = ("deepctr", "rechub")
ABSENT = {("rechub", "fm"), ("rechub", "xdeepfm")}
"""What a peer has no model of."""
MODULES = {"taojin": "benchmarks.fits.ours", "deepctr": "benchmarks.fits.deepctr", "rechub": "benchmarks.fits.rechub"}
RATES = (1e-4, 5e-4, 1e-3, 4e-3)


@dataclass(frozen=True)
class Trials:
    """The fits on some rows.

    folder      gets a folder per state of the rows and limits, so that nothing of other rows is taken for done
    rowwise     models whose tables learn by row-wise Adagrad with us, not Adam
    """

    rows: EncodedRows
    folder: Path
    seeds: int
    epochs: int
    batch: int
    threads: int
    rates: tuple[float, ...] = RATES
    rowwise: tuple[str, ...] = ()

    def has(self, side: str, model: str) -> bool:
        """Whether a program has the model."""
        return (side, model) not in ABSENT

    def aucs(self, side: str, model: str, target: str, part: str) -> list[float]:
        """AUC of each seed on a part, at the learning rate that is best for the first seed on validation."""
        valid = [self._auc(self._done(side, model, target, rate, 0), "valid") for rate in self.rates]
        best = self.rates[int(np.argmax(valid))]
        return [self._auc(self._done(side, model, target, best, seed), part) for seed in range(self.seeds)]

    @cached_property
    def place(self) -> Path:
        """Where the fits on these rows are kept."""
        place = self.folder / self.rows.fingerprint([self.epochs, self.batch])
        place.mkdir(parents=True, exist_ok=True)
        self.rows.save(place / "rows.npz")
        return place

    def commits(self, side: str) -> list[str]:
        """The states of the code that made what is kept of a program."""
        made = [
            pq.read_schema(file).metadata[b"commit"].decode() for file in sorted(self.place.rglob(f"{side}-*.parquet"))
        ]
        return sorted(set(made))

    @cached_property
    def commit(self) -> str:
        """The code as it stands when the first fit starts."""
        return commit()

    @staticmethod
    def _auc(file: Path, part: str) -> float:
        said = pq.read_table(file, filters=[("part", "=", PARTS[part])])
        return auc(said["label"].to_numpy(), said["probability"].to_numpy())

    def _done(self, side: str, model: str, target: str, rate: float, seed: int) -> Path:
        """The file of a fit, which is made if it is not there."""
        file = self.place / target / model / f"{side}-rate{rate}-seed{seed}.parquet"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            self._fit(side, model, target, rate, seed, file)
        return file

    def _fit(self, side: str, model: str, target: str, rate: float, seed: int, file: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "predictions.npz"
            task = Task(
                str(self.place / "rows.npz"), model, target, self.epochs, self.batch, rate, self.threads, str(out),
                patience=1, seed=seed, rowwise=model in self.rowwise,
            )  # fmt: skip
            python = Path(sys.executable) if side == "taojin" else peer_python(side)
            environment = os.environ | {"OMP_NUM_THREADS": str(self.threads), "OMP_WAIT_POLICY": "passive"}
            command = [str(python), "-m", MODULES[side], json.dumps(asdict(task))]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{side}: {model} failed\n{done.stderr}")
            with np.load(out) as said:
                made = {"fit": done.stdout.splitlines()[-1], "commit": self.commit}
                keep(self.rows, target, {name: said[name] for name in PARTS}, made, file)
        print(f"  {side} {model} {target} rate {rate} seed {seed}: {done.stdout.splitlines()[-1]}", flush=True)


def keep(rows: EncodedRows, target: str, said: dict[str, np.ndarray], made: dict[str, str], file: Path) -> None:
    """Write predictions beside their labels and users, and how they were made; complete or not at all."""
    tables = []
    for name, part in PARTS.items():
        of = rows.part == part
        columns = {"user": rows.columns["user"][of], "label": rows.labels[target][of], "probability": said[name]}
        tables.append(pa.table(columns | {"part": np.full(of.sum(), part, np.int8)}))
    table = pa.concat_tables(tables).replace_schema_metadata(made)
    beside = file.with_suffix(".part")
    pq.write_table(table, beside)
    beside.replace(file)
