"""How long a recipe will train on some data, and how much memory it will take: measured on some of its users.

Two trials with whole users and the whole catalogue, each in a process of its own. What a training costs grows with its
users in a line, since what grows with the catalogue is the same in both; the line through the trials is followed up to
all users. Networks stop when they stop, so it is a rough figure.
"""

import resource
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from taojin.core.progress import Progress, Silent
from taojin.core.units import FIRST
from taojin.core.workers import fresh_processes
from taojin.data.dataset import Dataset, Log, take
from taojin.data.vocabulary import Vocabulary
from taojin.experiment.fit import Divided
from taojin.experiment.train import Trained, fit, write
from taojin.scene import Experiment

SMALL, LARGE = 5_000, 20_000
"""Events of the trials, about."""
BYTES = 1 if sys.platform == "darwin" else 1024
"""In which the system counts the memory that a process has had at most."""


@dataclass(frozen=True)
class Trial:
    """A training on some of the users.

    memory  the most that its process has had, bytes
    """

    events: int
    seconds: float
    memory: int


@dataclass(frozen=True)
class Estimate:
    """What the whole training is to take, from trials; with one trial, which had all events, it is what that took.

    reading     seconds until the data was read, which trials do not take
    >>> some = Estimate(100_000, (Trial(5_000, 6.0, 600_000_000), Trial(20_000, 12.0, 900_000_000)))
    >>> some.seconds, some.memory
    (44.0, 2500000000)
    >>> print(some)
    training is to take about 44 s and 2.5 GB (5,000 events took 6 s and 0.6 GB, 20,000 events 12 s and 0.9 GB)
    """

    events: int
    trials: tuple[Trial, ...]
    reading: float = 0.0

    @property
    def seconds(self) -> float:
        """Of the whole training."""
        return self.reading + self._followed([trial.seconds for trial in self.trials])

    @property
    def memory(self) -> int:
        """Of the whole training at most, bytes."""
        return round(self._followed([float(trial.memory) for trial in self.trials]))

    def _followed(self, values: list[float]) -> float:
        if len(values) == 1:
            return values[0]
        first, second = self.trials
        slope = max(0.0, (values[1] - values[0]) / (second.events - first.events))
        return values[1] + slope * (self.events - second.events)

    def __str__(self) -> str:
        said = f"training is to take about {_long(self.seconds)} and {_gb(self.memory)}"
        if len(self.trials) == 1:
            return f"{said}, as a trial with everything did"
        one, other = (f"{t.events:,} events" for t in self.trials)
        first, second = (f"{_long(t.seconds)} and {_gb(t.memory)}" for t in self.trials)
        return f"{said} ({one} took {first}, {other} {second})"


def estimate(
    experiment: Experiment, dataset: Dataset, progress: Progress | None = None, *, reading: float = 0.0
) -> Estimate:
    """Train the recipe on some of the data's users, and say what all of them will take here, as busy as the machine is.

    reading     seconds that it took to read the data

    Raises what a training raises.
    """
    sizes = (SMALL, LARGE) if len(dataset.log) > 2 * LARGE else (len(dataset.log),)
    trials = []
    with (progress or Silent()).task("trials", len(sizes)) as advance:
        for size in sizes:
            some = of_some_users(dataset, size, experiment.seed)
            # A fresh interpreter: what a process has had at most is never less than what it had before.
            with fresh_processes(1) as pool:
                trials.append(pool.submit(_trial, experiment, some).result())
            advance(1, f"{len(some.log):,} events")
    return Estimate(len(dataset.log), tuple(trials), reading)


def of_some_users(dataset: Dataset, events: int, seed: int) -> Dataset:
    """Whole users, drawn at random until they have about so many events, and the whole catalogue."""
    log = dataset.log
    size = np.diff(log.offsets)[FIRST:]
    order = np.random.default_rng(seed).permutation(np.flatnonzero(size))
    chosen = np.sort(order[: int(np.searchsorted(np.cumsum(size[order]), events)) + 1]) + FIRST
    kept = np.isin(log.user, chosen)
    offsets = np.concatenate([np.zeros(FIRST + 1, np.int64), np.cumsum(size[chosen - FIRST])])
    ids = tuple(dataset.user_vocabulary.ids[row - FIRST] for row in chosen.tolist())
    given = None if log.given is None else log.given[kept]
    return replace(
        dataset,
        users=dataset.users.take(chosen - FIRST),
        user_vocabulary=Vocabulary(ids),
        log=Log(offsets, take(log.events, np.flatnonzero(kept)), given),
    )


def _trial(experiment: Experiment, dataset: Dataset) -> Trial:
    """Fit everything, write the bundle, and throw it away."""
    started = time.perf_counter()
    fitted = fit(experiment, Divided.over(experiment, dataset), None, Silent())
    with tempfile.TemporaryDirectory(prefix="taojin-") as folder:
        write(Path(folder) / "trial", Trained(experiment, None), fitted, dataset)
    seconds = time.perf_counter() - started
    return Trial(len(dataset.log), seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES)


def _long(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 90 else f"{seconds / 60:,.0f} min"


def _gb(memory: int) -> str:
    return f"{memory / 1e9:.1f} GB"
