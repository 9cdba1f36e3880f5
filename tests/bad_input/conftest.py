"""The shop as it is, and one that is trained."""

from pathlib import Path

import pytest

from tests.bad_input.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path).write()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """One whose run is there, for tests that leave it as it is."""
    shop = Shop(tmp_path_factory.mktemp("trained")).write()
    done = shop.train()
    assert done.returncode == 0, done.stderr
    return shop
