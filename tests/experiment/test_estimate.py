"""What a training will take is measured on whole users, and followed in a line."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from taojin.bundle.bundle import Bundle
from taojin.core.units import FIRST
from taojin.experiment import estimate as module
from taojin.experiment.estimate import Estimate, Trial, estimate, of_some_users
from taojin.experiment.train import write
from taojin.recipes.world import world_tiny
from taojin.retrieval.popular import Popular
from taojin.scene import Experiment, Scene


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


def popular() -> Experiment:
    """A recipe that is fitted at once."""
    scenes = {"for_you": Scene(retrieval={"popular": (Popular(), 5)})}
    return replace(world_tiny(), features=(), embeddings={}, models={}, scenes=scenes)


def test_a_line_through_two_trials() -> None:
    found = Estimate(1_000_000, (Trial(5_000, 10.0, 10**9), Trial(20_000, 13.0, 10**9 + 15 * 10**6)))
    assert found.seconds == pytest.approx(13 + 0.2e-3 * 980_000)
    assert found.memory == 10**9 + 15 * 10**6 + 980 * 10**6
    falling = Estimate(1_000_000, (Trial(5_000, 10.0, 10**9), Trial(20_000, 9.0, 10**9)))
    assert falling.seconds == 9 and "9 s and 1.0 GB" in str(falling)
    read = replace(found, reading=40.0)
    assert read.seconds == found.seconds + 40 and str(read) != str(found)


@pytest.mark.parametrize(("small", "large", "trials"), [(1_000, 3_000, 2), (5_000, 20_000, 1)])
def test_trials_train_the_recipe(small: int, large: int, trials: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL", small)
    monkeypatch.setattr(module, "LARGE", large)
    recipe = popular()
    found = estimate(recipe, recipe.data.load(None))
    assert len(found.trials) == trials and all(trial.seconds > 0 for trial in found.trials)
    assert all(5e7 < trial.memory < 4e9 for trial in found.trials)
    if trials == 1:
        assert found.trials[0].events == found.events and "a trial with everything" in str(found)


def test_a_trial_writes_its_bundle_as_a_training_does_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, written = popular(), []

    def kept(out: Path, *of: Any) -> None:
        write(out, *of)
        written.append(Bundle.load(out))

    monkeypatch.setattr(module, "write", kept)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    trial = module._trial(recipe, recipe.data.load(None))
    assert [bundle.name for bundle in written] == ["world_tiny"] and trial.seconds > 0
    assert not list(tmp_path.iterdir())
