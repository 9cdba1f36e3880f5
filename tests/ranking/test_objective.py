"""The loss of several tasks equals a plain loop; what a task does not know teaches nothing, to the bit.

Shapes: N rows, T tasks.
"""

import math

import pytest
import torch
from torch import Tensor

from taojin.nn.batch import LabelledColumns
from taojin.nn.trainer import seeded
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.heads.mmoe import PLE, MMoE
from taojin.ranking.heads.shared_bottom import SharedBottom
from taojin.ranking.heads.single import Single
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.model import Network, RankingModel
from taojin.ranking.objective import Loss, Objective
from taojin.ranking.parts import Head
from tests.ranking.given import randomise

TASKS = ("click", "like", "buy")
NAN = float("nan")
LABELS = [[1, 0, NAN], [0, 1, 1], [0.25, NAN, 0], [1, 1, NAN], [NAN, NAN, NAN], [0, 0.5, 0]]


def given() -> tuple[Tensor, Tensor]:
    """Random logits and labels, some of which are missing and some fractions, float32[N, T] each."""
    random = torch.Generator().manual_seed(0)
    return 2 * torch.randn(6, 3, generator=random), torch.tensor(LABELS)


def task_losses(logits: Tensor, labels: Tensor, weight: Tensor, positives: list[float]) -> list[float]:
    """Mean over the rows of each task's weighted loss."""
    rows, tasks = logits.shape
    found = [0.0] * tasks
    for n in range(rows):
        for t in range(tasks):
            p, y = 1 / (1 + math.exp(-float(logits[n, t]))), float(labels[n, t])
            if not math.isnan(y):
                counts = float(weight[n] if weight.ndim == 1 else weight[n, t])
                counts *= y * positives[t] + (1 - y)
                found[t] -= counts * (y * math.log(p) + (1 - y) * math.log(1 - p)) / rows
    return found


WEIGHTS = {
    "one": torch.ones(6),
    "of rows": torch.tensor([1.0, 0.5, 2.0, 0.0, 1.0, 3.0]),
    "of rows and tasks": torch.arange(18.0).reshape(6, 3) / 9,
}


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize(
    ("weights", "positives"),
    [({}, {}), ({"like": 2.5}, {}), ({}, {"buy": 7.0, "click": 0.5}), ({"click": 0.1, "buy": 3}, {"like": 4})],
)
def test_the_loss_is_what_a_plain_loop_gives(weight: Tensor, weights: dict, positives: dict) -> None:
    logits, labels = given()
    found = Objective(weights=weights, positives=positives).build(TASKS)(logits, labels, weight)
    losses = task_losses(logits, labels, weight, [positives.get(task, 1.0) for task in TASKS])
    expected = sum(weights.get(task, 1.0) * loss for task, loss in zip(TASKS, losses, strict=True))
    assert found.shape == ()
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_a_positive_row_of_a_weight_counts_like_so_many_of_it() -> None:
    logits, labels = torch.tensor([[0.3], [-0.2]]), torch.tensor([[1.0], [0.0]])
    weighed = Objective(positives={"like": 3.0}).build(("like",))(logits, labels, torch.ones(2))
    repeated = Objective().build(("like",))(logits[[0, 0, 0, 1]], labels[[0, 0, 0, 1]], torch.ones(4))
    # Means are over the rows that are there, of which there are twice as many.
    assert float(weighed) * 2 == pytest.approx(float(repeated) * 4, rel=1e-6)


def test_uncertainty_divides_each_loss_by_its_noise_and_charges_for_it() -> None:
    logits, labels = given()
    weight, weights = WEIGHTS["of rows and tasks"], {"click": 2.0}
    loss = Objective(weights=weights, positives={"like": 4.0}, uncertainty=True).build(TASKS)
    with torch.no_grad():
        loss.noise.copy_(torch.tensor([0.5, -1.0, 2.0]))
    losses = task_losses(logits, labels, weight, [1.0, 4.0, 1.0])
    labelled = [sum(not math.isnan(row[task]) for row in LABELS) / len(LABELS) for task in range(3)]
    parts = zip((0.5, -1.0, 2.0), (2 * losses[0], *losses[1:]), labelled, strict=True)
    expected = sum(math.exp(-s) * part + share * s / 2 for s, part, share in parts)
    assert float(loss(logits, labels, weight).detach()) == pytest.approx(expected, rel=1e-5)


def test_in_validation_uncertainty_says_nothing() -> None:
    logits, labels = given()
    loss, plain = (Objective(weights={"buy": 2.0}, uncertainty=on).build(TASKS) for on in (True, False))
    with torch.no_grad():
        loss.noise.copy_(torch.tensor([0.5, -1.0, 2.0]))
    judged = loss.eval()(logits, labels, torch.ones(6))
    assert torch.equal(judged, plain.eval()(logits, labels, torch.ones(6)))
    assert not judged.requires_grad


def learned_noise(loss: Loss, logits: Tensor, labels: Tensor) -> list[float]:
    """What each task's noise comes to where the logits stay as they are."""
    optimizer = torch.optim.Adam(loss.parameters(), lr=0.02)
    for _ in range(600):
        optimizer.zero_grad()
        loss(logits, labels, torch.ones(len(labels))).backward()
        optimizer.step()
    return loss.noise.tolist()


