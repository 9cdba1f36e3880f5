"""Parts of light rankers: two towers and their product, and COLD's gated fields, against loops from their formulas."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from taojin.features.feature import Level
from taojin.nn.batch import Batch
from taojin.nn.encoders import Recurrent
from taojin.nn.trainer import seeded
from taojin.ranking.crosses.beside import Beside
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.crosses.only import Only
from taojin.ranking.crosses.own import Own
from taojin.ranking.crosses.squeeze import SqueezeExcitation
from taojin.ranking.crosses.stack import Stack
from taojin.ranking.crosses.two_towers import TwoTowers
from taojin.ranking.interests.bst import BST
from taojin.ranking.interests.dien import Evolution
from taojin.ranking.interests.encoded import Encoded
from taojin.ranking.interests.mean_pool import MeanPool
from taojin.ranking.interests.over import Over
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.model import Network, RankingModel
from taojin.ranking.parts import Embedded, Fields
from tests.ranking.given import FIELDS, INPUTS, NAMES, D, N, bias, both, check, embedded, randomise, vectors, weight

SIDES = replace(FIELDS, of_request=("user", "age"))
SUMMED_UP = ("interest.0.0", "interest.0.1")


def perceptron(layers: nn.Module, x: np.ndarray) -> np.ndarray:
    """Linear layers with ReLU units between them."""
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    for layer in linear[:-1]:
        x = np.maximum(weight(layer) @ x + bias(layer), 0)
    return weight(linear[-1]) @ x + bias(linear[-1])


def with_interest(x: Embedded) -> Embedded:
    """The same, and two vectors of a history that belong to the request."""
    random = torch.Generator().manual_seed(5)
    return Embedded((*x.blocks, torch.randn(len(x.blocks[0]), 2, D, generator=random)), x.batch)


@both
@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)])
def test_the_logit_is_the_scaled_product_of_what_the_towers_say(requests: int, hidden: tuple[int, ...]) -> None:
    part, x = randomise(TwoTowers(hidden=hidden, size=3).build(SIDES)), embedded(requests)
    assert part.width == 1
    expected = np.zeros((N, 1))
    for n, v in enumerate(vectors(x)):
        request, item = perceptron(part.request, v[:2].reshape(-1)), perceptron(part.item, v[2:].reshape(-1))
        expected[n] = sum(a * b for a, b in zip(request, item, strict=True)) / np.sqrt(3)
    check(part, x, expected)


@both
def test_what_sums_up_a_history_alone_goes_into_the_requests_tower(requests: int) -> None:
    fields = replace(SIDES, names=(*NAMES, *SUMMED_UP), of_request=(*SIDES.of_request, *SUMMED_UP))
    part, x = randomise(TwoTowers(hidden=(6,), size=3).build(fields)), with_interest(embedded(requests))
    expected = np.zeros((N, 1))
    for n, v in enumerate(vectors(x)):
        request = perceptron(part.request, v[[0, 1, 5, 6]].reshape(-1))
        expected[n] = request @ perceptron(part.item, v[2:5].reshape(-1)) / np.sqrt(3)
    check(part, x, expected)


@both
def test_each_field_is_weighed_by_its_importance_in_the_row(requests: int) -> None:
    part, x = randomise(SqueezeExcitation().build(FIELDS)), embedded(requests)
    assert part.width == 5 * D
    expected = np.zeros((N, 5 * D))
    for n, v in enumerate(vectors(x)):
        for field in range(5):
            said = weight(part.importance)[field] @ v.reshape(-1) + bias(part.importance)[field]
            expected[n, field * D : (field + 1) * D] = v[field] / (1 + np.exp(-said))
    check(part, x, expected)


@both
def test_what_is_put_on_gated_fields_sees_them_gated(requests: int) -> None:
    part, x = randomise(Stack(SqueezeExcitation(), MLP((3,))).build(FIELDS)), embedded(requests)
    gated = part.first(x).detach().numpy().astype(np.float64)
    check(part, x, np.maximum(gated @ weight(part.then.first).T + bias(part.then.first), 0))


@both
def test_towers_may_stand_beside_others_see_some_fields_or_own_their_vectors(requests: int) -> None:
    x = embedded(requests)
    beside = randomise(Beside((SqueezeExcitation(), TwoTowers(hidden=(6,)))).build(SIDES))
    assert beside.widths == (5 * D, 1)
    check(beside, x, np.concatenate([part(x).detach().numpy() for part in beside.parts], axis=1))

    some = randomise(Only(("year", "user"), TwoTowers(hidden=(), size=3)).build(SIDES))
    towers = some.part
    rows = [
        perceptron(towers.request, v[0]) @ perceptron(towers.item, v[3]) / np.sqrt(3)  # user and year
        for v in vectors(x)
    ]
    check(some, x, np.array(rows)[:, None])

    own = randomise(Own(6, TwoTowers(hidden=(), size=3)).build(SIDES))
    table = own.table(x.batch)
    check(own, x, own.part(Embedded((table.request, table.item), x.batch)).detach().numpy())


ONE_SIDE = "TwoTowers needs fields of the request and of the item, got "


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TwoTowers().build(Fields(INPUTS, ("user", "age"), D, ("user", "age"))), ONE_SIDE + "user, age of the"),
        (
            lambda: TwoTowers().build(Fields(INPUTS, ("item", "year"), D, ("user",))),
            ONE_SIDE + "item, year of the item",
        ),
        (lambda: Only(("item", "year"), TwoTowers()).build(SIDES), ONE_SIDE + "item, year of the item alone"),
        (lambda: Stack(SqueezeExcitation(), TwoTowers()).build(SIDES), ONE_SIDE + "stacked of the item alone"),
        (lambda: TwoTowers().build(replace(SIDES, dim=0)), "TwoTowers crosses vectors of fields.*dim 0"),
        (lambda: SqueezeExcitation().build(replace(FIELDS, dim=0)), "SqueezeExcitation crosses vectors.*dim 0"),
        (lambda: TwoTowers(hidden=(8, 0)), r"TwoTowers.hidden: expected a tuple, each part a whole number, 1 or more"),
        (lambda: TwoTowers(size=0), "TwoTowers.size: expected a whole number, 1 or more; got 0"),
    ],
)
def test_what_means_nothing_is_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def network(interests: tuple, cross: object, columns) -> Network:
    spec = RankingModel(interests=interests, crosses=(cross,), dim=4)
    with seeded(0):
        return Network(spec, spec.inputs(columns), ("like",))


LOOKING = [TargetAttention((4,)), Encoded(), Evolution(), BST(), Over("history", TargetAttention((4,)))]
ALONE = [
    MeanPool(),
    Encoded(encoder=Recurrent(), ask="end"),
    Encoded(ask="mask"),
    Over("history", MeanPool()),
]


@pytest.mark.parametrize("interest", LOOKING, ids=repr)
def test_an_interest_that_looks_at_the_candidate_is_refused_with_what_to_take(interest, columns) -> None:
    with pytest.raises(ValueError, match=r'an interest looks at it; take MeanPool\(\) or Encoded\(ask="end"\)'):
        network((MeanPool(), interest), TwoTowers(), columns)
    # Towers with vectors of their own do not read it.
    assert network((interest,), Own(4, TwoTowers()), columns)


@pytest.mark.parametrize("interest", ALONE, ids=repr)
def test_an_interest_that_does_not_is_read_by_the_requests_tower(interest, columns) -> None:
    made = network((interest,), TwoTowers(hidden=(6,), size=3), columns)
    (towers,) = made.crosses.parts
    of_request = len(made.inputs.side(Level.REQUEST).names)
    of_item = len(made.inputs.side(Level.CANDIDATE).names)
    count = made.interests[0].count
    assert count >= 2  # a vector for each column of the history
    assert towers.request[0].in_features == 4 * (of_request + count)
    assert towers.item[0].in_features == 4 * of_item


def one_request(made: Network, rows: int) -> Batch:
    """A request with a history, and so many candidates."""
    random = torch.Generator().manual_seed(4)
    of = {level: made.inputs.side(level) for level in Level}
    codes = {level: sum(field.values for field in of[level].categories) for level in Level}
    numbers = {level: sum(field.width for field in of[level].numbers) for level in Level}
    return Batch(
        torch.randint(0, 7, (1, codes[Level.REQUEST]), generator=random),
        torch.randint(0, 8, (rows, codes[Level.CANDIDATE]), generator=random),
        torch.randn(1, numbers[Level.REQUEST], generator=random),
        torch.randn(rows, numbers[Level.CANDIDATE], generator=random),
        torch.randint(1, 8, (1, 4, 2), generator=random),
    )


@pytest.mark.parametrize("interest", [MeanPool(), Encoded(encoder=Recurrent(), ask="end")], ids=repr)
def test_in_serving_the_requests_tower_runs_once_whatever_the_candidates(interest, columns) -> None:
    made = randomise(network((interest,), TwoTowers(hidden=(6,), size=3), columns))
    (towers,) = made.crosses.parts
    seen: dict[str, list[int]] = {"request": [], "item": []}

    def counting(side: str) -> object:
        def count(module: nn.Module, given: tuple[Tensor, ...]) -> None:
            seen[side].append(len(given[0]))

        return count

    for side in seen:
        getattr(towers, side).register_forward_pre_hook(counting(side))
    with torch.no_grad():
        made(one_request(made, rows=50))
    assert seen == {"request": [1], "item": [50]}


def test_the_served_graph_multiplies_one_row_of_the_request(columns) -> None:
    made = randomise(network((MeanPool(),), TwoTowers(hidden=(6,), size=3), columns))
    batch = one_request(made, rows=50)
    with torch.no_grad():
        expected = made(batch).sigmoid().numpy()
    graph = onnx.load_from_string(made.ranker().graph)
    products = [node.output[0] for node in graph.graph.node if node.op_type in ("Gemm", "MatMul")]
    graph.graph.output.extend(onnx.ValueInfoProto(name=name) for name in products)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    given = {put.name: getattr(batch, put.name).numpy() for put in session.get_inputs()}
    found, *said = session.run(["probability", *products], given)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    # Two layers of each tower; "content", a vector of the item, is multiplied before them.
    rows = sorted(one.shape for one in said if one.shape[1] in (3, 6))
    assert rows == [(1, 3), (1, 6), (50, 3), (50, 6)]
