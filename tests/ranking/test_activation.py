"""What stands between layers equals its formula, and serves as it has learned."""

import numpy as np
import pytest
import torch

from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.parts import Embedded
from tests.ranking.given import FIELDS, N, check, embedded, randomise


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("name", ["prelu", "dice"])
def test_activations(name: str) -> None:
    part, x = randomise(MLP((6,), activation=name).build(FIELDS)).train(), embedded(N)
    with torch.no_grad():
        h = part._first(x).numpy().astype(np.float64)
        share = next(part.bends[0].parameters()).numpy().astype(np.float64)
        if name == "prelu":
            expected = np.where(h > 0, h, share * h)
        else:
            above = sigmoid((h - h.mean(0)) / np.sqrt(h.var(0) + 1e-8))
            expected = above * h + (1 - above) * share * h
        check(part, x, expected)


def test_dice_takes_one_row_and_serves_as_it_has_learned() -> None:
    part = MLP((6,), activation="dice").build(FIELDS)
    with torch.no_grad():
        part(embedded(N))
        one = embedded(N)
        alone = Embedded(tuple(block[:1] for block in one.blocks), one.batch)
        assert part._first(alone).shape == (1, 6)
        assert torch.isfinite(part.bends[0](part._first(alone))).all()
        part.eval()
        torch.testing.assert_close(part.bends[0](part._first(alone)), part.bends[0](part._first(one))[:1])
