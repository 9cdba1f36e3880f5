"""Any parts that fit each other make a model that learns and is served; what does not fit is refused by name."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from taojin.nn.batch import LabelledColumns
from taojin.nn.encoders import Capsules, MeanPool, Recurrent
from taojin.nn.losses import binary_cross_entropy
from taojin.nn.trainer import seeded
from taojin.nn.transformer import Transformer
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
from taojin.ranking.crosses.squeeze import SqueezeExcitation
from taojin.ranking.crosses.stack import Stack
from taojin.ranking.crosses.two_towers import TwoTowers
from taojin.ranking.crosses.wide import Wide
from taojin.ranking.heads.esmm import ESMM
from taojin.ranking.heads.mmoe import PLE, MMoE
from taojin.ranking.heads.shared_bottom import SharedBottom
from taojin.ranking.heads.single import Single
from taojin.ranking.interests.bst import BST
from taojin.ranking.interests.dien import Evolution
from taojin.ranking.interests.encoded import Encoded
from taojin.ranking.interests.mean_pool import MeanPool as Mean
from taojin.ranking.interests.over import Over
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.model import Network, RankingModel

DEEP = MLP((32, 16))
PLAIN = st.sampled_from(
    [
        Linear(), FM(), FFM(2), Flat(), Product(), BiInteraction(), InnerProduct(), OuterProduct(), AttentionalFM(4),
        CrossNet(2), CrossNet(2, matrix=False), CrossNetMix(2, rank=4, experts=2), CIN((4, 3)), DEEP,
        MLP((16,), activation="dice"), MLP((16,), activation="prelu"), ResidualMLP((8,)), Wide((("user", "item"),)),
        TwoTowers(hidden=(8,), size=4), TwoTowers(hidden=()), SqueezeExcitation(),
    ]
)  # fmt: skip


def wrapped(parts: st.SearchStrategy) -> st.SearchStrategy:
    """A part around others."""
    return st.one_of(
        st.builds(Stack, parts, parts),
        st.builds(lambda first, second: Beside((first, second)), parts, parts),
        st.builds(lambda part: Only(("user", "item", "age"), part), parts),
        st.builds(Own, st.sampled_from([4, 6]), parts),
        st.builds(Decay, parts, st.just(1e-6)),
    )


CROSSES = st.recursive(PLAIN, wrapped, max_leaves=3)
INTERESTS = st.sampled_from(
    [
        Mean(), TargetAttention((8, 4)), TargetAttention((8,), softmax=True, activation="dice"), Evolution(), BST(),
        Encoded(), Encoded(encoder=Recurrent(), ask="end"), Encoded(encoder=Capsules(), ask="end"),
        Encoded(encoder=MeanPool(), ask="end"), Encoded(encoder=Transformer(causal=False), ask="mask"),
        Encoded(encoder=Capsules()), BST(heads=3), Over("history", Mean()), Over("history", TargetAttention((8,))),
        Over("nothing", Mean()),
    ]
)  # fmt: skip
HEADS = st.sampled_from(
    [
        Single(), SharedBottom(bottom=(16,), tower=(16,)), MMoE(experts=2, expert=(16,), tower=(16,)),
        ESMM(tower=(16,)), PLE(levels=2, shared=1, own=1, expert=(16,), tower=(16,)),
    ]
)  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    crosses=st.lists(st.one_of(st.just(DEEP), CROSSES), min_size=1, max_size=2),
    interests=st.lists(INTERESTS, max_size=2),
    head=HEADS,
    dim=st.sampled_from([4, 8, 4, 8, 0]),
    tasks=st.integers(1, 3),
)
def test_parts_that_fit_learn_and_are_served(crosses, interests, head, dim, tasks, columns, draw) -> None:
    spec = RankingModel(crosses=tuple(crosses), interests=tuple(interests), head=head, dim=dim)
    with seeded(0):
        try:
            network = Network(spec, spec.inputs(columns), tuple(f"task{t}" for t in range(tasks)))
        except ValueError as error:
            event("refused")
            assert str(error).startswith(("ranking: ", "Encoded: ", "BST: ")), error
            return
        rows = draw(64, 1, tasks=tasks)
        rows.labels[:] = rows.labels.cumprod(axis=1)
        source = LabelledColumns.pack(network.inputs, rows, torch.device("cpu")).gather(torch.arange(64))
        before = loss(network, source)
        # A perceptron over all fields knows every row by heart; what sees less learns less.
        everything = DEEP in crosses and dim
        optimizer = torch.optim.Adam(network.parameters(), 0.01)
        network.train()
        for _ in range(400 if everything else 20):
            optimizer.zero_grad()
            logits, extra = network.learned(source.batch)
            (binary_cross_entropy(logits, source.labels, source.weight) + extra).backward()
            optimizer.step()
    event("learns by heart" if everything else "learns")
    assert loss(network, source) < before * (0.2 if everything else 1)
    ranker = network.eval().ranker()
    found = np.stack(list(ranker.score(rows.rows).values()), axis=1)
    with torch.no_grad():
        np.testing.assert_allclose(found, network(source.batch).sigmoid().numpy(), rtol=0, atol=1e-5)


def loss(network: Network, source) -> float:
    """Without what the parts add to it."""
    with torch.no_grad():
        return float(binary_cross_entropy(network.eval()(source.batch), source.labels, source.weight))


@pytest.mark.parametrize("interest", [Mean(), BST(), Evolution(), Encoded(), TargetAttention()])
def test_a_model_without_shared_vectors_has_no_interests(interest, columns) -> None:
    spec = RankingModel(crosses=(Linear(),), interests=(interest,), dim=0)
    with pytest.raises(ValueError, match="reads a history; expected a history among the features and dim >= 1"):
        Network(spec, spec.inputs(columns), ("like",))
