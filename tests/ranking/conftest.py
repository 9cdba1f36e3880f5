"""Fitted columns of every form, and rows for them. Shapes: R requests, N rows, L history length."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from taojin.core.batch import Rows
from taojin.features.feature import Ask, Category, Column, Form, History, Level, Number, Values
from taojin.nn.samples import Samples

LENGTH = 6


@dataclass(frozen=True)
class Given:
    """A column whose values stand in the rows already."""

    name: str
    level: Level
    form: Form

    def read(self, ask: Ask) -> Values:
        return ask.value(self.name)


@pytest.fixture(scope="session")
def columns() -> dict[str, Column]:
    given = (
        Given("user", Level.REQUEST, Category(40)),
        Given("tags", Level.REQUEST, Category(7, values=2)),
        Given("item", Level.CANDIDATE, Category(30)),
        Given("genres", Level.CANDIDATE, Category(8, values=3)),
        Given("year", Level.CANDIDATE, Category(9)),
        Given("age", Level.REQUEST, Number()),
        Given("content", Level.CANDIDATE, Number(width=4)),
        Given("history", Level.REQUEST, History(LENGTH, ("item", "year"))),
    )
    return {column.name: column for column in given}


@pytest.fixture(scope="session")
def two_histories(columns: dict[str, Column]) -> dict[str, Column]:
    """The same, and a shorter history of another column."""
    return columns | {"session": Given("session", Level.REQUEST, History(3, ("year",)))}


@pytest.fixture(scope="session")
def draw() -> Callable[..., Samples]:
    """Random samples of `requests` requests with `each` candidates, the first request with an empty history."""

    def draw(requests: int, each: int, tasks: int = 1, seed: int = 0) -> Samples:
        random, n = np.random.default_rng(seed), requests * each
        known = np.arange(LENGTH) >= LENGTH - random.integers(0, LENGTH + 1, requests)[:, None]
        known[0] = False
        shape = (requests, LENGTH)
        history = np.stack([random.integers(1, 30, shape), random.integers(1, 9, shape)], axis=2)
        request = {
            "user": random.integers(1, 40, requests),
            "tags": random.integers(0, 7, (requests, 2)),
            "age": random.normal(size=requests).astype(np.float32),
            "history": history * known[:, :, None],
            "session": history[:, -3:, 1:] * known[:, -3:, None],
        }
        candidate = {
            "item": random.integers(1, 30, n),
            "genres": random.integers(0, 8, (n, 3)),
            "year": random.integers(0, 9, n),
            "content": random.normal(size=(n, 4)).astype(np.float32),
        }
        return Samples(
            Rows(request, candidate, np.repeat(np.arange(requests), each)),
            random.integers(0, 2, (n, tasks)).astype(np.float32),
            tuple(f"task{t}" for t in range(tasks)),
            np.zeros(n, np.uint8),
            np.ones(n, np.float32),
        )

    return draw
