"""Queries without a network."""

import numpy as np

from taojin.embeddings.query import MeanOfItems
from taojin.embeddings.seeds import HistorySeeds, ItemSeed

ITEMS = np.zeros((62, 2), np.float32)
ITEMS[[4, 5, 6]] = [[1, 0], [0, 1], [2, 2]]


def test_the_mean_is_weighted_and_leaves_out_items_without_a_vector(parity):
    query = MeanOfItems(seeds=HistorySeeds(decay=0.5), items=ITEMS)
    # 9 has no vector: its place counts for the weights of the others, not for the mean.
    found = query.vectors(*parity.ask([4, 9, 5], [9], [], [6]))
    np.testing.assert_allclose(found[:, 0], [[0.2, 0.8], [0, 0], [0, 0], [2, 2]], rtol=1e-6)
    assert found.dtype == np.float32
    assert query.features == ("history",)


def test_of_one_item_the_mean_is_its_vector(parity):
    query = MeanOfItems(seeds=ItemSeed(), items=ITEMS)
    found = query.vectors(*parity.ask([4], [4], item=[6, 1]))
    np.testing.assert_array_equal(found[:, 0], [[2, 2], [0, 0]])
    assert query.features == ()
