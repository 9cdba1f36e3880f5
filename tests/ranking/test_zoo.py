"""Every line of the zoo: gradients, learning, and the ONNX graph against PyTorch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from taojin.core.batch import Rows
from taojin.core.progress import Silent
from taojin.core.units import PAD
from taojin.features.inputs import Inputs
from taojin.nn.batch import Batch, LabelledColumns
from taojin.nn.losses import binary_cross_entropy
from taojin.nn.samples import Samples
from taojin.nn.table import Table
from taojin.nn.trainer import seeded
from taojin.nn.training import Training
from taojin.ranking import zoo
from taojin.ranking.heads.esmm import ESMM
from taojin.ranking.model import Network, RankingModel
from taojin.ranking.onnx import OnnxRanker

ZOO = {name: model for name, model in vars(zoo).items() if isinstance(model, RankingModel)}
CPU = torch.device("cpu")

every_line = pytest.mark.parametrize("name", ZOO)


def network(name: str, columns, tasks: int = 1) -> Network:
    with seeded(0):
        return Network(ZOO[name], inputs(name, columns), ("click", "like")[:tasks])


def inputs(name: str, columns) -> Inputs:
    """What a line reads: those that do not say which history have one."""
    one = {key: column for key, column in columns.items() if key != "session"}
    return ZOO[name].inputs(columns if name == "LONG_AND_SHORT" else one)


@pytest.fixture(scope="module")
def shaken(two_histories) -> dict[str, tuple[Network, OnnxRanker]]:
    """Networks with weights far from their start, so that probabilities differ, and their rankers."""
    made = {name: network(name, two_histories, tasks=2).eval() for name in ZOO}
    with seeded(1), torch.no_grad():
        for weight in (weight for each in made.values() for weight in each.parameters()):
            # Not more than an input of a layer can bear: logits of tens say nothing about the graphs.
            weight.add_(torch.randn_like(weight) * min(0.3, weight.shape[-1] ** -0.5))
        for table in (part for each in made.values() for part in each.modules() if isinstance(part, Table)):
            table.weight[PAD] = 0
    return {name: (each, each.ranker()) for name, each in made.items()}


def probabilities(made: Network, rows: Rows) -> np.ndarray:
    """By PyTorch, one request at a time, float32[N, T]."""
    packed = made.inputs.pack(rows)
    found = np.zeros((len(rows.of), len(made.tasks)), np.float32)
    for r in range(len(packed.request)):
        of_r = rows.of == r
        batch = Batch(
            torch.from_numpy(packed.request[r : r + 1]),
            torch.from_numpy(packed.item[of_r]),
            torch.from_numpy(packed.request_numbers[r : r + 1]),
            torch.from_numpy(packed.item_numbers[of_r]),
            torch.from_numpy(packed.history[r : r + 1]),
        )
        with torch.no_grad():
            found[of_r] = made(batch).sigmoid().numpy()
    return found


def chained(samples: Samples) -> Samples:
    """The second task happens only where the first one does, as ESMM has it."""
    return replace(samples, labels=samples.labels.cumprod(axis=1))


@every_line
def test_every_parameter_has_a_gradient_after_one_step(name: str, two_histories, draw) -> None:
    made = network(name, two_histories, tasks=2)
    source = LabelledColumns.pack(made.inputs, chained(draw(64, 8, tasks=2)), CPU)
    rows = source.gather(torch.arange(len(source)))
    logits, extra = made.learned(rows.batch)
    (binary_cross_entropy(logits, rows.labels, rows.weight) + extra).backward()
    without = [
        name
        for name, weight in made.named_parameters()
        if weight.numel() and (weight.grad is None or not weight.grad.any())
    ]
    assert without == []


@every_line
def test_every_line_overfits_64_rows(name: str, two_histories, draw) -> None:
    # What a linear model says of two tasks is one number.
    rows = chained(draw(64, 1, tasks=2)) if isinstance(ZOO[name].head, ESMM) else draw(64, 1)
    training = Training(batch=64, epochs=400, patience=400, learning_rate=0.02, drop=1.0, device="cpu")
    spec = replace(ZOO[name], training=training)
    made = spec.learn(inputs(name, two_histories), rows, rows, seed=0, progress=Silent())
    source = LabelledColumns.pack(made.inputs, rows, CPU).gather(torch.arange(64))
    with torch.no_grad():
        assert binary_cross_entropy(made(source.batch), source.labels, source.weight) < 0.05


@every_line
def test_onnx_equals_pytorch(name: str, shaken, draw) -> None:
    (made, ranker), rows = shaken[name], draw(5, 30).rows
    expected = probabilities(made, rows)
    assert expected.std() > 0.02
    found = ranker.score(rows)
    assert [values.dtype for values in found.values()] == [np.float32, np.float32]
    np.testing.assert_allclose(np.stack([found["click"], found["like"]], axis=1), expected, rtol=0, atol=1e-5)


@every_line
@pytest.mark.parametrize("candidates", [0, 1, 2, 3000])
@pytest.mark.parametrize("request_of", [0, 3])
def test_onnx_takes_any_number_of_candidates(name: str, shaken, draw, candidates: int, request_of: int) -> None:
    (made, ranker), drawn = shaken[name], draw(4, max(candidates, 1)).rows
    rows = Rows(
        {key: values[request_of : request_of + 1] for key, values in drawn.request.items()},
        {key: values[:candidates] for key, values in drawn.candidate.items()},
        np.zeros(candidates, np.int64),
    )
    np.testing.assert_allclose(ranker.score(rows)["like"], probabilities(made, rows)[:, 1], rtol=0, atol=1e-5)


@every_line
@pytest.mark.parametrize("each", [1, 3, 40])
def test_a_batch_of_requests_equals_single_requests(name: str, shaken, draw, each: int) -> None:
    ranker, rows = shaken[name][1], draw(9, each).rows
    together = ranker.score(rows)["like"]
    for r in range(9):
        of_r = rows.of == r
        single = Rows(
            {key: values[r : r + 1] for key, values in rows.request.items()},
            {key: values[of_r] for key, values in rows.candidate.items()},
            np.zeros(of_r.sum(), np.int64),
        )
        np.testing.assert_allclose(together[of_r], ranker.score(single)["like"], rtol=0, atol=1e-5)


@every_line
def test_rows_need_not_be_grouped_by_request(name: str, shaken, draw) -> None:
    ranker, rows = shaken[name][1], draw(4, 40).rows
    order = np.random.default_rng(0).permutation(160)
    mixed = Rows(rows.request, {key: values[order] for key, values in rows.candidate.items()}, rows.of[order])
    np.testing.assert_allclose(ranker.score(mixed)["like"], ranker.score(rows)["like"][order], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["LR", "FACTORISATION_MACHINE"])
def test_logistic_regression_and_fm_start_as_the_papers_models(name: str, two_histories, draw) -> None:
    made, samples = network(name, two_histories), draw(6, 1)
    batch = LabelledColumns.pack(made.inputs, samples, CPU).gather(torch.arange(6)).batch
    linear = made.crosses.parts[0].table(batch)
    expected = linear.request.sum(1) + linear.item.sum(1) + made.head.bias
    if name == "FACTORISATION_MACHINE":
        vectors = made.table(batch)
        v = torch.cat([vectors.request, vectors.item], 1)
        pairs = torch.einsum("nid,njd->nij", v, v).triu(1).sum((1, 2))
        expected = expected + pairs.unsqueeze(1)
    torch.testing.assert_close(made(batch), expected)


def test_samples_with_missing_labels_teach_only_what_they_know(two_histories, draw) -> None:
    samples: Samples = draw(20, 2, tasks=2)
    samples.labels[:, 1] = np.nan
    made = network("DEEP_FM", two_histories, tasks=2)
    rows = LabelledColumns.pack(made.inputs, samples, CPU).gather(torch.arange(40))
    binary_cross_entropy(made(rows.batch), rows.labels, rows.weight).backward()
    assert made.head.weight.grad.any(1).tolist() == [True, False]
