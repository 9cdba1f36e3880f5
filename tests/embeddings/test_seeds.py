"""The items that requests start from."""

import numpy as np

from taojin.embeddings.seeds import HistorySeeds, ItemSeed


def test_the_newest_of_a_history_weighs_most_and_unknown_items_nothing(parity):
    found = HistorySeeds(decay=0.5).find(*parity.ask([7, 1, 9], [], [4]))
    assert found.request.tolist() == [0, 0, 2]
    assert found.key.tolist() == [7, 9, 4]
    assert found.weight.tolist() == [0.25, 1.0, 1.0]


def test_a_start_item_must_be_known(parity):
    found = ItemSeed().find(*parity.ask([], [5], [], item=[9, 0, 1]))
    assert (found.request.tolist(), found.key.tolist(), found.weight.tolist()) == ([0], [9], [1.0])


def test_seeds_keep_their_types(parity):
    found = HistorySeeds(decay=0.9).find(*parity.ask([7]))
    assert [column.dtype for column in found] == [np.int64, np.int64, np.float32]
