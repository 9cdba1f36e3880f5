import numpy as np
import pytest
import torch
from torch.nn import functional

from taojin.core.units import PAD
from taojin.features.inputs import Inputs
from taojin.nn.batch import Columns
from taojin.nn.samples import Samples
from taojin.nn.table import Table
from taojin.nn.trainer import seeded

CPU = torch.device("cpu")
START = {"user": 0, "item": 30, "year": 50, "tags": 59, "genres": 66}


def table_and_batch(inputs: Inputs, samples: Samples):
    columns = Columns.pack(inputs, samples.rows, CPU)
    with seeded(0):
        table = Table(inputs, 6)
    return table, columns.gather(torch.arange(len(samples)))


def row(table: Table, name: str, code: int) -> torch.Tensor:
    return torch.zeros(6) if code == PAD else table.weight[START[name] + code]


def mean(table: Table, name: str, codes: np.ndarray) -> torch.Tensor:
    known = [row(table, name, code) for code in codes if code != PAD]
    return torch.stack(known).mean(0) if known else torch.zeros(6)


def test_every_field_is_what_a_plain_loop_gives(inputs: Inputs, samples: Samples) -> None:
    table, batch = table_and_batch(inputs, samples)
    vectors, rows = table(batch), samples.rows
    for n in range(len(samples)):
        r = rows.of[n]
        user = [row(table, "user", rows.request["user"][r]), mean(table, "tags", rows.request["tags"][r])]
        user.append(float(rows.request["age"][r]) * table.request.vectors[0])
        item = [row(table, name, rows.candidate[name][n]) for name in ("item", "year")]
        item.append(mean(table, "genres", rows.candidate["genres"][n]))
        item.append(float(rows.candidate["price"][n]) * table.item.vectors[0])
        item.append(torch.from_numpy(rows.candidate["content"][n]) @ table.item.vectors[1:])
        torch.testing.assert_close(vectors.request[n], torch.stack(user))
        torch.testing.assert_close(vectors.item[n], torch.stack(item))
        past = rows.request["history"][r][5 - vectors.history.shape[1] :]
        expected = [torch.stack([row(table, "item", place[0]), row(table, "year", place[1])]) for place in past]
        torch.testing.assert_close(vectors.history[n], torch.stack(expected))


def test_the_parts_are_the_same_alone(inputs: Inputs, samples: Samples) -> None:
    table, batch = table_and_batch(inputs, samples)
    together = table(batch)
    assert torch.equal(table.requests(batch.request, batch.request_numbers), together.request)
    assert torch.equal(table.items(batch.item, batch.item_numbers), together.item)
    assert torch.equal(table.past(batch.history), together.history)


@pytest.mark.parametrize("sparse", [False, True])
def test_gradient_is_that_of_an_embedding(inputs: Inputs, samples: Samples, sparse: bool) -> None:
    table, batch = table_and_batch(inputs, samples)
    table.sparse = sparse
    table.past(batch.history).square().sum().backward()
    weight = table.weight.detach().clone().requires_grad_()
    starts = torch.tensor([START["item"], START["year"]])
    rows = torch.where(batch.history == PAD, PAD, batch.history + starts)
    functional.embedding(rows, weight, padding_idx=PAD).square().sum().backward()
    torch.testing.assert_close(table.weight.grad.to_dense(), weight.grad)
    assert not weight.grad[PAD].any()


def test_codes_beyond_their_category_are_refused_by_name(inputs: Inputs, samples: Samples) -> None:
    samples.rows.candidate["year"][3] = 9
    with pytest.raises(ValueError, match=r"feature 'year': expected codes in \[0, 9\), got 0 to 9"):
        Columns.pack(inputs, samples.rows, CPU)


def test_codes_of_a_history_are_checked_too(inputs: Inputs, samples: Samples) -> None:
    samples.rows.request["history"][3, -1, 0] = 20
    with pytest.raises(ValueError, match=r"feature 'history.item': expected codes in \[0, 20\)"):
        Columns.pack(inputs, samples.rows, CPU)


def test_an_input_without_fields_or_history_has_vectors_of_no_fields() -> None:
    empty = torch.zeros(3, 0, dtype=torch.int64)
    table = Table(Inputs(), 4)
    assert table.items(empty, torch.zeros(3, 0)).shape == (3, 0, 4)


def test_vectors_begin_as_far_from_zero_as_asked(inputs: Inputs, samples: Samples) -> None:
    for deviation in (1e-4, 0.3):
        with seeded(0):
            table = Table(inputs, 64, deviation)
        begun = torch.cat([table.weight[1:], table.request.vectors, table.item.vectors])
        assert abs(float(begun.detach().std()) / deviation - 1) < 0.1
        assert not table.weight[PAD].any()
