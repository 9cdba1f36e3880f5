import numpy as np
import torch

from taojin.features.inputs import Inputs
from taojin.nn import batch as batches
from taojin.nn.batch import LabelledColumns
from taojin.nn.samples import Samples

CPU = torch.device("cpu")


def test_a_batch_is_the_rows_with_their_own_request(inputs: Inputs, samples: Samples) -> None:
    source = LabelledColumns.pack(inputs, samples, CPU)
    rows = torch.tensor([7, 3, 3, 100])
    found = source.gather(rows)
    packed, request = inputs.pack(samples.rows), samples.rows.of[rows]
    length = found.batch.history.shape[1]
    assert np.array_equal(found.batch.request, packed.request[request])
    assert np.array_equal(found.batch.item, packed.item[rows])
    assert np.array_equal(found.batch.request_numbers, packed.request_numbers[request])
    assert np.array_equal(found.batch.item_numbers, packed.item_numbers[rows])
    assert np.array_equal(found.batch.history, packed.history[request][:, 5 - length :])
    assert not packed.history[request][:, : 5 - length].any()
    assert np.array_equal(found.labels, samples.labels[rows])


def test_pieces_hold_every_row_once_short_histories_first(inputs: Inputs, samples: Samples, monkeypatch) -> None:
    monkeypatch.setattr(batches, "PLACES", 50)
    source = LabelledColumns.pack(inputs, samples, CPU)
    rows = torch.randperm(len(samples))
    pieces = source.pieces(rows)
    assert [len(piece) for piece in pieces] == [10] * 12
    assert torch.cat(pieces).sort().values.tolist() == list(range(len(samples)))
    longest = [source.gather(piece).batch.history.shape[1] for piece in pieces]
    assert longest == sorted(longest) and longest[0] < 5 == longest[-1]


def test_without_a_history_rows_stay_together(inputs: Inputs, samples: Samples) -> None:
    source = LabelledColumns.pack(Inputs(inputs.categories, inputs.numbers), samples, CPU)
    rows = torch.arange(len(samples))
    assert source.pieces(rows) == (rows,)
