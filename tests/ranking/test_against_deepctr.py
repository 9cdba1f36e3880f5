"""Parts say what the layers of DeepCTR-Torch 0.3.0 say of equal inputs with copied weights.

`deepctr_layers.npz` holds inputs, weights by the peer's names, and answers; `benchmarks/fits/deepctr_layers.py` made it
in the peer's environment. What the two define differently is not compared:

- outer products: the peer's is a number per pair with a kernel of its own, ours the superposition of all vectors
- squeeze and excitation: the peer's (FiBiNET) reads the mean of each vector, ours (COLD) all that they hold
- CIN with split halves: ours has none, nor an activation or a bias
- what DIEN's auxiliary loss reads: a network in the peer, an inner product in ours, as the paper has it
- the variance that Dice remembers: the peer's is that of a sample (n - 1), ours that of the rows (n)

Shapes: N rows, F fields, D vector size, L history length, E = 2 D, W width of what a head reads.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from taojin.nn.activation import Dice
from taojin.ranking.crosses.attentional_fm import AttentionalFM
from taojin.ranking.crosses.cin import CIN
from taojin.ranking.crosses.cross_net import CrossNet, CrossNetMix
from taojin.ranking.crosses.fm import FM
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.crosses.products import BiInteraction, InnerProduct
from taojin.ranking.heads.esmm import ESMM
from taojin.ranking.heads.mmoe import PLE, Experts, Gate, MMoE
from taojin.ranking.heads.shared_bottom import SharedBottom
from taojin.ranking.heads.towers import Towers
from taojin.ranking.interests.dien import AttentionalUpdate
from taojin.ranking.interests.mean_pool import MeanPool
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.parts import CrossModule, Embedded, History
from tests.ranking.given import FIELDS, D, L, N, both, embedded

ARRAYS = {
    name: torch.from_numpy(values) for name, values in np.load(Path(__file__).with_name("deepctr_layers.npz")).items()
}


class Peer:
    """A layer of the peer: its weights by their names, and what it said."""

    def __init__(self, name: str) -> None:
        self.weights = {
            key.removeprefix(f"{name}/"): value for key, value in ARRAYS.items() if key.startswith(f"{name}/")
        }
        self.said = self.weights.pop("said")

    def __getitem__(self, name: str) -> Tensor:
        return self.weights[name]


def copy(target: Tensor, *source: Tensor) -> None:
    """Set a weight to the sum of some of the peer's, of the same shape, or one number for all."""
    total = torch.stack(source).sum(0)
    assert total.shape == target.shape or total.numel() == 1
    with torch.no_grad():
        target.copy_(total)


def copy_layer(target: nn.Module, peer: Peer, name: str) -> None:
    """A linear layer of the same name for its weight and its bias."""
    copy(target.weight, peer[f"{name}.weight"])
    if target.bias is not None:
        copy(target.bias, peer[f"{name}.bias"])


def copy_hidden(targets: Iterable[nn.Module], peer: Peer, name: str) -> None:
    """The hidden layers of a perceptron."""
    for place, layer in enumerate(layer for layer in targets if isinstance(layer, nn.Linear)):
        copy_layer(layer, peer, f"{name}.linears.{place}")


def copy_bends(bends: Iterable[nn.Module], peer: Peer, name: str = "") -> None:
    """What stands between the layers; the peer has one share of all units for PReLU."""
    for place, bend in enumerate(bends):
        of = f"{name}activation_layers.{place}"
        if isinstance(bend, nn.PReLU):
            copy(bend.weight, peer[f"{of}.weight"])
        elif isinstance(bend, Dice):
            copy(bend.share, peer[f"{of}.alpha"].flatten())
            copy(bend.mean, peer[f"{of}.bn.running_mean"])
            copy(bend.variance, peer[f"{of}.bn.running_var"])


def check(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found.detach(), expected, rtol=1e-5, atol=1e-5)


def fields(requests: int) -> Embedded:
    """The peer's fields: the first two are the same in all rows, so that one request can have them."""
    whole = ARRAYS["inputs/fields"]
    return Embedded((whole[:requests, :2], whole[:, 2:]), embedded(requests).batch)


def check_cross(part: CrossModule, peer: Peer, requests: int) -> None:
    check(part.eval()(fields(requests)), peer.said.view(N, part.width))


@both
@pytest.mark.parametrize(
    ("name", "spec"), [("fm", FM()), ("bi_interaction", BiInteraction()), ("inner_product", InnerProduct())]
)
def test_products_of_fields(requests: int, name: str, spec: FM | BiInteraction | InnerProduct) -> None:
    check_cross(spec.build(FIELDS), Peer(name), requests)


