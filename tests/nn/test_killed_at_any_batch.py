"""A training that is killed in the midst of epochs, again and again, ends as one that nobody disturbed, to the bit.

The test calls this file as a program. The program imports torch once and forks before it computes anything, so that
each training is a process of its own without the seconds of an import.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from taojin.core.batch import Rows
from taojin.core.progress import Advance, Silent
from taojin.features.feature import Level
from taojin.features.inputs import CategoryField, HistoryField, Inputs, NumberField
from taojin.nn.samples import Samples
from taojin.nn.training import Training
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.interests.encoded import Encoded
from taojin.ranking.model import RankingModel

EPOCHS, ROWS, BATCH, LENGTH, KILLS = 6, 240, 24, 5, 5
STEPS = EPOCHS * ROWS // BATCH
INPUTS = Inputs(
    (
        CategoryField("user", Level.REQUEST, 30),
        CategoryField("item", Level.CANDIDATE, 40),
        CategoryField("year", Level.CANDIDATE, 9),
    ),
    (NumberField("age", Level.REQUEST),),
    (HistoryField("history", LENGTH, ("item", "year")),),
)


def samples(seed: int) -> Samples:
    """Rows without any truth: validation soon gets worse, so that the kept epoch is not the last."""
    random = np.random.default_rng(seed)
    known = np.arange(LENGTH) >= LENGTH - random.integers(0, LENGTH + 1, ROWS)[:, None]
    history = np.stack([random.integers(1, 40, (ROWS, LENGTH)), random.integers(1, 9, (ROWS, LENGTH))], axis=2)
    request = {
        "user": random.integers(1, 30, ROWS),
        "age": random.normal(size=ROWS).astype(np.float32),
        "history": history * known[:, :, None],
    }
    candidate = {"item": random.integers(1, 40, ROWS), "year": random.integers(0, 9, ROWS)}
    return Samples(
        Rows(request, candidate, np.arange(ROWS)),
        random.integers(0, 2, (ROWS, 1)).astype(np.float32),
        ("like",),
        np.zeros(ROWS, np.uint8),
        np.ones(ROWS, np.float32),
    )


class Deadly(Silent):
    """Kills its own process once so many steps of the whole training are done, those before a resumption included."""

    def __init__(self, step: int) -> None:
        self.step = step

    @contextmanager
    def task(self, name: str, total: int) -> Iterator[Advance]:
        """Count the steps of one training."""
        assert total == STEPS
        done = 0

        def advance(steps: int, note: str) -> None:
            nonlocal done
            done += steps
            if done == self.step:
                os.kill(os.getpid(), signal.SIGKILL)

        yield advance


def learn(checkpoint: Path, step: int, sparse: bool) -> None:
    """Train with all that a resumption must bring back: dropout, moments, running means and falling rates."""
    training = Training(
        batch=BATCH, epochs=EPOCHS, patience=EPOCHS, learning_rate=0.02, drop=0.5, sparse=sparse, device="cpu"
    )
    spec = RankingModel(
        interests=(Encoded(),),
        crosses=(Linear(), MLP((16, 8), dropout=0.2, activation="dice")),
        dim=8,
        training=training,
    )
    progress = Deadly(step)
    network = spec.learn(INPUTS, samples(0), samples(1), seed=3, progress=progress, checkpoint=checkpoint)
    torch.save(network.state_dict(), checkpoint.with_suffix(".weights"))


def ended(checkpoint: Path, step: int, sparse: bool) -> int:
    """How a training in a process of its own ended: the negative number of the signal, or its exit status."""
    process = os.fork()
    if not process:
        learn(checkpoint, step, sparse)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main(folder: Path, sparse: bool, steps: list[int]) -> None:
    """One training that nobody kills, and one that is killed after each of the steps."""
    # The first optimiser of a process imports half of torch: here once, and not in each of the trainings.
    torch.optim.AdamW([torch.zeros(1)])
    assert ended(folder / "whole.pt", STEPS + 1, sparse) == 0
    for step in steps:
        assert ended(folder / "killed.pt", step, sparse) == -signal.SIGKILL
        assert not (folder / "killed.weights").exists()
    assert ended(folder / "killed.pt", STEPS + 1, sparse) == 0


def leaves(content: object, path: str = "") -> dict[str, object]:
    """What a checkpoint holds, by where it stands."""
    if isinstance(content, dict | list | tuple):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        return {place: leaf for key, part in items for place, leaf in leaves(part, f"{path}/{key}").items()}
    return {path: content}


@pytest.mark.parametrize("sparse", [True, False])
def test_a_training_killed_at_five_random_batches_ends_with_the_same_bits(tmp_path: Path, sparse: bool) -> None:
    per_epoch = ROWS // BATCH
    # Any step, but the one before which nothing but an epoch's end has happened since the last checkpoint.
    within = [step for step in range(1, STEPS) if step % per_epoch]
    steps = sorted(np.random.default_rng(int(sparse)).choice(within, KILLS, replace=False).tolist())
    assert len({step // per_epoch for step in steps}) > 1
    # What a kill in the midst of writing leaves is no checkpoint.
    (tmp_path / "killed.pt.part").write_bytes(b"half of a")
    call = [sys.executable, __file__, str(tmp_path), str(int(sparse)), *map(str, steps)]
    subprocess.run(call, check=True, timeout=300)

    whole, killed = (torch.load(tmp_path / f"{name}.weights", weights_only=True) for name in ("whole", "killed"))
    assert whole.keys() == killed.keys()
    assert [name for name in whole if not torch.equal(whole[name], killed[name])] == []

    # The last epoch's state, too, since the weights that were kept may be those of an early one.
    files = [torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("whole", "killed")]
    expected, found = (leaves({key: part for key, part in file.items() if key != "seconds"}) for file in files)
    assert expected.keys() == found.keys()
    different = [
        place
        for place, leaf in expected.items()
        if not (torch.equal(leaf, found[place]) if isinstance(leaf, torch.Tensor) else leaf == found[place])
    ]
    assert different == []
    assert len(files[0]["values"]) == EPOCHS and any("state" in place for place in expected)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] == "1", [int(step) for step in sys.argv[3:]])
