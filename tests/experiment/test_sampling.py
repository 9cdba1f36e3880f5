"""What rankers may learn from: settings that give no rows are refused, and a ranker learns from exposures alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from taojin.core.progress import Silent
from taojin.core.units import FIRST, UNKNOWN
from taojin.data.dataset import Clock
from taojin.data.sampling import Sampling
from taojin.data.split import UserTimeSplit
from taojin.data.tasks import Amount, Reaction
from taojin.embeddings.item2vec import Item2Vec
from taojin.evaluation.evaluation import Evaluation
from taojin.experiment.evaluate import evaluate
from taojin.experiment.fit import Divided, fit_store
from taojin.experiment.lessons import draw_lessons
from taojin.experiment.train import train
from taojin.features.training_only import Place, TrainingOnly
from taojin.nn.samples import Origin
from taojin.nn.training import Training
from taojin.preranking.distilled import Distilled
from taojin.ranking import zoo
from taojin.recipes.world import world_tiny
from taojin.retrieval.popular import Popular
from taojin.scene import Experiment, Scene
from taojin.world.world import World

pytestmark = pytest.mark.xdist_group("exposed")  # trained once, whatever the number of workers
SHORT = Training(learning_rate=1e-2, batch=512, epochs=2, device="cpu")
READ = ("item_year", "item_genres", "item_like_rate", "user_likes", "user_mean_rating", "genre_affinity")
TASKS = (Reaction("like", among="rate"), "rate", Amount("stars", event="rate", most=5.0))
EXPOSED = Sampling(tasks=TASKS, exposed="show", requests=0, late=1.0)


def experiment(sampling: Sampling) -> Experiment:
    """A small world whose ranker reads few features, some of them windows and pasts."""
    recipe = world_tiny()
    return replace(
        recipe,
        data=World(users=150, items=150, events=6_000),
        features=tuple(feature for feature in recipe.features if feature.name in (*READ, "item", "history")),
        embeddings={},
        models={"lr": replace(zoo.LR, features=READ, training=SHORT)},
        scenes={"for_you": Scene(retrieval={"popular": (Popular(), 60)}, ranking="lr", value={"like": 1.0})},
        sampling=sampling,
    )


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """What a ranker that learned from nothing but exposures is worth, trained and judged as a user would."""
    run = tmp_path_factory.mktemp("exposed") / "run"
    train(experiment(EXPOSED), None, run)
    return evaluate(run)


def test_a_ranker_of_exposures_is_judged_by_every_task(evaluation: Evaluation) -> None:
    found = evaluation.to_json()["ranker"]
    assert found["task"] == "like"
    assert list(found["tasks"]) == ["like", "rate", "stars"]
    for kinds in found["tasks"].values():
        assert kinds["all"]["rows"] > kinds["all"]["positives"] > 100
        for values in kinds.values():
            assert 0 <= values["auc"] <= 1 and 0 < values["logloss"] < 3


def test_a_ranker_of_exposures_has_learned(evaluation: Evaluation) -> None:
    assert evaluation.ranker["like"]["all"]["auc"] > 0.6
    assert evaluation.ranker["stars"]["all"]["auc"] > 0.6
    assert np.isfinite(evaluation.funnel["ndcg@10"])


def test_exposures_are_rows_as_they_happened_in_training_and_validation() -> None:
    spec = experiment(EXPOSED)
    divided = Divided.of(spec, None)
    view = divided.view
    lessons = draw_lessons(spec, divided, fit_store(spec.features, view), {}, Silent())
    assert len(lessons.train) == len(view.log)  # everything was shown
    rated = view.log.events.matching(view.kinds.bits("rate")).position
    assert (~np.isnan(lessons.train.labels[:, 0])).sum() == len(rated)
    np.testing.assert_allclose(lessons.train.labels[rated, 2], view.log.events.value[rated] / 5)
    assert 0 < len(lessons.valid) < len(lessons.train)
    for samples in (lessons.train, lessons.valid):
        assert (samples.origin == Origin.EXPOSED).all()


def test_exposures_stand_beside_what_channels_propose() -> None:
    spec = experiment(Sampling(tasks=TASKS, exposed="show", requests=2, proposed=10, negatives=2.0, half_life=10**9))
    divided = Divided.of(spec, None)
    lessons = draw_lessons(spec, divided, fit_store(spec.features, divided.view), {}, Silent())
    assert {Origin.EXPOSED, Origin.PROPOSED} <= set(lessons.train.origin.tolist())
    positive = (np.nan_to_num(lessons.train.labels) > 0.5).any(axis=1)
    assert (~positive).sum() <= 2 * positive.sum()
    assert lessons.train.weights.max() == 1 and lessons.train.weights.min() < 0.5


@pytest.mark.parametrize(
    "sampling", [replace(EXPOSED, late=0.5), Sampling(requests=2, proposed=10)], ids=["shown", "proposed"]
)
def test_rows_that_choose_the_epoch_know_what_only_training_knows(sampling: Sampling) -> None:
    spec = experiment(sampling)
    place = TrainingOnly(of=Place(name="place"))
    spec = replace(spec, features=(*spec.features, place), models={"lr": replace(zoo.LR, features=("place",))})
    taught = {"taught": Distilled(teacher="lr", student=replace(zoo.LR, features=("place",)), requests=20)}
    spec = replace(spec, models=spec.models | taught)
    divided = Divided.of(spec, None)
    lessons = draw_lessons(spec, divided, fit_store(spec.features, divided.view), {}, Silent())
    for samples in (lessons.train, lessons.valid):
        assert (samples.rows["place"] >= FIRST).all()
    assert lessons.served is not None and (lessons.served.rows["place"] == UNKNOWN).all()
    np.testing.assert_array_equal(lessons.served.labels, lessons.valid.labels)
    assert lessons.crowd is not None
    for samples in lessons.crowd:  # a student is taught what its teacher says when it serves
        assert (samples.rows["place"] == UNKNOWN).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tasks": ()}, r'Sampling.tasks: expected one task or more, such as \("like",\); got none'),
        ({"tasks": ("like", "rate", "like")}, "Sampling.tasks: 'like' is there twice"),
        ({"tasks": ("like", Amount("like", event="rate"))}, "Sampling.tasks: 'like' is there twice"),
        ({"requests": 0}, "Sampling: neither `requests` nor `exposed`; rankers would have no rows to learn from"),
        ({"requests": -1}, "Sampling.requests: expected a whole number, 0 or more; got -1"),
        ({"late": 0.0}, "Sampling.late: expected a number, above 0, 1 at most; got 0.0"),
        ({"late": 1.1}, "Sampling.late: expected a number, above 0, 1 at most; got 1.1"),
        ({"negatives": 0}, "Sampling.negatives: expected a number, above 0; got 0"),
        ({"half_life": 0}, "Sampling.half_life: expected a whole number, 1 or more; got 0"),
        ({"half_life": 0.5}, "Sampling.half_life: expected a whole number, 1 or more; got 0.5"),
    ],
)
def test_settings_that_give_no_rows_or_mean_nothing_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sampling(**fields)


def test_what_must_know_nothing_of_the_rows_needs_earlier_events() -> None:
    spec = experiment(EXPOSED)
    reading = replace(zoo.LR, features=("item_year", "vectors"))
    vectors = replace(spec, embeddings={"vectors": Item2Vec()}, models={"lr": reading})
    with pytest.raises(
        ValueError, match="model 'lr': it reads the embedding 'vectors', which may know nothing of the "
    ):
        vectors.check(Clock.REAL)
    replace(vectors, sampling=replace(EXPOSED, late=0.9)).check(Clock.REAL)


def test_names_of_events_stand_for_their_reaction() -> None:
    sampling = Sampling(tasks=("like", Amount("stars", event="rate")))
    assert sampling.specs == (Reaction("like"), Amount("stars", event="rate"))
    assert sampling.names == ("like", "stars")


def test_an_exposure_that_the_data_does_not_have_is_told() -> None:
    with pytest.raises(ValueError, match=r"event 'shown': this data has show, rate, like; did you mean 'show'\?"):
        lessons_of(experiment(replace(EXPOSED, exposed="shown")))


def lessons_of(spec: Experiment) -> None:
    divided = Divided.of(spec, None)
    draw_lessons(spec, divided, fit_store(spec.features, divided.view), {}, Silent())


def test_no_validation_row_is_told_where_rows_are_exposures(tmp_path: Path) -> None:
    spec = replace(experiment(EXPOSED), split=UserTimeSplit(valid=0.0, test=0.2))
    with pytest.raises(ValueError, match="expected validation rows, got none; take a larger validation share"):
        train(spec, None, tmp_path / "run")


def test_no_validation_row_is_told_where_channels_are_asked(tmp_path: Path) -> None:
    spec = replace(experiment(Sampling(requests=1)), split=UserTimeSplit(valid=0.0, test=0.2))
    with pytest.raises(ValueError, match="expected validation rows, got none; take a larger validation share"):
        train(spec, None, tmp_path / "run")


def test_no_moment_to_ask_at_is_told() -> None:
    """With all events late, no user has a past at which the channels could be asked."""
    with pytest.raises(ValueError, match="no training row"):
        lessons_of(experiment(Sampling(requests=1, late=1.0)))


def test_exposures_may_be_missing_where_channels_are_asked_too() -> None:
    """Nobody liked anything late: what the channels propose is enough to learn from."""
    spec = experiment(Sampling(tasks=("rate", "like"), exposed="like", requests=1, proposed=5))
    divided = Divided.of(spec, None)
    events, log = divided.dataset.log.events, divided.dataset.log
    place = (np.arange(len(log)) - log.offsets[log.user]) / np.diff(log.offsets)[log.user]
    kinds = np.where(place < 0.4, events.kinds, events.kinds & np.uint32(3))
    early = replace(log, events=replace(events, kinds=kinds, _matching={}))
    divided = replace(divided, dataset=replace(divided.dataset, log=early))
    lessons = draw_lessons(spec, divided, fit_store(spec.features, divided.view), {}, Silent())
    assert len(lessons.train)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positive": "lick"}, "positive: event 'lick': this data has"),
        ({"sampling": Sampling(tasks=("like", "shwo"))}, "sampling, task 'shwo': event 'shwo': this data has .*'show'"),
        ({"sampling": Sampling(tasks=(Reaction("like", among="rated"),))}, "sampling, task 'like': event 'rated'"),
        ({"sampling": Sampling(exposed="shown")}, "sampling.exposed: event 'shown'"),
        ({"scenes": {"for_you": Scene(retrieval={"p": (Popular(), 9)}, consumed=("rated",))}}, "'for_you': consumed"),
        ({"models": {"../x": zoo.LR}}, r"model '../x': expected a name of letters, digits and _ . \+ - that begins"),
        ({"models": {"": zoo.LR}}, "model '': expected a name of letters"),
        ({"models": {"lr": zoo}}, "model 'lr': expected a spec, such as RankingModel"),
        ({"embeddings": {"item_year": Item2Vec()}}, "'item_year' is a feature and an embedding; what models read"),
        ({"seed": -1}, "Experiment.seed: expected a whole number, 0 or more"),
    ],
)  # fmt: skip
def test_what_names_nothing_is_told_with_its_place(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Divided.of(replace(experiment(EXPOSED), **changes), None)
