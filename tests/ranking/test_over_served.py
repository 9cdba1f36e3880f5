"""Models of several histories, whole: what is served is what was learned, and each history teaches its own interest."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from taojin.core.auc import auc
from taojin.core.batch import Rows
from taojin.core.units import PAD
from taojin.features.feature import Category, Column, History, Level
from taojin.features.inputs import Inputs
from taojin.nn.batch import LabelledColumns
from taojin.nn.encoders import Capsules, Recurrent
from taojin.nn.losses import binary_cross_entropy
from taojin.nn.samples import Samples
from taojin.nn.trainer import seeded
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.interests.bst import BST
from taojin.ranking.interests.dien import Evolution
from taojin.ranking.interests.encoded import Encoded
from taojin.ranking.interests.mean_pool import MeanPool
from taojin.ranking.interests.over import Over
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.model import Network, RankingModel
from tests.ranking.conftest import Given
from tests.ranking.given import randomise

PAIRS = [
    (Over("history", MeanPool()), Over("session", MeanPool())),
    (Over("session", TargetAttention((4,))), Over("history", Encoded(encoder=Capsules(), ask="end"))),
    (Over("session", Evolution()), Over("history", BST()), Over("session", Encoded(ask="mask"))),
    (Over("session", Encoded()), Over("history", Encoded(encoder=Recurrent(), ask="end"))),
]


@pytest.fixture(scope="module", params=["longest first", "longest last"])
def ordered(request, two_histories) -> dict[str, Column]:
    """Columns of the model in both orders of its histories, the long one of 6 places and the short one of 3."""
    if request.param == "longest first":
        return two_histories
    columns = dict(two_histories)
    columns["history"] = columns.pop("history")
    return columns


@pytest.mark.parametrize("interests", PAIRS, ids=lambda pair: " ".join(type(one.interest).__name__ for one in pair))
def test_the_served_graph_equals_pytorch_whatever_is_known(interests, ordered, draw) -> None:
    spec = RankingModel(interests=interests, crosses=(MLP((8,)),), dim=4)
    with seeded(0):
        made = randomise(Network(spec, spec.inputs(ordered), ("like",)))
    ranker, rows = made.ranker(), draw(8, 20).rows
    # Nobody's history is longer than two places, so that a batch is short; nobody has anything; the session alone.
    short = rows.request["history"].copy()
    short[:, :-2] = PAD
    nothing, no_session = np.zeros_like(short), np.zeros_like(rows.request["session"])
    for histories in (
        {},
        {"history": short, "session": rows.request["session"] * (np.arange(3) == 2)[None, :, None]},
        {"history": nothing, "session": no_session},
        {"history": nothing},
        {"session": no_session},
    ):
        asked = Rows(rows.request | histories, rows.candidate, rows.of)
        source = LabelledColumns.pack(made.inputs, replace(draw(8, 20), rows=asked), torch.device("cpu"))
        with torch.no_grad():
            expected = made(source.gather(torch.arange(160)).batch).sigmoid()[:, 0].numpy()
        assert np.isfinite(expected).all() and expected.std() > 0.01
        np.testing.assert_allclose(ranker.score(asked)["like"], expected, rtol=0, atol=1e-5)
        one = Rows(
            {name: v[3:4] for name, v in asked.request.items()},
            {name: v[60:80] for name, v in asked.candidate.items()},
            np.zeros(20, np.int64),
        )
        np.testing.assert_allclose(ranker.score(one)["like"], expected[60:80], rtol=0, atol=1e-5)


@pytest.mark.parametrize("first", ["history", "session"])
def test_what_hangs_on_the_session_is_learned_from_the_session_alone(first: str) -> None:
    """A candidate is liked if its genre stands in the session; rows of the test are others than those learned from."""
    random, n = np.random.default_rng(0), 3_000
    session, history = random.integers(1, 13, (n, 3, 1)), random.integers(1, 13, (n, 6, 1))
    some = random.random(n) < 0.4
    genre = np.where(some, session[np.arange(n), random.integers(0, 3, n), 0], random.integers(1, 13, n))
    like = (session[:, :, 0] == genre[:, None]).any(1)
    rows = Rows({"history": history, "session": session}, {"genre": genre}, np.arange(n))
    samples = Samples(rows, like.astype(np.float32)[:, None], ("like",), np.zeros(n, np.uint8), np.ones(n, np.float32))
    forms = {"history": History(6, ("genre",)), "session": History(3, ("genre",))}
    ordered = {name: forms[name] for name in (first, *forms)}
    columns: list[Column] = [Given("genre", Level.CANDIDATE, Category(13))]
    columns += [Given(name, Level.REQUEST, form) for name, form in ordered.items()]

    def found(name: str) -> float:
        spec = RankingModel(interests=(Over(name, TargetAttention((8,))),), crosses=(MLP((16,)),), dim=4)
        with seeded(0):
            made = Network(spec, Inputs.of(columns), ("like",))
        source = LabelledColumns.pack(made.inputs, samples, torch.device("cpu"))
        learned = source.gather(torch.arange(2_000))
        optimizer = torch.optim.Adam(made.parameters(), lr=0.02)
        for _ in range(150):
            optimizer.zero_grad()
            binary_cross_entropy(made(learned.batch), learned.labels, learned.weight).backward()
            optimizer.step()
        with torch.no_grad():
            return auc(like[2_000:], made(source.gather(torch.arange(2_000, n)).batch)[:, 0].numpy())

    assert found("session") > 0.95
    assert found("history") < 0.6