@both
def test_attentional_fm(requests: int) -> None:
    part, peer = AttentionalFM(6).build(FIELDS), Peer("afm")
    copy(part.hidden.weight, peer["attention_W"].T)
    copy(part.hidden.bias, peer["attention_b"])
    copy(part.score.weight, peer["projection_h"].T)
    copy(part.out.weight, peer["projection_p"].T)
    check_cross(part, peer, requests)


@both
def test_cross_net_of_vectors(requests: int) -> None:
    part, peer = CrossNet(3, matrix=False).build(FIELDS), Peer("cross_vector")
    copy(part.weight, peer["kernels"][:, :, 0].T)
    copy(part.bias, peer["bias"][:, :, 0])
    check_cross(part, peer, requests)


@both
def test_cross_net_of_matrices(requests: int) -> None:
    part, peer = CrossNet(3).build(FIELDS), Peer("cross_matrix")
    for layer, weight, bias in zip(part.layers, peer["kernels"], peer["bias"], strict=True):
        copy(layer.weight, weight)
        copy(layer.bias, bias[:, 0])
    check_cross(part, peer, requests)


@both
def test_mixed_crosses(requests: int) -> None:
    part, peer = CrossNetMix(2, rank=3, experts=2).build(FIELDS), Peer("cross_mix")
    copy(part.down, peer["V_list"])
    copy(part.inner, peer["C_list"].transpose(2, 3))
    copy(part.up, peer["U_list"].transpose(2, 3))
    copy(part.bias, peer["bias"].transpose(1, 2))
    copy(part.gates.weight, torch.cat([peer["gating.0.weight"], peer["gating.1.weight"]]))
    check_cross(part, peer, requests)


@both
def test_compressed_interactions(requests: int) -> None:
    part, peer = CIN((4, 3)).build(FIELDS), Peer("cin")
    for place, layer in enumerate(part.layers):
        copy(layer.weight, peer[f"conv1ds.{place}.weight"][:, :, 0])
        assert not peer[f"conv1ds.{place}.bias"].any()
    check_cross(part, peer, requests)


@both
@pytest.mark.parametrize("activation", ["relu", "prelu", "dice"])
def test_perceptron(requests: int, activation: str) -> None:
    part, peer = MLP((6, 3), activation=activation).build(FIELDS), Peer(f"dnn_{activation}")
    for place, layer in enumerate((part.first, *part.rest)):
        copy_layer(layer, peer, f"linears.{place}")
    copy_bends(part.bends, peer)
    check_cross(part, peer, requests)


def test_dice_while_it_learns() -> None:
    part, peer = Dice(2 * D).train(), Peer("dice_learning")
    copy(part.share, peer["alpha"])
    copy(part.mean, peer["bn.running_mean"])
    copy(part.variance, peer["bn.running_var"])
    check(part(ARRAYS["inputs/candidate"]), peer.said)
    check(part.mean, peer["after/bn.running_mean"])
    of_batch = [(after - 0.9 * peer["bn.running_var"]) / 0.1 for after in (part.variance, peer["after/bn.running_var"])]
    torch.testing.assert_close(of_batch[0] * N / (N - 1), of_batch[1], rtol=1e-4, atol=1e-4)


def past(requests: int) -> History:
    """The peer's histories with the padding brought to the left; of one request, that of row 4."""
    places, length = ARRAYS["inputs/history"], ARRAYS["inputs/length"][:, 0].long()
    if requests == 1:
        places, length = places[4:5], length[4:5]
    turned = torch.stack([row.roll(L - int(known), 0) for row, known in zip(places, length, strict=True)])
    return History(turned, torch.arange(L) >= L - length.unsqueeze(1))


def test_mean_pool() -> None:
    found, _ = MeanPool().build(FIELDS)(past(N), ARRAYS["inputs/candidate"])
    check(found.flatten(1), Peer("mean_pool").said[:, 0])