def test_the_noise_of_a_task_of_chance_grows_above_that_of_a_task_that_is_known() -> None:
    random = torch.Generator().manual_seed(0)
    logits = 6 * torch.randn(400, 2, generator=random)
    labels = (logits > 0).float()
    labels[:, 1] = torch.randint(0, 2, (400,), generator=random)  # whatever the logits say
    logits[:, 1] /= 12
    loss = Objective(uncertainty=True).build(("clean", "noisy"))
    clean, noisy = learned_noise(loss, logits, labels)
    assert noisy > clean + 1
    # exp(-s) L + s / 2 is least at s = log(2 L).
    expected = [math.log(2 * one) for one in task_losses(logits, labels, torch.ones(400), [1.0, 1.0])]
    assert [clean, noisy] == pytest.approx(expected, abs=0.02)


def test_the_noise_of_a_task_does_not_depend_on_how_many_rows_have_its_label() -> None:
    """What is known of one row in a hundred would weigh a hundred times as much."""
    logits, label = torch.zeros(400, 2), torch.randint(0, 2, (400, 1), generator=torch.Generator().manual_seed(0))
    labels = label.float().repeat(1, 2)
    labels[4:, 1] = NAN
    loss = Objective(uncertainty=True).build(("known", "rarely known"))
    assert learned_noise(loss, logits, labels) == pytest.approx([math.log(2 * math.log(2))] * 2, abs=0.02)


def test_a_task_without_a_label_in_the_batch_says_nothing_of_its_noise() -> None:
    logits, labels = given()
    labels[:, 1] = NAN
    loss = Objective(uncertainty=True).build(TASKS)
    loss(logits, labels, torch.ones(6)).backward()
    assert loss.noise.grad[1] == 0 and loss.noise.grad[[0, 2]].all()
    nothing = loss(logits, torch.full_like(labels, NAN), torch.ones(6))
    assert nothing == 0


@pytest.mark.parametrize("name", ["weights", "positives"])
def test_tasks_that_are_not_there_are_refused_with_a_hint(name: str) -> None:
    with pytest.raises(ValueError, match=rf"Objective\.{name}: no task 'lkie'; did you mean 'like'\?"):
        Objective(**{name: {"lkie": 2.0}}).build(TASKS)
    with pytest.raises(ValueError, match=rf"Objective\.{name}: no task 'watch'; there are click, like, buy"):
        Objective(**{name: {"watch": 2.0}}).build(TASKS)


@pytest.mark.parametrize("name", ["weights", "positives"])
@pytest.mark.parametrize("value", [0, -1.0, NAN, math.inf, "2", True])
def test_weights_that_are_not_above_zero_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"Objective\.{name}\['like'\]: expected a number, above 0; got {value!r}"):
        Objective(**{name: {"like": value}})


HEADS = [
    SharedBottom(bottom=(8,), tower=(4,)),
    MMoE(experts=3, expert=(6,), tower=(4,)),
    PLE(levels=2, shared=2, own=1, expert=(6,), tower=(4,)),
    Single(),
]


OBJECTIVES = {
    "plain": Objective(),
    "weighed": Objective(weights={"click": 2.0, "like": 0.5}, positives={"click": 3.0, "like": 7.0}),
    "uncertain": Objective(uncertainty=True),
}


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("head", HEADS, ids=lambda head: type(head).__name__)
def test_a_task_whose_labels_are_all_missing_changes_no_gradient_to_the_bit(
    head: Head, missing: int, objective: Objective, columns, draw
) -> None:
    known = 1 - missing
    spec = RankingModel(interests=(TargetAttention((4,)),), crosses=(MLP((8,)),), head=head, dim=4, objective=objective)
    with seeded(0):
        made = randomise(Network(spec, spec.inputs(columns), ("click", "like"))).train()
    all_known = LabelledColumns.pack(made.inputs, draw(40, 2, tasks=2), torch.device("cpu")).gather(torch.arange(80))
    batch, weight = all_known.batch, all_known.weight
    labels = all_known.labels.clone()
    labels[:, missing] = NAN

    def gradients(loss: Tensor) -> dict[str, Tensor]:
        made.zero_grad()
        loss.backward()
        return {name: torch.zeros_like(one) if one.grad is None else one.grad for name, one in made.named_parameters()}

    found = gradients(made.objective(made(batch), labels, weight))
    # The other task's loss alone: what the missing one's tower says is a constant. (In a table of one column sums
    # would be rounded in another order.)
    logits = made(batch)
    constant = torch.where(torch.arange(2) == known, logits, logits.detach())
    expected = gradients(made.objective(constant, all_known.labels, weight))
    if objective.uncertainty:
        noise = found.pop("objective.noise")
        assert noise[missing] == 0
        assert noise[known] == expected.pop("objective.noise")[known] != 0
    assert [name for name, gradient in found.items() if not torch.equal(gradient, expected[name])] == []
    assert sum(bool(gradient.any()) for gradient in found.values()) > len(found) / 2


@pytest.mark.parametrize("head", HEADS, ids=lambda head: type(head).__name__)
def test_rows_without_any_label_have_no_gradient(head: Head, columns, draw) -> None:
    spec = RankingModel(crosses=(MLP((8,)),), head=head, dim=4, objective=Objective(uncertainty=True))
    with seeded(0):
        made = randomise(Network(spec, spec.inputs(columns), ("click", "like"))).train()
    rows = LabelledColumns.pack(made.inputs, draw(20, 2, tasks=2), torch.device("cpu")).gather(torch.arange(40))
    loss = made.objective(made(rows.batch), torch.full_like(rows.labels, NAN), rows.weight)
    loss.backward()
    assert loss == 0
    assert [name for name, one in made.named_parameters() if one.grad is None or one.grad.any()] == []
