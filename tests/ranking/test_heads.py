"""Every head equals its formula, on random weights."""

import numpy as np
import pytest
import torch

from taojin.ranking.heads.esmm import ESMM
from taojin.ranking.heads.mmoe import PLE, MMoE
from taojin.ranking.heads.shared_bottom import SharedBottom
from taojin.ranking.heads.single import Single
from tests.ranking.given import N, bias, randomise, weight


def test_head_adds_up_logits_as_they_are_and_weighs_the_rest() -> None:
    head = Single().build((1, 3, 1), 2)
    assert head.weight[:, [0, 4]].eq(1).all()
    assert not head.weight[:, 1:4].eq(1).any()
    x = torch.randn(N, 5)
    np.testing.assert_allclose(head(x).detach().numpy(), x.numpy() @ weight(head).T + bias(head), rtol=1e-5, atol=1e-5)


def run(layer: torch.nn.Module, x: np.ndarray) -> np.ndarray:
    """A perceptron of linear and ReLU layers."""
    for part in layer:
        if isinstance(part, torch.nn.Linear):
            x = weight(part) @ x + bias(part)
        elif isinstance(part, torch.nn.ReLU):
            x = np.maximum(x, 0)
    return x


def shares(gate: torch.nn.Module, x: np.ndarray) -> np.ndarray:
    scores = np.exp(weight(gate.weights) @ x)
    return scores / scores.sum()


X = torch.randn(N, 9, generator=torch.Generator().manual_seed(3))


def test_shared_bottom() -> None:
    head = randomise(SharedBottom(bottom=(6, 5), tower=(3,)).build((4, 5), 2))
    expected = [[run(tower, run(head.bottom, x))[0] for tower in head.towers.towers] for x in X.numpy()]
    np.testing.assert_allclose(head(X).detach().numpy(), expected, rtol=1e-5, atol=1e-5)


def test_mmoe() -> None:
    head = randomise(MMoE(experts=3, expert=(5,), tower=(4,)).build((9,), 2))
    expected = []
    for x in X.numpy():
        said = np.array([run(expert, x) for expert in head.experts.experts])
        mixed = [shares(gate, x) @ said for gate in head.gates]
        expected.append([run(tower, one)[0] for tower, one in zip(head.towers.towers, mixed, strict=True)])
    np.testing.assert_allclose(head(X).detach().numpy(), expected, rtol=1e-5, atol=1e-5)


def test_ple_of_two_levels() -> None:
    head = randomise(PLE(levels=2, shared=2, own=1, expert=(5,), tower=()).build((9,), 2))
    expected = []
    for x in X.numpy():
        states = [x, x, x]
        for level in head.levels:
            own = [
                [run(expert, state) for expert in its.experts] for its, state in zip(level.own, states, strict=False)
            ]
            shared = [run(expert, states[2]) for expert in level.shared.experts]
            new = [shares(gate, states[t]) @ np.array(own[t] + shared) for t, gate in enumerate(level.gates)]
            if level.of_all is not None:
                new.append(shares(level.of_all, states[2]) @ np.array(own[0] + own[1] + shared))
            states = new
        expected.append([run(tower, one)[0] for tower, one in zip(head.towers.towers, states, strict=True)])
    np.testing.assert_allclose(head(X).detach().numpy(), expected, rtol=1e-5, atol=1e-5)


def test_esmm_multiplies_probabilities_and_stays_finite() -> None:
    head = randomise(ESMM(tower=(4,)).build((9,), 3))
    own = torch.cat([tower(X) for tower in head.towers.towers], 1).sigmoid().detach().numpy().astype(np.float64)
    np.testing.assert_allclose(head(X).sigmoid().detach().numpy(), own.cumprod(1), rtol=1e-5, atol=1e-6)
    far = (X * 1e4).requires_grad_()
    logits = head(far)
    logits.sum().backward()
    assert torch.isfinite(logits).all() and torch.isfinite(far.grad).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ESMM().build((4,), 1), "ESMM chains two tasks or more, got 1"),
        (lambda: MMoE(experts=0), "MMoE.experts: expected a whole number, 1 or more; got 0"),
        (lambda: MMoE(expert=()), "MMoE needs experts of at least one layer"),
        (lambda: PLE(expert=()), "PLE needs experts of at least one layer"),
        (lambda: SharedBottom(bottom=()), "SharedBottom needs at least one shared layer"),
    ],
)
def test_what_means_nothing_is_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
