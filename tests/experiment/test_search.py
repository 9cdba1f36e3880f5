"""The search for a ranker's settings: it begins with the recipe, goes on where it was, and tells what it cannot do."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from taojin.core.batch import Rows
from taojin.core.spec import override
from taojin.experiment import search
from taojin.experiment.search import Searched, Tried
from taojin.nn.samples import Samples
from taojin.preranking.dot import DotProduct
from taojin.ranking.calibrated import CalibratedModel
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.model import RankingModel
from taojin.ranking.spec import Model
from taojin.world.world import World
from tests.experiment.searching import FORESTS, NETWORK, STUDENT, find, finished, small, stored


def test_the_first_trial_is_the_recipe_and_the_best_comes_first(tmp_path: Path) -> None:
    found = find(tmp_path / "deep" / "tune.db", 3)
    (study,) = stored(tmp_path / "deep" / "tune.db")
    (today, nothing), *others = finished(study)
    assert nothing == {} and found.today == today and all(settings for _, settings in others)
    assert (found.model, found.metric) == ("network", "auc")
    assert len(found.trials) == 3
    values = [trial.value for trial in found.trials]
    assert values == sorted(values, reverse=True) and all(0 < value < 1 for value in values)
    assert found.best.value >= found.today
    assert sorted(finished(study), key=lambda pair: -pair[0]) == [(one.value, one.settings) for one in found.trials]


def test_a_search_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "tune.db"
    first = find(file, 2)
    before = finished(stored(file)[0])
    more = find(file, 4)
    (study,) = stored(file)
    assert len(first.trials) == 2 and len(more.trials) == 4 and len(study.trials) == 4
    assert finished(study)[:2] == before and more.today == first.today
    assert {json.dumps(dict(one.settings)) for one in first.trials} < {
        json.dumps(dict(one.settings)) for one in more.trials
    }


def test_a_search_that_is_done_fits_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tune.db"
    done = find(file, 2)
    monkeypatch.setattr(search, "_judged", lambda *parts: pytest.fail("fitted once more"))
    assert find(file, 2) == find(file, 1) == done


def test_the_same_seed_tries_the_same(tmp_path: Path) -> None:
    assert find(tmp_path / "one.db", 3) == find(tmp_path / "other.db", 3)


def test_another_recipe_metric_or_model_is_a_study_of_its_own(tmp_path: Path) -> None:
    file, one = tmp_path / "tune.db", small(network=NETWORK, forests=FORESTS)
    find(file, 1, one)
    find(file, 1, one, metric="logloss")
    find(file, 1, one, model="forests")
    find(file, 1, replace(one, models={**one.models, "network": replace(NETWORK, dim=2)}))
    find(file, 1, replace(one, seed=7))
    assert [len(study.trials) for study in stored(file)] == [1] * 5
    find(file, 1, one)
    assert [len(study.trials) for study in stored(file)] == [1] * 5


def test_log_loss_is_better_the_less_there_is(tmp_path: Path) -> None:
    found = find(tmp_path / "tune.db", 2, metric="logloss")
    assert found.metric == "logloss" and 0 < found.best.value <= found.today < 2


def test_an_interrupted_trial_does_not_block(tmp_path: Path) -> None:
    file = tmp_path / "tune.db"
    find(file, 1)
    (study,) = stored(file)
    study.ask()
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "RUNNING"]
    found = find(file, 2)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL", "COMPLETE"]
    assert len(found.trials) == 2


def test_the_recipe_is_tried_again_if_its_trial_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tune.db"

    def killed(*parts: object) -> float:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(search, "_judged", killed)
        find(file, 2)
    found = find(file, 2)
    assert [bool(settings) for _, settings in finished(stored(file)[0])] == [False, True]
    assert len(found.trials) == 2


def test_settings_that_cannot_be_fitted_are_left_out_and_the_search_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = search._judged

    def sometimes(model: RankingModel, *parts: object) -> float:
        if model != NETWORK:
            raise ValueError("expected finite numbers")
        return judged(model, *parts)

    monkeypatch.setattr(search, "_judged", sometimes)
    found = find(tmp_path / "tune.db", 3)
    assert [trial.settings for trial in found.trials] == [{}]
    assert [trial.state.name for trial in stored(tmp_path / "tune.db")[0].trials] == ["COMPLETE", "PRUNED", "PRUNED"]


def test_a_recipe_that_cannot_be_fitted_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*parts: object) -> float:
        raise ValueError("ranking, task 'like': expected rows that have it")

    monkeypatch.setattr(search, "_judged", refused)
    with pytest.raises(ValueError, match="task 'like': expected rows that have it"):
        find(tmp_path / "tune.db", 2)


def test_other_data_of_the_same_size_is_a_study_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, data = tmp_path / "tune.db", small().data.load(None)
    find(file, 1)
    turned = replace(data.log.events, kinds=np.roll(data.log.events.kinds, 1), _matching={})
    other = replace(data, log=replace(data.log, events=turned))
    monkeypatch.setattr(World, "load", lambda self, path: other)
    assert find(file, 1) == find(tmp_path / "other.db", 1)


def test_a_recipe_that_cannot_be_fitted_is_told_without_a_traceback(tmp_path: Path, monkeypatch, caplog) -> None:
    monkeypatch.setattr(logging.getLogger("optuna"), "propagate", True)
    test_a_recipe_that_cannot_be_fitted_is_told(tmp_path, monkeypatch)
    assert not caplog.records


CALIBRATED = CalibratedModel(model=NETWORK, method="logistic")


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        (NETWORK, "models.network.training.learning_rate"),
        (CALIBRATED, "models.network.model.training.learning_rate"),
        (CalibratedModel(model=CALIBRATED), "models.network.model.model.crosses.1.dropout"),
        (FORESTS, "models.network.boosting.leaves"),
        (CalibratedModel(model=FORESTS), "models.network.model.boosting.leaves"),
    ],
    ids=["network", "calibrated", "calibrated twice", "trees", "calibrated trees"],
)
def test_what_is_found_can_be_set_in_the_recipe(spec: Model, path: str, tmp_path: Path) -> None:
    experiment = small(network=spec)
    found = find(tmp_path / "tune.db", 2, experiment)
    tried = next(trial for trial in found.trials if trial.settings)
    assert path in tried.settings
    changed = experiment
    for name, text in tried.settings.items():
        changed = override(changed, name, text)
    assert changed != experiment and type(changed.models["network"]) is type(spec)
    best = Searched(model="network", metric="auc", today=found.today, trials=(tried,))
    assert best.assignments == [f"{name}={text}" for name, text in tried.settings.items()]
    # The recipe with these settings is worth what its trial was.
    assert find(tmp_path / "again.db", 1, changed).today == tried.value


def test_every_setting_is_drawn_within_its_range_and_written_with_few_digits(tmp_path: Path) -> None:
    ranges = search._ranges("network", NETWORK)
    found = find(tmp_path / "tune.db", 4)
    for trial in found.trials:
        assert set(trial.settings) in (set(), set(ranges))
        for path, text in trial.settings.items():
            one = ranges[path]
            if one.choices:
                assert int(text) in one.choices
            else:
                assert one.low * 0.9999 <= float(text) <= one.high and len(text.replace("0", "").strip(".")) < 10


def test_the_size_of_vectors_that_are_given_is_not_searched() -> None:
    given = replace(NETWORK, features=("item",), vectors={"item": "als"})
    assert "models.network.dim" in search._ranges("network", NETWORK)
    assert "models.network.dim" not in search._ranges("network", given)
    assert "models.network.dim" not in search._ranges("network", replace(NETWORK, start=replace(NETWORK, features=())))
    assert "models.network.dim" not in search._ranges("network", replace(NETWORK, crosses=(Linear(),), dim=0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "ndcg"}, "metric: expected auc or logloss; got 'ndcg'"),
        ({"model": "netwrk"}, "--model 'netwrk': no such model; did you mean 'network'"),
        ({"model": "student"}, "--model 'student': it is taught by 'network'; search for the settings of that one"),
        ({"model": "dot"}, "--model 'dot': a DotProduct has no settings to search for"),
    ],
)
def test_what_cannot_be_searched_is_told_before_anything_is_read(options: dict, message: str, tmp_path: Path) -> None:
    experiment = small(network=NETWORK, student=STUDENT, dot=DotProduct(of="als"))
    with pytest.raises(ValueError, match=message):
        find(tmp_path / "tune.db", 1, experiment, **options)
    assert not list(tmp_path.iterdir())


def test_a_scene_without_a_ranker_asks_for_a_name(tmp_path: Path) -> None:
    experiment = small()
    scene = replace(experiment.scenes["for_you"], ranking=None, value={})
    with pytest.raises(ValueError, match="its main scene ranks with no model; name one with --model"):
        find(tmp_path / "tune.db", 1, replace(experiment, scenes={"for_you": scene}))


def test_a_search_as_json_holds_every_trial() -> None:
    trials = (Tried(value=0.7, settings={"models.network.dim": "8"}), Tried(value=0.6, settings={}))
    found = json.loads(json.dumps(Searched(model="network", metric="auc", today=0.6, trials=trials).to_json()))
    assert (found["model"], found["metric"], found["today"], found["best"]) == ("network", "auc", 0.6, 0.7)
    assert found["set"] == ["models.network.dim=8"]
    assert found["trials"] == [{"value": one.value, "set": one.settings} for one in trials]


def test_a_file_that_is_no_database_is_told_before_anything_is_fitted(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database")
    for file in (tmp_path / "text.db", tmp_path):
        with pytest.raises(ValueError, match=r"cannot be used as a file of trials, .*; name another one with --file"):
            find(file, 1)


def test_a_calibrated_ranker_is_judged_without_its_curves(tmp_path: Path) -> None:
    plain = find(tmp_path / "plain.db", 1, metric="logloss").today
    calibrated = small(network=CalibratedModel(model=NETWORK))
    assert find(tmp_path / "calibrated.db", 1, calibrated, metric="logloss").today == plain


def test_log_loss_weighs_rows_as_training_does() -> None:
    """A watch of 30 seconds that counts as 30 hits; a row without a label counts nothing."""
    label = np.array([[1.0], [0.0], [np.nan]], np.float32)
    weight = np.array([[30.0], [1.0], [7.0]], np.float32)
    rows = Rows({}, {"item": np.zeros(3, np.int64)}, np.arange(3))
    valid = Samples(rows, label, ("watch",), np.zeros(3, np.uint8), weight)
    found = search._value(valid, "watch", np.array([0.9, 0.9, 0.9], np.float32), "logloss")
    assert found == pytest.approx(-(30 * np.log(0.9) + np.log(0.1)) / 31, abs=1e-6)
