import numpy as np
import torch
from torch import nn

from taojin.features.feature import Level
from taojin.features.inputs import CategoryField, Inputs
from taojin.nn.optimizer import Optimizers, RowwiseAdagrad
from taojin.nn.table import Table

INPUTS = Inputs((CategoryField("item", Level.CANDIDATE, 6),))


def test_rowwise_adagrad_is_what_a_plain_loop_gives() -> None:
    random = np.random.default_rng(0)
    start = random.normal(size=(6, 3)).astype(np.float32)
    table = nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = RowwiseAdagrad([table], learning_rate=0.1, l2=0.01)
    expected, sums = start.astype(np.float64), np.zeros(6)
    for _ in range(3):
        rows, values = random.integers(0, 5, 8), random.normal(size=(8, 3)).astype(np.float32)
        table.grad = torch.sparse_coo_tensor(
            torch.from_numpy(rows)[None], torch.from_numpy(values), (6, 3), check_invariants=False
        )
        optimizer.step()
        for row in np.unique(rows):
            gradient = values[rows == row].sum(0) + 0.01 * expected[row]
            sums[row] += (gradient**2).mean()
            expected[row] -= 0.1 * gradient / np.sqrt(sums[row])
    np.testing.assert_allclose(table.detach().numpy(), expected, rtol=1e-5)
    assert np.array_equal(table.detach().numpy()[5], start[5])


def test_embedding_l2_shrinks_the_rows_of_the_batch_alone() -> None:
    for sparse in (False, True):
        table = Table(INPUTS, 4)
        table.sparse = sparse
        before = table.weight.detach().clone()
        steps = Optimizers(table, learning_rate=0.1, sparse_rate=0.1, embedding_l2=10.0, weight_decay=0.0)
        # A gradient too small to matter: what moves the rows is the L2 term.
        (table.items(torch.tensor([[2], [4]]), torch.zeros(2, 0)).sum() * 1e-6).backward()
        steps.step()
        moved = (table.weight.detach() - before).ne(0).any(1)
        assert moved.tolist() == [False, False, True, False, True, False]
        shrunk = before.sign() * (table.weight.detach() - before) < 0
        assert shrunk[[2, 4]].all()
