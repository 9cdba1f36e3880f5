"""The one trainer of all networks: it knows optimiser, device, precision, stopping and files; networks know none.

    device = training.place()
    with seeded(seed):
        module = Network(...)
    train(module, source, loss, validate, training, seed=seed, name="din", progress=progress, checkpoint=path)

Everything random in a network draws from torch's global generator, which the trainer seeds anew for each epoch from
(seed, epoch). So a run is repeatable to the bit on a CPU, and one that was killed and resumed equals one that was not.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from taojin.core.progress import Progress
from taojin.nn import checkpoint as files
from taojin.nn import warm
from taojin.nn.memory import freed_memory_kept
from taojin.nn.optimizer import Optimizers
from taojin.nn.table import Table
from taojin.nn.training import Training

B_co = TypeVar("B_co", covariant=True)


class Source(Protocol[B_co]):
    """Rows to learn from, in memory on the device of the training."""

    def __len__(self) -> int: ...
    def gather(self, rows: Tensor) -> B_co:
        """The batch of some rows, int64[N]."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a training gave: validation value and mean loss of every epoch, and whose weights were kept (from 0).

    cut_off     whether the clock ended it
    """

    values: tuple[float, ...]
    losses: tuple[float, ...]
    best: int
    cut_off: bool = False


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from torch's global generator seeded by `seed`, and leave it afterwards as it was.

    >>> with seeded(3):
    ...     first = torch.rand(2)
    >>> with seeded(3):
    ...     torch.equal(torch.rand(2), first)
    True
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def whole(rows: Tensor) -> Sequence[Tensor]:
    """All rows of a step at once."""
    return (rows,)


def train(
    module: nn.Module,
    source: Source[B_co],
    loss: Callable[[B_co], Tensor],
    validate: Callable[[], float],
    training: Training,
    *,
    seed: int,
    name: str,
    progress: Progress,
    checkpoint: Path | None = None,
    pieces: Callable[[Tensor], Sequence[Tensor]] = whole,
    goes_on: bool = True,
) -> Outcome:
    """Train `module` in place and leave it in eval mode, on the device, with the weights of its best epoch.

    source      rows on `training.place()`
    loss        mean loss of a batch, a scalar; calls the module, which is in training mode then
    validate    a number to maximise; called after each epoch, without gradients, in eval mode
    checkpoint  file that is written after each epoch; if it is there, the training goes on from it
    pieces      divides the rows of a step into those that go through the network together; their gradients add up, so
                that a loss that is a mean over rows stays what it is
    goes_on     begin with the weights of an earlier run, where there is one (`nn/warm.py`)

    Raises ValueError if there are no rows, if loss or validation is not finite, or if the checkpoint is another
    training's.

    >>> from taojin.core.progress import Silent
    >>> line, x = nn.Linear(1, 1), torch.linspace(0, 1, 64).unsqueeze(1)
    >>> class Points:
    ...     __len__ = lambda self: len(x)
    ...     gather = lambda self, rows: x[rows]
    >>> error = lambda x: (line(x) - 3 * x).square().mean()
    >>> training = Training(batch=16, epochs=200, patience=200, learning_rate=0.05, drop=1.0, device="cpu")
    >>> found = train(line, Points(), error, lambda: -float(error(x)), training, seed=0, name="line", progress=Silent())
    >>> found.values[found.best] > -0.001
    True
    """
    if not len(source):
        raise ValueError(f"training of {name}: expected rows to learn from, got none")
    file = warm.begin(name, module) if goes_on else None
    run = _Run(module.to(training.place()), training, f"{asdict(training)} seed={seed} rows={len(source)} {module}")
    if checkpoint is not None and checkpoint.exists():
        run.resume(checkpoint)

    def learn(rows: Tensor) -> Tensor:
        run.optimizers.zero()
        total = torch.zeros((), device=rows.device)
        for piece in (piece for part in rows.chunk(training.accumulate) for piece in pieces(part)):
            with training.precision():
                share = loss(source.gather(piece)) * (len(piece) / len(rows))
            share.backward()
            total += share.detach()
        run.optimizers.step()
        return total

    steps = math.ceil(len(source) / training.rows(len(source)))
    with progress.task(f"train {name}", training.epochs * steps) as advance, freed_memory_kept():
        advance(len(run.values) * steps, run.note)
        while not run.finished:
            started = time.monotonic()
            with seeded((seed * 1_000_003 + len(run.values) + 1) % (1 << 63)):
                mean = _epoch(module, learn, len(source), training, lambda: advance(1, run.note))
            module.eval()
            with torch.no_grad(), training.precision():
                run.record(validate(), mean, name)
            run.seconds += time.monotonic() - started
            if checkpoint is not None:
                run.save(checkpoint)
    module.load_state_dict(run.best_weights)
    module.eval()
    warm.end(file, module)
    progress.curve(name, run.losses, run.values, run.best)
    return Outcome(tuple(run.values), tuple(run.losses), run.best, run.late)


def _epoch(
    module: nn.Module, learn: Callable[[Tensor], Tensor], rows: int, training: Training, done: Callable[[], None]
) -> float:
    """One pass over the rows in random order; the mean loss."""
    module.train()
    order = torch.randperm(rows).to(training.place())
    total = torch.zeros((), device=order.device)
    for batch in order.split(training.rows(rows)):
        total += learn(batch) * len(batch)
        done()
    return float(total) / rows


class _Run:
    """A training between two epochs: all that a checkpoint holds."""

    def __init__(self, module: nn.Module, training: Training, identity: str) -> None:
        for table in (part for part in module.modules() if isinstance(part, Table)):
            table.sparse = training.rowwise(len(table.weight))
        self.module, self.training, self.identity = module, training, identity
        self.optimizers = Optimizers(
            module,
            learning_rate=training.learning_rate,
            sparse_rate=training.sparse_rate,
            embedding_l2=training.embedding_l2,
            weight_decay=training.weight_decay,
        )
        self.values: list[float] = []
        self.losses: list[float] = []
        self.seconds = 0.0
        self.best = 0
        self.best_weights: dict[str, Tensor] = {}

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, too many in a row gave nothing better, or time is up."""
        stale = len(self.values) - 1 - self.best
        return len(self.values) >= self.training.epochs or stale >= self.training.patience or self.late

    @property
    def late(self) -> bool:
        """Whether time is up."""
        return self.seconds >= 60 * self.training.minutes

    @property
    def note(self) -> str:
        """What is shown beside the progress."""
        return f"epoch {len(self.values) + 1}" + (f", best {self.values[self.best]:.4f}" if self.values else "")

    def record(self, value: float, loss: float, name: str) -> None:
        """Take in the validation value and the mean loss of an epoch."""
        if not (math.isfinite(value) and math.isfinite(loss)):
            raise ValueError(
                f"training of {name}, epoch {len(self.values) + 1}: expected finite numbers, got loss {loss} and "
                f"validation {value}; lower training.learning_rate"
            )
        better = not self.values or value > self.values[self.best]
        self.values.append(value)
        self.losses.append(loss)
        if better:
            self.best = len(self.values) - 1
            self.best_weights = {key: weight.clone() for key, weight in self.module.state_dict().items()}
        else:
            self.optimizers.slow_down(self.training.drop)

    def save(self, path: Path) -> None:
        content = {
            "values": self.values,
            "losses": self.losses,
            "seconds": self.seconds,
            "best": self.best,
            "best_weights": self.best_weights,
            "weights": self.module.state_dict(),
            "optimizers": self.optimizers.state(),
        }
        files.save(path, self.identity, content)

    def resume(self, path: Path) -> None:
        content = files.load(path, self.identity, self.training.place())
        self.values, self.best, self.best_weights = content["values"], content["best"], content["best_weights"]
        self.seconds, self.losses = content["seconds"], content["losses"]
        self.module.load_state_dict(content["weights"])
        self.optimizers.load(content["optimizers"])