@both
@pytest.mark.parametrize("softmax", [False, True], ids=["weights", "softmax"])
@pytest.mark.parametrize("activation", ["relu", "prelu", "dice"])
def test_target_attention(requests: int, activation: str, softmax: bool) -> None:
    part = TargetAttention((6, 3), softmax=softmax, activation=activation).build(FIELDS).eval()
    peer, score = Peer(f"attention_{activation}{'_softmax' if softmax else ''}"), part.score
    # W1 q + W2 k + W3 (q - k) + W4 (q * k) = (W1 + W3) q + (W2 - W3) k + W4 (q * k)
    first, second, third, fourth = peer["local_att.dnn.linears.0.weight"].chunk(4, 1)
    copy(score.query.weight, first, third)
    copy(score.query.bias, peer["local_att.dnn.linears.0.bias"])
    copy(score.key.weight, second, -third)
    copy(score.both.weight, fourth)
    copy_layer(score.rest[0], peer, "local_att.dnn.linears.1")
    copy_layer(score.rest[1], peer, "local_att.dense")
    copy_bends(score.bends, peer, "local_att.dnn.")
    found, _ = part(past(requests), ARRAYS["inputs/candidate"])
    check(found.flatten(1), (peer.said if requests == N else peer["said_of_one"])[:, 0])


def test_the_update_gate_of_interest_evolution() -> None:
    size = 2 * D
    part, peer = AttentionalUpdate(size), Peer("augru")
    # The peer's gates stand as reset, update, new; ours as update, reset, new.
    order = torch.cat([torch.arange(size, 2 * size), torch.arange(size), torch.arange(2 * size, 3 * size)])
    copy(part.read.weight, peer["weight_ih"][order])
    copy(part.read.bias, peer["bias_ih"][order], peer["bias_hh"][order])
    copy(part.keep.weight, peer["weight_hh"][order])
    assert not peer["bias_hh"][2 * size :].any()  # ours has none within the reset gate
    check(part(ARRAYS["inputs/history"], ARRAYS["inputs/attention"]), peer.said)


def copy_towers(target: Towers, peer: Peer) -> None:
    for task, tower in enumerate(target.towers):
        *hidden, last = [layer for layer in tower if isinstance(layer, nn.Linear)]
        copy_hidden(hidden, peer, f"tower_dnn.{task}")
        copy(last.weight, peer[f"tower_dnn_final_layer.{task}.weight"])
        copy(last.bias, peer[f"out.{task}.bias"])


def copy_experts(target: Experts, peer: Peer, name: str) -> None:
    for place, expert in enumerate(target.experts):
        copy_hidden(expert, peer, f"{name}.{place}")


def copy_gate(target: Gate, peer: Peer, name: str) -> None:
    copy(target.weights.weight, peer[f"{name}.weight"])


def check_head(head: nn.Module, peer: Peer) -> None:
    check(head(ARRAYS["inputs/wide"]).sigmoid(), peer.said)


WIDTHS = (4, 5)


def test_shared_bottom() -> None:
    head, peer = SharedBottom(bottom=(6, 5), tower=(3,)).build(WIDTHS, 2), Peer("shared_bottom")
    copy_hidden(head.bottom, peer, "bottom_dnn")
    copy_towers(head.towers, peer)
    check_head(head, peer)


def test_entire_space() -> None:
    head, peer = ESMM(tower=(4, 3)).build(WIDTHS, 2), Peer("esmm")
    for tower, name in zip(head.towers.towers, ("ctr", "cvr"), strict=True):
        *hidden, last = [layer for layer in tower if isinstance(layer, nn.Linear)]
        copy_hidden(hidden, peer, f"{name}_dnn")
        copy(last.weight, peer[f"{name}_dnn_final_layer.weight"])
        copy(last.bias, peer["out.bias"])
    check_head(head, peer)


def test_mixture_of_experts() -> None:
    head, peer = MMoE(experts=3, expert=(6, 5), tower=(4,)).build(WIDTHS, 2), Peer("mmoe")
    copy_experts(head.experts, peer, "expert_dnn")
    for task, gate in enumerate(head.gates):
        copy_gate(gate, peer, f"gate_dnn_final_layer.{task}")
    copy_towers(head.towers, peer)
    check_head(head, peer)


def test_progressive_extraction_of_two_levels() -> None:
    head, peer = PLE(levels=2, shared=2, own=2, expert=(5,), tower=(4,)).build(WIDTHS, 2), Peer("ple")
    for place, level in enumerate(head.levels):
        for task, (own, gate) in enumerate(zip(level.own, level.gates, strict=True)):
            copy_experts(own, peer, f"specific_experts.{place}.{task}")
            copy_gate(gate, peer, f"specific_gate_dnn_final_layer.{place}.{task}")
        copy_experts(level.shared, peer, f"shared_experts.{place}.0")
        if level.of_all is not None:
            copy_gate(level.of_all, peer, f"shared_gate_dnn_final_layer.{place}")
    copy_towers(head.towers, peer)
    check_head(head, peer)
