"""What a training will take is measured on whole users, and followed in a line."""

from dataclasses import replace

import numpy as np
import pytest

from taojin.core.units import FIRST
from taojin.experiment import estimate as module
from taojin.experiment.estimate import Estimate, Trial, estimate, of_some_users
from taojin.recipes.world import world_tiny
from taojin.retrieval.popular import Popular
from taojin.scene import Scene


def test_some_users_are_whole_and_the_catalogue_is() -> None:
    dataset = world_tiny().data.load(None)
    some = of_some_users(dataset, 2_000, 0)
    assert some.items is dataset.items and some.n_items == dataset.n_items
    assert 2_000 <= len(some.log) < 2_400
    for row in range(FIRST, some.n_users):
        id = some.user_vocabulary.id(row)
        old = dataset.user_vocabulary.row(id)
        mine, whole = (
            log.events.item[log.offsets[user] : log.offsets[user + 1]]
            for log, user in ((some.log, row), (dataset.log, old))
        )
        np.testing.assert_array_equal(mine, whole)
        assert some.users["user"][row - FIRST].as_py() == id


def test_a_line_through_two_trials() -> None:
    found = Estimate(1_000_000, (Trial(5_000, 10.0, 10**9), Trial(20_000, 13.0, 10**9 + 15 * 10**6)))
    assert found.seconds == pytest.approx(13 + 0.2e-3 * 980_000)
    assert found.memory == 10**9 + 15 * 10**6 + 980 * 10**6
    falling = Estimate(1_000_000, (Trial(5_000, 10.0, 10**9), Trial(20_000, 9.0, 10**9)))
    assert falling.seconds == 9 and "9 s and 1.0 GB" in str(falling)


@pytest.mark.parametrize(("small", "large", "trials"), [(1_000, 3_000, 2), (5_000, 20_000, 1)])
def test_trials_train_the_recipe(small: int, large: int, trials: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL", small)
    monkeypatch.setattr(module, "LARGE", large)
    recipe = replace(
        world_tiny(),
        features=(),
        embeddings={},
        models={},
        scenes={"for_you": Scene(retrieval={"popular": (Popular(), 5)})},
    )
    found = estimate(recipe, recipe.data.load(None))
    assert len(found.trials) == trials and all(trial.seconds > 0 for trial in found.trials)
    assert all(5e7 < trial.memory < 4e9 for trial in found.trials)
    if trials == 1:
        assert found.trials[0].events == found.events and "a trial with everything" in str(found)
