"""The default world and a small one, made once."""

import pytest

from taojin.world.world import World


@pytest.fixture(scope="session")
def world():
    return World()


@pytest.fixture(scope="session")
def shown(world):
    return world.shown()


@pytest.fixture(scope="session")
def small():
    return World(users=60, items=150, events=4_000, seed=3)
