"""Several histories of one model: each interest reads its own places and nothing else. Shapes: N rows, L places."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from taojin.core.batch import Rows
from taojin.core.units import PAD
from taojin.features.inputs import HistoryField, Inputs
from taojin.nn.batch import Batch
from taojin.nn.encoders import Capsules, Recurrent
from taojin.nn.encoders import MeanPool as Pooled
from taojin.nn.table import Table
from taojin.ranking.interests.bst import BST
from taojin.ranking.interests.dien import Evolution
from taojin.ranking.interests.encoded import Encoded
from taojin.ranking.interests.mean_pool import MeanPool
from taojin.ranking.interests.over import Over, looking
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.parts import Fields, History, Interest
from tests.ranking.given import INPUTS, NAMES, D, N, both, randomise

LONG, SHORT = HistoryField("history", 5, ("item", "year")), HistoryField("session", 3, ("year",))
WISHES = HistoryField("wishes", 4, ("year", "item"))
ORDERS = [(LONG, SHORT), (SHORT, LONG), (SHORT, WISHES, LONG)]
SIZES = {"item": 8, "year": 6}
INTERESTS: list[Interest] = [
    MeanPool(),
    TargetAttention((4,)),
    TargetAttention((4,), softmax=True),
    Evolution(),
    BST(),
    Encoded(),
    Encoded(ask="mask"),
    Encoded(encoder=Recurrent(), ask="end"),
    Encoded(encoder=Capsules(), ask="end"),
    Encoded(encoder=Pooled(), ask="end"),
]

each_interest = pytest.mark.parametrize("interest", INTERESTS, ids=repr)
each_order = pytest.mark.parametrize("histories", ORDERS, ids=lambda histories: " ".join(one.name for one in histories))


def given_histories(histories: tuple[HistoryField, ...], requests: int) -> dict[str, Tensor]:
    """Codes of each history, int64[R, L, H], with 0 to L known places; no two histories are known equally long."""
    found = {}
    for at, one in enumerate(histories):
        random = torch.Generator().manual_seed(10 + at)
        codes = [torch.randint(1, SIZES[column], (requests, one.length, 1), generator=random) for column in one.columns]
        count = (torch.arange(requests).unsqueeze(1) + at + (requests == 1)) % (one.length + 1)
        known = torch.arange(one.length) >= one.length - count
        found[one.name] = torch.cat(codes, 2) * known.unsqueeze(2)
    return found


def packed(histories: tuple[HistoryField, ...], codes: dict[str, Tensor]) -> Tensor:
    """What `Inputs.pack` makes of them."""
    inputs = replace(INPUTS, histories=histories)
    requests = len(codes[histories[0].name])
    request = {name: one.numpy() for name, one in codes.items()}
    request |= {"user": np.zeros(requests, np.int64), "age": np.zeros(requests, np.float32)}
    candidate = {"item": np.zeros(0, np.int64), "year": np.zeros(0, np.int64), "genres": np.zeros((0, 2), np.int64)}
    return torch.from_numpy(inputs.pack(Rows(request, candidate, np.zeros(0, np.int64))).history)


def batch(history: Tensor) -> Batch:
    random = torch.Generator().manual_seed(3)
    requests = len(history)
    items = [torch.randint(0, size, (N, 1), generator=random) for size in (8, 6, 5, 5)]
    return Batch(
        torch.ones(requests, 1, dtype=torch.int64),
        torch.cat(items, 1),
        torch.zeros(requests, 1),
        torch.zeros(N, 0),
        history,
    )


def table_of(inputs: Inputs) -> Table:
    """The same vectors whatever the histories."""
    return randomise(Table(inputs, D))


def rows_of(table: Table, name: str, codes: Tensor) -> Tensor:
    """Vectors of codes of a category, zeros at PAD."""
    return table.weight[table.starts[name] + codes] * (codes != PAD).unsqueeze(-1)


def alone(interest: Interest, one: HistoryField, codes: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """What the interest's own module says of this history and its candidates."""
    inputs = replace(INPUTS, histories=(one,))
    module, table, items = interest.build(Fields(inputs, NAMES, D)), table_of(inputs), batch(codes).item
    module.load_state_dict(weights)
    places = [rows_of(table, column, codes[:, :, at]) for at, column in enumerate(one.columns)]
    candidate = [rows_of(table, column, items[:, ("item", "year").index(column)]) for column in one.columns]
    with torch.no_grad():
        found, _ = module.eval()(History(torch.cat(places, 2), codes[:, :, 0] != PAD), torch.cat(candidate, 1))
    return found


@both
@each_order
@each_interest
def test_an_interest_sees_the_places_of_its_own_history(
    interest: Interest, histories: tuple[HistoryField, ...], requests: int
) -> None:
    inputs, codes = replace(INPUTS, histories=histories), given_histories(histories, requests)
    given = batch(packed(histories, codes))
    with torch.no_grad():
        known = table_of(inputs)(given)
        for one in histories:
            made = randomise(looking(Over(one.name, interest), Fields(inputs, NAMES, D)))
            found, _ = made(known, given)
            assert found.shape[1:] == (made.count, D)
            expected = alone(interest, one, codes[one.name], made.module.state_dict())
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
            assert found.any()


