"""What a network begins with: another model's vectors, or those of an embedding."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from taojin.core.progress import Silent
from taojin.embeddings.embedding import Embedding
from taojin.features.feature import Category, Level
from taojin.nn.training import Training
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.model import RankingModel
from taojin.ranking.start import vectors_of_codes
from taojin.ranking.zoo import FACTORISATION_MACHINE, FACTORISATION_SUPPORTED
from tests.ranking.conftest import Given

ONE = Training(batch=64, epochs=1, learning_rate=1e-9, sparse_rate=1e-9, embedding_l2=0.0, sparse=False, device="cpu")


class ItemCode(Given):
    """Two items share each code."""

    def read(self, ask):
        return ask.item // 2 + 1


def made(vectors: np.ndarray) -> Embedding:
    known = vectors.any(axis=1)
    return Embedding(vectors, known, ~known, query=None)


def test_fnn_begins_with_the_vectors_of_its_machine(columns, draw) -> None:
    rows = draw(64, 1)
    machine = replace(FACTORISATION_MACHINE, training=replace(ONE, epochs=3, learning_rate=0.05))
    spec = replace(FACTORISATION_SUPPORTED, start=machine, training=ONE)
    inputs = spec.inputs(columns)
    found = spec.learn(inputs, rows, rows, seed=0, progress=Silent()).table.weight
    taught = machine.learn(inputs, rows, rows, seed=0, progress=Silent()).table.weight
    torch.testing.assert_close(found, taught, rtol=0, atol=1e-6)
    alone = replace(spec, start=None).learn(inputs, rows, rows, seed=0, progress=Silent()).table.weight
    assert (alone - taught).abs().max() > 0.01


def test_a_killed_run_resumes_in_either_of_the_two(columns, draw, tmp_path) -> None:
    rows = draw(64, 1)
    machine = replace(FACTORISATION_MACHINE, training=replace(ONE, epochs=3, learning_rate=0.05))
    spec = replace(FACTORISATION_SUPPORTED, start=machine, training=replace(ONE, epochs=2, learning_rate=0.05))
    inputs, path = spec.inputs(columns), tmp_path / "fnn.pt"
    whole = spec.learn(inputs, rows, rows, seed=0, progress=Silent())
    machine.learn(inputs, rows, rows, seed=0, progress=Silent(), checkpoint=tmp_path / "start.fnn.pt")
    short = replace(spec, training=replace(spec.training, epochs=2))
    again = short.learn(inputs, rows, rows, seed=0, progress=Silent(), checkpoint=path)
    for ours, theirs in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_codes_begin_with_the_mean_vector_of_their_items() -> None:
    columns = {"pair": ItemCode("pair", Level.CANDIDATE, Category(6))}
    vectors = np.arange(16, dtype=np.float32).reshape(8, 2)
    vectors[:3] = 0
    found = vectors_of_codes("pair", columns, made(vectors))
    # Items 0 and 1 have code 1, which stands for what training has not met; 2 and 3 have 2, and 2 has no vector.
    np.testing.assert_array_equal(
        found, [[0, 0], [0, 0], vectors[3], vectors[4:6].mean(0), vectors[6:8].mean(0), [0, 0]]
    )


def test_the_table_begins_with_them(columns, draw) -> None:
    rows, wanted = draw(64, 1), np.random.default_rng(0).normal(size=(30, 16)).astype(np.float32)
    wanted[7] = 0
    spec = RankingModel(crosses=(MLP((8,)),), training=ONE)
    inputs = spec.inputs(columns)
    found = spec.learn(inputs, rows, rows, seed=0, progress=Silent(), begin={"item": wanted}).table
    own = found.weight[found.starts["item"] : found.starts["item"] + 30].detach().numpy()
    np.testing.assert_allclose(np.delete(own, 7, axis=0), np.delete(wanted, 7, axis=0), atol=1e-6)
    assert own[7].any() and np.abs(own[7]).max() < 0.1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda c: replace(FACTORISATION_SUPPORTED, dim=8), "`start` has vectors of size 16, the model of size 8"),
        (lambda c: RankingModel(crosses=(MLP((8,)),), vectors={"item": "als"}), "`vectors` begins some of the"),
        (lambda c: vectors_of_codes("itme", c, made(np.zeros((3, 2)))), "which is no feature; did you mean 'item'"),
        (
            lambda c: vectors_of_codes("genres", c, made(np.zeros((3, 2)))),
            "that have one value; expected one of them .'item'.*, got 'genres'",
        ),
        (lambda c: vectors_of_codes("user", c, made(np.zeros((3, 2)))), "got 'user'"),
    ],
)
def test_what_does_not_fit_is_refused(columns, make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(columns)


def test_vectors_of_another_size_are_refused(columns, draw) -> None:
    rows, spec = draw(64, 1), RankingModel(crosses=(MLP((8,)),), training=ONE)
    with pytest.raises(ValueError, match="vectors for 'item' are of size 3, the model's of size 16"):
        begin = {"item": np.zeros((30, 3), np.float32)}
        spec.learn(spec.inputs(columns), rows, rows, seed=0, progress=Silent(), begin=begin)
