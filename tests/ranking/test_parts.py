"""Every part equals a plain loop written from its formula, on random weights."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from taojin.core.units import PAD
from taojin.features.feature import Level
from taojin.features.inputs import CategoryField, HistoryField, Inputs, NumberField
from taojin.nn.batch import Batch
from taojin.nn.table import Table
from taojin.ranking.crosses.beside import Beside
from taojin.ranking.crosses.cross_net import CrossNet
from taojin.ranking.crosses.fm import FM
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.heads.single import Single
from taojin.ranking.interests.mean_pool import MeanPool
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.parts import CrossModule, Embedded, Fields, History, InterestModule

N, D, L = 7, 4, 5
INPUTS = Inputs(
    (
        CategoryField("user", Level.REQUEST, 9),
        CategoryField("item", Level.CANDIDATE, 8),
        CategoryField("year", Level.CANDIDATE, 6),
        CategoryField("genres", Level.CANDIDATE, 5, values=2),
    ),
    (NumberField("age", Level.REQUEST),),
    HistoryField("history", L, ("item", "year")),
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


@both
def test_linear(requests: int) -> None:
    part, x = randomise(Linear().build(FIELDS)), embedded(requests)
    table, ages = part.table.weight.detach().numpy()[:, 0], part.table.request.vectors.detach().numpy()[:, 0]
    start = {"user": 0, "item": 9, "year": 17, "genres": 23}
    expected = np.zeros((N, 1))
    for n in range(N):
        r = min(n, requests - 1)
        user, (item, year, *genres) = int(x.batch.request[r, 0]), x.batch.item[n].tolist()
        for name, code in (("user", user), ("item", item), ("year", year)):
            expected[n] += table[start[name] + code] if code else 0
        known = [table[start["genres"] + code] for code in genres if code]
        expected[n] += np.mean(known) if known else 0
        expected[n] += float(x.batch.request_numbers[r, 0]) * ages[0]
    check(part, x, expected)


@both
def test_fm(requests: int) -> None:
    x = embedded(requests)
    expected = [sum(float(v[i] @ v[j]) for i, j in itertools.combinations(range(5), 2)) for v in vectors(x)]
    check(FM().build(FIELDS), x, np.array(expected)[:, None])


@both
def test_mlp(requests: int) -> None:
    part, x = randomise(MLP((6, 3)).build(FIELDS)), embedded(requests)
    expected = np.zeros((N, 3))
    for n, v in enumerate(vectors(x)):
        h = v.reshape(-1)
        for layer in (part.first, *part.rest):
            h = np.maximum(weight(layer) @ h + bias(layer), 0)
        expected[n] = h
    check(part, x, expected)


@both
@pytest.mark.parametrize("layers", [1, 3])
def test_cross_net_with_vectors(requests: int, layers: int) -> None:
    part, x = randomise(CrossNet(layers, matrix=False).build(FIELDS)), embedded(requests)
    w, b = part.weight.detach().numpy().astype(np.float64), part.bias.detach().numpy().astype(np.float64)
    expected = np.zeros((N, 5 * D))
    for n, v in enumerate(vectors(x)):
        start = h = v.reshape(-1)
        for layer in range(layers):
            h = start * (h @ w[:, layer]) + b[layer] + h
        expected[n] = h
    check(part, x, expected)


@both
@pytest.mark.parametrize("layers", [1, 3])
def test_cross_net_with_matrices(requests: int, layers: int) -> None:
    part, x = randomise(CrossNet(layers).build(FIELDS)), embedded(requests)
    expected = np.zeros((N, 5 * D))
    for n, v in enumerate(vectors(x)):
        start = h = v.reshape(-1)
        for layer in part.layers:
            h = start * (weight(layer) @ h + bias(layer)) + h
        expected[n] = h
    check(part, x, expected)


@both
def test_beside_puts_outputs_one_behind_the_other(requests: int) -> None:
    parts, x = [FM().build(FIELDS), randomise(MLP((3,)).build(FIELDS))], embedded(requests)
    side_by_side = Beside(parts)
    assert side_by_side.widths == (1, 3)
    check(side_by_side, x, np.concatenate([part(x).detach().numpy() for part in parts], axis=1))


def pool(part: InterestModule, history: History, candidate: torch.Tensor, weights: np.ndarray) -> None:
    """Compare with the sum over places of weights [N, L] times vectors, one vector per history column."""
    found = part(history, candidate).detach().numpy()
    assert part.count == 2 and found.shape[1:] == (2, D)
    for n in range(N):
        places = history.vectors[min(n, len(history.vectors) - 1)].numpy().astype(np.float64)
        expected = sum(weights[n, place] * places[place] for place in range(L)).reshape(2, D)
        np.testing.assert_allclose(found[min(n, len(found) - 1)], expected, rtol=1e-5, atol=1e-5)


@both
def test_mean_pool(requests: int) -> None:
    history, candidate = past(requests)
    known = history.known.numpy()
    weights = np.array([row / max(row.sum(), 1) for row in known] * (N // requests))
    pool(MeanPool().build(FIELDS), history, candidate, weights)


@both
@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("hidden", [(6,), (6, 3)])
def test_target_attention(requests: int, softmax: bool, hidden: tuple[int, ...]) -> None:
    part = randomise(TargetAttention(hidden, softmax=softmax).build(FIELDS))
    history, candidate = past(requests)
    # The layer as the paper has it, over [q, k, q - k, q * k]: W1 + W3 = A, W2 - W3 = B, W4 = C.
    a, b, c = weight(part.score.query), weight(part.score.key), weight(part.score.both)
    third = np.random.default_rng(0).normal(size=a.shape)
    first = np.concatenate([a - third, b + third, third, c], axis=1)
    weights = np.zeros((N, L))
    for n in range(N):
        r = min(n, requests - 1)
        q = candidate[n].numpy().astype(np.float64)
        for place in range(L):
            k = history.vectors[r, place].numpy().astype(np.float64)
            h = first @ np.concatenate([q, k, q - k, q * k]) + bias(part.score.query)
            for layer in part.score.rest:
                h = weight(layer) @ np.maximum(h, 0) + bias(layer)
            weights[n, place] = h[0]
        known = history.known[r].numpy()
        if softmax and known.any():
            weights[n, known] = np.exp(weights[n, known]) / np.exp(weights[n, known]).sum()
        weights[n, ~known] = 0
    pool(part, history, candidate, weights)


def test_head_adds_up_logits_as_they_are_and_weighs_the_rest() -> None:
    head = Single().build((1, 3, 1), 2)
    assert head.weight[:, [0, 4]].eq(1).all()
    assert not head.weight[:, 1:4].eq(1).any()
    x = torch.randn(N, 5)
    np.testing.assert_allclose(head(x).detach().numpy(), x.numpy() @ weight(head).T + bias(head), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("part", "fields", "message"),
    [
        (FM(), Fields(INPUTS, NAMES, 0), "FM crosses vectors.*got 5 fields and dim 0"),
        (MLP((4,)), Fields(INPUTS, NAMES, 0), "MLP crosses vectors.*dim 0"),
        (CrossNet(), Fields(INPUTS, (), D), "CrossNet crosses vectors.*got 0 fields"),
        (CrossNet(0), FIELDS, "CrossNet needs at least one layer, got 0"),
        (MLP(()), FIELDS, "MLP needs at least one hidden layer"),
        (TargetAttention(()), FIELDS, "TargetAttention needs at least one hidden layer"),
        (TargetAttention(), Fields(INPUTS, NAMES, 0), "TargetAttention reads a history.*dim 0"),
        (MeanPool(), Fields(Inputs(INPUTS.categories), NAMES, D), "MeanPool reads a history.*got user, item, year"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(part, fields: Fields, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        part.build(fields)
