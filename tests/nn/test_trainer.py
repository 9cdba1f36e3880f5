import math
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from taojin.core.progress import Silent
from taojin.features.inputs import Inputs
from taojin.nn.batch import Batch, Labelled, LabelledColumns
from taojin.nn.losses import binary_cross_entropy
from taojin.nn.samples import Samples
from taojin.nn.table import Table
from taojin.nn.trainer import Outcome, seeded, train
from taojin.nn.training import Training

TRAINING = Training(batch=32, epochs=4, patience=10, learning_rate=0.01, device="cpu")


class Small(nn.Module):
    """A table, a layer and dropout: all that a resumed training must bring back."""

    def __init__(self, inputs: Inputs) -> None:
        super().__init__()
        self.table = Table(inputs, 4)
        self.layer = nn.Linear(4, 1)
        self.dropout = nn.Dropout(0.3)

    def forward(self, batch: Batch) -> Tensor:
        vectors = self.table(batch)
        pooled = vectors.request.sum(1) + vectors.item.sum(1) + vectors.history.sum((1, 2))
        return self.layer(self.dropout(pooled))


class Fitting:
    """Trains a small module on some samples."""

    def __init__(self, inputs: Inputs, samples: Samples, training: Training = TRAINING, seed: int = 0) -> None:
        with seeded(seed):
            self.module = Small(inputs)
        self.source = LabelledColumns.pack(inputs, samples, training.place())
        self.training, self.seed = training, seed

    def loss(self, rows: Labelled) -> Tensor:
        return binary_cross_entropy(self.module(rows.batch), rows.labels, rows.weight)

    def validate(self) -> float:
        return -float(self.loss(self.source.gather(torch.arange(len(self.source)))))

    def run(self, validate: Callable[[], float] | None = None, **options) -> Outcome:
        settings = {"seed": self.seed, "name": "small", "progress": Silent(), **options}
        return train(self.module, self.source, self.loss, validate or self.validate, self.training, **settings)

    @property
    def weights(self) -> dict[str, Tensor]:
        return {name: weight.clone() for name, weight in self.module.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(inputs: Inputs, samples: Samples) -> None:
    first, second, other = (Fitting(inputs, samples, seed=seed) for seed in (1, 1, 2))
    assert first.run() == second.run()
    other.run()
    assert same(first.weights, second.weights)
    assert not same(first.weights, other.weights)


def test_a_training_leaves_the_global_generator_as_it_was(inputs: Inputs, samples: Samples) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Fitting(inputs, samples).run()
    assert torch.equal(torch.rand(3), expected)


def test_loss_falls(inputs: Inputs, samples: Samples) -> None:
    values = Fitting(inputs, samples, replace(TRAINING, epochs=30)).run().values
    assert values[-1] > values[0] + 0.1


def test_early_stopping_brings_back_the_best_weights(inputs: Inputs, samples: Samples) -> None:
    fitting, seen = Fitting(inputs, samples, replace(TRAINING, epochs=20, patience=3)), []
    said = iter([0.1, 0.5, 0.4, 0.6, 0.5, 0.6, 0.2, 9.0])

    def validate() -> float:
        seen.append(fitting.weights)
        return next(said)

    found = fitting.run(validate)
    assert found.values == (0.1, 0.5, 0.4, 0.6, 0.5, 0.6, 0.2) and found.best == 3 and len(found.losses) == 7
    assert same(fitting.weights, seen[3])
    assert not fitting.module.training


def test_the_learning_rate_drops_after_an_epoch_without_a_better_value(inputs: Inputs, samples: Samples) -> None:
    fitting, seen = Fitting(inputs, samples, replace(TRAINING, epochs=4, drop=1e-3)), []
    said = iter([0.5, 0.4, 0.3, 0.6])

    def validate() -> float:
        seen.append(fitting.weights["layer.weight"])
        return next(said)

    fitting.run(validate)
    moved = [float((after - before).abs().max()) for before, after in pairwise(seen)]
    assert moved[1] < moved[0] / 100 and moved[2] < moved[1] / 100


def test_the_clock_ends_a_training_after_an_epoch(inputs: Inputs, samples: Samples, tmp_path) -> None:
    training = replace(TRAINING, epochs=50, minutes=1e-9)
    fitting, again = Fitting(inputs, samples, training), Fitting(inputs, samples, training)
    found = fitting.run(checkpoint=tmp_path / "late.pt")
    assert (len(found.values), found.cut_off) == (1, True)
    assert again.run(checkpoint=tmp_path / "late.pt") == found  # what was spent before a resumption counts
    assert not Fitting(inputs, samples).run().cut_off


@pytest.mark.parametrize("sparse", [False, True])
def test_killed_and_resumed_equals_uninterrupted(inputs: Inputs, samples: Samples, tmp_path, sparse: bool) -> None:
    training = replace(TRAINING, sparse=sparse)
    whole = Fitting(inputs, samples, training)
    expected = whole.run()
    killed, file = Fitting(inputs, samples, training), tmp_path / "models" / "small.pt"

    class Killed(Exception):
        pass

    def validate() -> float:
        if validate.left == 0:
            raise Killed
        validate.left -= 1
        return killed.validate()

    validate.left = 2
    with pytest.raises(Killed):
        killed.run(validate, checkpoint=file)
    resumed = Fitting(inputs, samples, training)
    assert resumed.run(checkpoint=file) == expected
    assert same(resumed.weights, whole.weights)
    assert [path.name for path in file.parent.iterdir()] == ["small.pt"]


def test_a_finished_training_is_not_repeated(inputs: Inputs, samples: Samples, tmp_path) -> None:
    first = Fitting(inputs, samples)
    first.run(checkpoint=tmp_path / "x.pt")
    again = Fitting(inputs, samples)
    again.run(lambda: pytest.fail("trained once more"), checkpoint=tmp_path / "x.pt")
    assert same(again.weights, first.weights)


def test_the_checkpoint_of_another_training_is_refused(inputs: Inputs, samples: Samples, tmp_path) -> None:
    Fitting(inputs, samples).run(checkpoint=tmp_path / "x.pt")
    with pytest.raises(ValueError, match="same settings, seed, rows and network, got another; delete the file"):
        Fitting(inputs, samples, replace(TRAINING, learning_rate=0.02)).run(checkpoint=tmp_path / "x.pt")


def test_a_damaged_checkpoint_is_named_with_the_remedy(inputs: Inputs, samples: Samples, tmp_path) -> None:
    file = tmp_path / "x.pt"
    Fitting(inputs, samples).run(checkpoint=file)
    content = file.read_bytes()
    for damaged in (content[:200], b""):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"x.pt: damaged, .*; delete the file to start anew"):
            Fitting(inputs, samples).run(checkpoint=file)


