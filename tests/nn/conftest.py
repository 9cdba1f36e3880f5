"""Inputs of every form, and rows for them."""

import numpy as np
import pytest

from taojin.core.batch import Rows
from taojin.features.feature import Level
from taojin.features.inputs import CategoryField, HistoryField, Inputs, NumberField
from taojin.nn.samples import Samples

REQUESTS, ROWS = 40, 120


@pytest.fixture
def inputs() -> Inputs:
    return Inputs(
        (
            CategoryField("user", Level.REQUEST, 30),
            CategoryField("item", Level.CANDIDATE, 20),
            CategoryField("year", Level.CANDIDATE, 9),
            CategoryField("tags", Level.REQUEST, 7, values=2),
            CategoryField("genres", Level.CANDIDATE, 8, values=3),
        ),
        (
            NumberField("age", Level.REQUEST),
            NumberField("price", Level.CANDIDATE),
            NumberField("content", Level.CANDIDATE, width=4),
        ),
        (HistoryField("history", 5, ("item", "year")),),
    )


@pytest.fixture
def samples() -> Samples:
    random = np.random.default_rng(0)
    known = np.arange(5) >= 5 - random.integers(0, 6, REQUESTS)[:, None]  # one of them is empty
    history = np.stack([random.integers(1, 20, (REQUESTS, 5)), random.integers(1, 9, (REQUESTS, 5))], axis=2)
    request = {
        "user": random.integers(0, 30, REQUESTS),
        "tags": random.integers(0, 7, (REQUESTS, 2)),
        "age": random.normal(size=REQUESTS).astype(np.float32),
        "history": history * known[:, :, None],
    }
    candidate = {
        "item": random.integers(1, 20, ROWS),
        "year": random.integers(0, 9, ROWS),
        "genres": random.integers(0, 8, (ROWS, 3)),
        "price": random.normal(size=ROWS).astype(np.float32),
        "content": random.normal(size=(ROWS, 4)).astype(np.float32),
    }
    return Samples(
        Rows(request, candidate, random.integers(0, REQUESTS, ROWS)),
        random.integers(0, 2, (ROWS, 1)).astype(np.float32),
        ("like",),
        np.zeros(ROWS, np.uint8),
        np.ones(ROWS, np.float32),
    )