@each_order
def test_mean_pooling_is_the_mean_over_each_historys_own_rows(histories: tuple[HistoryField, ...]) -> None:
    inputs, codes = replace(INPUTS, histories=histories), given_histories(histories, N)
    table, given = table_of(inputs), batch(packed(histories, codes))
    for one in histories:
        found, _ = looking(Over(one.name, MeanPool()), Fields(inputs, NAMES, D))(table(given), given)
        for n in range(N):
            for column, name in enumerate(one.columns):
                own = [int(code) for code in codes[one.name][n, :, column] if code != PAD]
                rows = [table.weight[table.starts[name] + code].detach().numpy() for code in own]
                expected = sum(rows) / len(rows) if rows else np.zeros(D)
                np.testing.assert_allclose(found[n, column].detach().numpy(), expected, rtol=1e-5, atol=1e-6)


@each_order
@each_interest
def test_what_stands_in_other_histories_changes_nothing(
    interest: Interest, histories: tuple[HistoryField, ...]
) -> None:
    inputs, codes = replace(INPUTS, histories=histories), given_histories(histories, N)
    table = table_of(inputs)
    for one in histories:
        made = randomise(looking(Over(one.name, interest), Fields(inputs, NAMES, D)))
        others = {name: torch.ones_like(own) for name, own in codes.items()} | {one.name: codes[one.name]}
        with torch.no_grad():
            found = [made(table(given), given)[0] for given in (batch(packed(histories, c)) for c in (codes, others))]
        assert torch.equal(*found)


def test_a_shorter_history_has_its_padding_on_the_left() -> None:
    codes = given_histories((LONG, SHORT), N)
    history = packed((LONG, SHORT), codes)
    assert history.shape == (N, 5, 3)
    assert torch.equal(history[:, :, :2], codes["history"])
    assert torch.equal(history[:, 2:, 2:], codes["session"])
    assert (history[:, :2, 2] == PAD).all()


@each_order
@each_interest
def test_places_that_nobody_knows_may_be_cut_off(interest: Interest, histories: tuple[HistoryField, ...]) -> None:
    inputs = replace(INPUTS, histories=histories)
    table, longest = table_of(inputs), max(one.length for one in histories)
    newest = {name: codes[:, -2:] for name, codes in given_histories(histories, N).items()}
    codes = {one.name: torch.nn.functional.pad(newest[one.name], (0, 0, one.length - 2, 0)) for one in histories}
    whole = packed(histories, codes)
    for one in histories:
        made = randomise(looking(Over(one.name, interest), Fields(inputs, NAMES, D)))
        with torch.no_grad():
            full, _ = made(table(batch(whole)), batch(whole))
            cut, _ = made(table(batch(whole[:, longest - 2 :])), batch(whole[:, longest - 2 :]))
        # A transformer of candidate and places gives a vector for each place, padding included.
        torch.testing.assert_close(cut, full, rtol=1e-4, atol=1e-5)


@both
@pytest.mark.parametrize("places", [1, 3, 5])
@each_interest
def test_histories_in_which_nothing_is_known_are_finite(interest: Interest, places: int, requests: int) -> None:
    inputs = replace(INPUTS, histories=(LONG, SHORT))
    table, given = table_of(inputs), batch(torch.zeros(requests, places, 3, dtype=torch.int64))
    for name in ("history", "session"):
        made = randomise(looking(Over(name, interest), Fields(inputs, NAMES, D)))
        with torch.no_grad():
            found, _ = made(table(given), given)
        assert torch.isfinite(found).all()
        if not isinstance(interest, BST):  # whose candidate is a place, too
            assert not found.any()


def test_one_empty_history_leaves_the_other_as_it_is() -> None:
    codes = given_histories((LONG, SHORT), N)
    codes["history"].zero_()
    inputs = replace(INPUTS, histories=(LONG, SHORT))
    given = batch(packed((LONG, SHORT), codes))
    made = [looking(Over(name, MeanPool()), Fields(inputs, NAMES, D)) for name in ("history", "session")]
    nothing, something = (part(table_of(inputs)(given), given)[0] for part in made)
    assert not nothing.any()
    assert something.flatten(1).any(1).tolist() == codes["session"].flatten(1).any(1).tolist()


def test_the_only_history_may_be_named() -> None:
    codes = given_histories((LONG,), N)["history"]
    fields = Fields(replace(INPUTS, histories=(LONG,)), NAMES, D)
    made = randomise(looking(Over("history", TargetAttention((4,))), fields))
    with torch.no_grad():
        found, _ = made(table_of(fields.inputs)(batch(codes)), batch(codes))
    torch.testing.assert_close(found, alone(TargetAttention((4,)), LONG, codes, made.module.state_dict()))


@pytest.mark.parametrize(
    ("name", "histories", "hint"),
    [
        ("sesion", (LONG, SHORT), "did you mean 'session'"),
        ("basket", (LONG, SHORT), "there are history, session"),
        ("history", (SHORT,), "there are session"),
        ("history", (), "there are none"),
    ],
)
def test_a_history_that_is_not_there_is_refused_with_a_hint(name: str, histories: tuple, hint: str) -> None:
    fields = Fields(replace(INPUTS, histories=histories), NAMES, D)
    with pytest.raises(ValueError, match=rf"Over\({name!r}\): no such history; {hint}"):
        looking(Over(name, MeanPool()), fields)


@each_interest
def test_several_histories_must_be_named(interest: Interest) -> None:
    fields = Fields(replace(INPUTS, histories=(LONG, SHORT)), NAMES, D)
    part = type(interest).__name__
    with pytest.raises(
        ValueError, match=rf"{part} reads one history of history, session; say which: Over\('history', {part}"
    ):
        looking(interest, fields)
