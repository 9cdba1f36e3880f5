"""Fields, vectors and weights that the parts of rankers are tested with. Shapes: N rows, D vector size, L places."""

import numpy as np
import pytest
import torch
from torch import nn

from taojin.core.units import PAD
from taojin.features.feature import Level
from taojin.features.inputs import CategoryField, HistoryField, Inputs, NumberField
from taojin.nn.batch import Batch
from taojin.nn.table import Table
from taojin.ranking.parts import CrossModule, Embedded, Fields, History

N, D, L = 7, 4, 5
INPUTS = Inputs(
    (
        CategoryField("user", Level.REQUEST, 9),
        CategoryField("item", Level.CANDIDATE, 8),
        CategoryField("year", Level.CANDIDATE, 6),
        CategoryField("genres", Level.CANDIDATE, 5, values=2),
    ),
    (NumberField("age", Level.REQUEST),),
    (HistoryField("history", L, ("item", "year")),),
)
NAMES = ("user", "age", "item", "year", "genres")
FIELDS = Fields(INPUTS, NAMES, D)


def randomise(module: nn.Module, seed: int = 0) -> nn.Module:
    """Every weight of size one: no start value that hides a mistake."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) / max(weight.shape[-1], 1) ** 0.5)
        for table in (part for part in module.modules() if isinstance(part, Table)):
            table.weight[PAD] = 0
    return module.eval()


def embedded(requests: int) -> Embedded:
    """Random vectors of the fields: two of the request (`requests` rows), three of the item."""
    random = torch.Generator().manual_seed(1)
    codes = [torch.randint(0, size, (N, 1), generator=random) for size in (8, 6, 5, 5)]
    batch = Batch(
        torch.randint(0, 9, (requests, 1), generator=random),
        torch.cat(codes, 1),
        torch.randn(requests, 1, generator=random),
        torch.zeros(N, 0),
        torch.zeros(requests, L, 2, dtype=torch.int64),
    )
    blocks = (torch.randn(requests, 2, D, generator=random), torch.randn(N, 3, D, generator=random))
    return Embedded(blocks, batch)


def vectors(x: Embedded) -> np.ndarray:
    """float64[N, F, D], whatever is shared."""
    return np.concatenate([block.expand(N, -1, -1).numpy() for block in x.blocks], axis=1).astype(np.float64)


def past(requests: int) -> tuple[History, torch.Tensor]:
    """Histories with 0 to L known places, and candidates."""
    random = torch.Generator().manual_seed(2)
    known = torch.arange(L) >= L - torch.arange(requests).unsqueeze(1) % (L + 1)
    if requests == 1:
        known = torch.tensor([[False, False, True, True, True]])
    places = torch.randn(requests, L, 2 * D, generator=random) * known.unsqueeze(2)
    return History(places, known), torch.randn(N, 2 * D, generator=random)


def check(module: CrossModule, x: Embedded, expected: np.ndarray) -> None:
    found = module(x).detach().numpy()
    assert found.shape == (N, module.width)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def weight(layer: nn.Module) -> np.ndarray:
    return layer.weight.detach().numpy().astype(np.float64)


def bias(layer: nn.Module) -> np.ndarray:
    return layer.bias.detach().numpy().astype(np.float64)


both = pytest.mark.parametrize("requests", [1, N])
