"""What the contracts of channels share."""

import pytest

from taojin.core.progress import Silent
from tests.contracts.every_channel import EMBEDDERS


@pytest.fixture(scope="session")
def embeddings(parity):
    return {name: spec.fit(parity.view, parity.columns, seed=0, progress=Silent()) for name, spec in EMBEDDERS.items()}
