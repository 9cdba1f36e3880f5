"""Every cross equals a plain loop written from its formula, on random weights."""

import itertools

import numpy as np
import pytest

from taojin.features.inputs import Inputs
from taojin.ranking.crosses.attentional_fm import AttentionalFM
from taojin.ranking.crosses.beside import Beside
from taojin.ranking.crosses.cin import CIN
from taojin.ranking.crosses.cross_net import CrossNet, CrossNetMix
from taojin.ranking.crosses.decay import Decay
from taojin.ranking.crosses.ffm import FFM
from taojin.ranking.crosses.flat import Flat
from taojin.ranking.crosses.fm import FM
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.crosses.only import Only
from taojin.ranking.crosses.own import Own
from taojin.ranking.crosses.products import BiInteraction, InnerProduct, OuterProduct, Product
from taojin.ranking.crosses.residual import ResidualMLP
from taojin.ranking.crosses.stack import Stack
from taojin.ranking.crosses.wide import Wide
from taojin.ranking.interests.mean_pool import MeanPool
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.parts import Embedded, Fields
from tests.ranking.given import (
    FIELDS,
    INPUTS,
    NAMES,
    D,
    N,
    bias,
    both,
    check,
    embedded,
    randomise,
    vectors,
    weight,
)


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
    x = embedded(requests)
    side_by_side = randomise(Beside((FM(), MLP((3,)))).build(FIELDS))
    parts = side_by_side.parts
    assert side_by_side.widths == (1, 3)
    check(side_by_side, x, np.concatenate([part(x).detach().numpy() for part in parts], axis=1))