def test_pieces_of_a_step_add_up_to_its_gradient(inputs: Inputs, samples: Samples) -> None:
    one_go, in_pieces = (Fitting(inputs, samples) for _ in range(2))
    for fitting in (one_go, in_pieces):
        fitting.module.dropout.p = 0.0
    values = one_go.run().values
    assert in_pieces.run(pieces=lambda rows: rows.split(5)).values == pytest.approx(values, abs=1e-5)


def test_a_loss_that_is_not_a_number_is_refused(inputs: Inputs, samples: Samples) -> None:
    with pytest.raises(ValueError, match=r"training of small, epoch 1: expected finite numbers.*learning_rate"):
        Fitting(inputs, samples).run(lambda: math.nan)


def test_bfloat16_learns_about_the_same(inputs: Inputs, samples: Samples) -> None:
    exact, rough = (Fitting(inputs, samples, replace(TRAINING, bf16=bf16)).run() for bf16 in (False, True))
    assert rough.values == pytest.approx(exact.values, abs=0.01)
    assert rough.values != exact.values


def test_sparse_tables_are_chosen_by_their_rows(inputs: Inputs, samples: Samples, monkeypatch) -> None:
    fitting = Fitting(inputs, samples, replace(TRAINING, epochs=1))
    fitting.run()
    assert not fitting.module.table.sparse
    monkeypatch.setattr("taojin.nn.training.SPARSE_FROM", 50)
    fitting.run()
    assert fitting.module.table.sparse


def test_progress_counts_every_step_of_every_epoch(inputs: Inputs, samples: Samples) -> None:
    told: list[tuple[int, str]] = []

    class Heard(Silent):
        @contextmanager
        def task(self, name: str, total: int):
            assert (name, total) == ("train small", 4 * 4)
            yield lambda steps, note: told.append((steps, note))

    Fitting(inputs, samples).run(progress=Heard())
    assert sum(steps for steps, _ in told) == 16
    assert told[-1][1].startswith("epoch 4, best -0.")


@pytest.mark.parametrize("device", ["tpu", "cuda:99:1", "mps", "meta", "cuda:01"])
def test_devices_that_do_not_exist_are_refused(device: str) -> None:
    with pytest.raises(ValueError, match=r"Training.device: expected auto, cpu, cuda or cuda:1; got"):
        replace(TRAINING, device=device)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=r"Training.device: 'cuda', but this machine has no such GPU"):
        replace(TRAINING, device="cuda").place()


def test_of_several_gpus_only_those_that_are_there_are_taken(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for device in ("auto", "cuda", "cuda:1"):
        assert replace(TRAINING, device=device).place().type == "cuda"
    # 256 is 0 in the byte that torch keeps an index in.
    for device in ("cuda:2", "cuda:256"):
        with pytest.raises(
            ValueError, match=rf"Training.device: '{device}', but this machine has no such GPU, 2 in all"
        ):
            replace(TRAINING, device=device).place()


def test_no_rows_are_refused(inputs: Inputs, samples: Samples) -> None:
    fitting = Fitting(inputs, samples)
    fitting.source = replace(fitting.source, labels=fitting.source.labels[:0])
    with pytest.raises(ValueError, match="training of small: expected rows to learn from, got none"):
        fitting.run()