@pytest.mark.parametrize(
    ("part", "fields", "message"),
    [
        (FM(), Fields(INPUTS, NAMES, 0), "FM crosses vectors.*got 5 fields and dim 0"),
        (MLP((4,)), Fields(INPUTS, NAMES, 0), "MLP crosses vectors.*dim 0"),
        (CrossNet(), Fields(INPUTS, (), D), "CrossNet crosses vectors.*got 0 fields"),
        (TargetAttention(), Fields(INPUTS, NAMES, 0), "TargetAttention reads a history.*dim 0"),
        (MeanPool(), Fields(Inputs(INPUTS.categories), NAMES, D), "MeanPool reads a history.*got user, item, year"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(part, fields: Fields, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        part.build(fields)


@both
def test_flat_and_products(requests: int) -> None:
    x = embedded(requests)
    v = vectors(x)
    pairs = list(itertools.combinations(range(5), 2))
    check(Flat().build(FIELDS), x, v.reshape(N, -1))
    check(Product().build(FIELDS), x, np.array([np.prod(row, axis=0) for row in v]))
    check(BiInteraction().build(FIELDS), x, np.array([sum(row[i] * row[j] for i, j in pairs) for row in v]))
    check(InnerProduct().build(FIELDS), x, np.array([[row[i] @ row[j] for i, j in pairs] for row in v]))
    check(OuterProduct().build(FIELDS), x, np.array([np.outer(row.sum(0), row.sum(0)).ravel() for row in v]))


@both
def test_ffm(requests: int) -> None:
    part, x = randomise(FFM(3).build(FIELDS)), embedded(requests)
    found = part.table(x.batch)
    v = vectors(Embedded((found.request.detach(), found.item.detach()), x.batch)).reshape(N, 5, 5, 3)
    pairs = itertools.combinations(range(5), 2)
    check(part, x, sum((v[:, i, j] * v[:, j, i]).sum(1) for i, j in pairs)[:, None])


@both
def test_attentional_fm(requests: int) -> None:
    part, x = randomise(AttentionalFM(6).build(FIELDS)), embedded(requests)
    expected = np.zeros((N, 1))
    for n, v in enumerate(vectors(x)):
        pairs = [v[i] * v[j] for i, j in itertools.combinations(range(5), 2)]
        scores = np.array(
            [weight(part.score)[0] @ np.maximum(weight(part.hidden) @ p + bias(part.hidden), 0) for p in pairs]
        )
        share = np.exp(scores) / np.exp(scores).sum()
        expected[n] = weight(part.out)[0] @ sum(s * p for s, p in zip(share, pairs, strict=True))
    check(part, x, expected)


@both
def test_mixed_crosses(requests: int) -> None:
    part, x = randomise(CrossNetMix(2, rank=3, experts=2).build(FIELDS)), embedded(requests)
    down, inner, up, b = (p.detach().numpy().astype(np.float64) for p in (part.down, part.inner, part.up, part.bias))
    expected = np.zeros((N, 5 * D))
    for n, v in enumerate(vectors(x)):
        start = h = v.reshape(-1)
        for layer in range(2):
            scores = np.exp(weight(part.gates) @ h)
            of = [np.tanh(np.tanh(h @ down[layer, e]) @ inner[layer, e]) @ up[layer, e] + b[layer, 0] for e in range(2)]
            h = h + sum(score / scores.sum() * start * one for score, one in zip(scores, of, strict=True))
        expected[n] = h
    check(part, x, expected)


@both
def test_cin(requests: int) -> None:
    part, x = randomise(CIN((4, 3)).build(FIELDS)), embedded(requests)
    expected = []
    for v in vectors(x):
        state, sums = v, []
        for layer in part.layers:
            w = weight(layer).reshape(layer.out_features, len(state), 5)
            state = np.array(
                [
                    sum(w[g, h, f] * state[h] * v[f] for h in range(len(state)) for f in range(5))
                    for g in range(layer.out_features)
                ]
            )
            sums.append(state.sum(1))
        expected.append(np.concatenate(sums))
    check(part, x, np.array(expected))


@both
def test_residual_units(requests: int) -> None:
    part, x = randomise(ResidualMLP((6, 2)).build(FIELDS)), embedded(requests)
    expected = np.zeros((N, 5 * D))
    for n, v in enumerate(vectors(x)):
        h = v.reshape(-1)
        for inner, outer in zip(part.inner, part.outer, strict=True):
            middle = np.maximum(weight(inner) @ h + bias(inner), 0)
            h = np.maximum(h + weight(outer) @ middle + bias(outer), 0)
        expected[n] = h
    check(part, x, expected)


@both
@pytest.mark.parametrize("buckets", [1_000, 10])
def test_wide(requests: int, buckets: int) -> None:
    part, x = randomise(Wide((("user", "item"), ("item", "year")), buckets).build(FIELDS)), embedded(requests)
    table = part.table.weight.detach().numpy()[:, 0]
    of_second = 2 + min(9 * 8, buckets)
    expected = np.zeros((N, 1))
    for n in range(N):
        user, (item, year, *_) = int(x.batch.request[min(n, requests - 1), 0]), x.batch.item[n].tolist()
        if user and item:
            expected[n] += table[2 + (user * 8 + item) % min(9 * 8, buckets)]
        if item and year:
            expected[n] += table[of_second + 2 + (item * 6 + year) % min(8 * 6, buckets)]
    check(part, x, expected)


@both
def test_stack_gives_one_field_to_what_follows(requests: int) -> None:
    part, x = randomise(Stack(BiInteraction(), MLP((3,))).build(FIELDS)), embedded(requests)
    below = part.first(x).numpy().astype(np.float64)
    check(part, x, np.maximum(below @ weight(part.then.first).T + bias(part.then.first), 0))


@both
def test_only_shows_the_named_fields(requests: int) -> None:
    x = embedded(requests)
    check(Only(("year", "user"), Flat()).build(FIELDS), x, vectors(x)[:, [0, 3]].reshape(N, -1))
    pair = vectors(x)[:, [0, 3]]
    check(Only(("year", "user"), FM()).build(FIELDS), x, (pair[:, :1] * pair[:, 1:]).sum(2))


@both
def test_own_reads_a_table_of_its_own(requests: int) -> None:
    part, x = randomise(Own(7, Only(("user", "item"), Product())).build(FIELDS)), embedded(requests)
    found = part.table(x.batch)
    assert part.width == 7
    check(part, x, (found.request[:, 0] * found.item[:, 0]).detach().numpy())


def test_decay_adds_the_squares_of_its_weights() -> None:
    part = randomise(Decay(MLP((3,)), 0.5).build(FIELDS))
    squares = sum(weight.square().sum().item() for weight in part.parameters())
    assert part.penalty().item() == pytest.approx(0.5 * squares, rel=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CrossNet(0), "CrossNet.layers: expected a whole number, 1 or more; got 0"),
        (lambda: CrossNetMix(rank=0), "CrossNetMix.rank: expected a whole number"),
        (lambda: MLP(()), "MLP needs at least one hidden layer"),
        (
            lambda: MLP((8, 0)),
            r"MLP.hidden: expected a tuple, each part .* 1,000,000 at most; got \(8, 0\)",
        ),
        (lambda: MLP((8,), dropout=1.0), "MLP.dropout: expected a number"),
        (lambda: MLP((8,), activation="tanh"), "MLP.activation: expected 'relu', 'prelu' or 'dice'; got 'tanh'"),
        (lambda: CIN(()), "CIN needs at least one layer"),
        (lambda: ResidualMLP(()), "ResidualMLP needs at least one unit"),
        (lambda: Beside(()), "Beside needs at least one part"),
        (lambda: Wide(()), "Wide needs pairs of names"),
        (lambda: Wide((("user", "genres"),)).build(FIELDS), "categories of one value; 'genres' is none"),
        (lambda: Wide((("user", "itme"),)).build(FIELDS), "did you mean 'item'"),
        (lambda: Only(("yaer",), Flat()).build(FIELDS), "Only names 'yaer'.*did you mean 'year'"),
        (lambda: InnerProduct().build(Fields(INPUTS, ("user",), D)), "two fields or more, got.*user"),
        (lambda: AttentionalFM().build(Fields(INPUTS, ("user",), D)), "AttentionalFM crosses pairs of fields"),
        (lambda: FFM(0), "FFM.dim: expected a whole number"),
        (lambda: Only(("user",), Linear()).build(FIELDS), "Linear reads fields by itself, whatever Only hands it"),
        (
            lambda: Only(("user",), Wide((("user", "item"),))).build(FIELDS),
            "Wide reads fields by itself, whatever Only",
        ),
        (
            lambda: Stack(FM(), FFM(2)).build(FIELDS),
            "FFM reads fields by itself, whatever Stack hands it; put it beside",
        ),
        (
            lambda: Stack(FM(), Beside((Flat(), Own(2, FM())))).build(FIELDS),
            "Own reads fields by itself, whatever Stack",
        ),
    ],
)
def test_what_means_nothing_is_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
