"""A light model taught by the ranker: what it learns, from whom it may, and that more of the ranker's best pass it.

Shapes: N rows, T tasks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taojin.core.batch import Rows
from taojin.core.progress import Silent
from taojin.core.spec import decode, encode
from taojin.core.stages import Ranker
from taojin.core.units import Floats
from taojin.data.dataset import Clock
from taojin.data.sampling import Sampling
from taojin.data.split import Part
from taojin.evaluation.survival import RANDOM, survivals
from taojin.experiment.fit import Divided, assemble, fit_channels, fit_store
from taojin.experiment.lessons import VALIDATED, Lessons, draw_lessons
from taojin.experiment.rankers import fit_rankers
from taojin.features.store import Store
from taojin.nn.samples import Samples
from taojin.nn.training import Training
from taojin.preranking.distilled import Distilled
from taojin.ranking import zoo
from taojin.recipes.world import world_tiny
from taojin.retrieval.popular import Popular
from taojin.scene import Experiment, Scene
from taojin.world.world import World


@dataclass(frozen=True)
class Says:
    """A teacher that says the same of every task, or what is set down for it; remembers what it was asked."""

    said: Mapping[str, Floats]
    features: tuple[str, ...] = ()
    asked: list[Rows] = field(default_factory=list)

    def score(self, rows: Rows) -> dict[str, Floats]:
        self.asked.append(rows)
        return dict(self.said)

    def fit(self, lesson: object) -> "Says":
        return self


def samples(of: list[int], **truth: list[float]) -> Samples:
    """Rows of some requests with the labels of each task."""
    n = len(of)
    rows = Rows({"user": np.arange(max(of, default=0) + 1)}, {"item": np.arange(n)}, np.array(of, np.int64))
    labels = np.stack([np.array(values, np.float32) for values in truth.values()], axis=1)
    return Samples(rows, labels, tuple(truth), np.zeros(n, np.uint8), np.linspace(0, 1, n, dtype=np.float32))


def taught(spec: Distilled, given: Samples, **said: list[float]) -> Samples:
    return spec.taught(given, {task: np.array(values, np.float32) for task, values in said.items()})


NAN = float("nan")


def test_the_label_is_the_mixture_of_what_happened_the_probability_and_the_place() -> None:
    spec = Distilled(student=zoo.LR, teacher="din", truth=0.5, probability=0.3, order=0.2, top=2)
    # Rows of request 0 are 1, 2, 4, of request 1 are 0 and 3; rows 1 and 4 say the same: the earlier row is the better.
    given = samples([1, 0, 0, 1, 0], like=[1, 0, 1, 0, 1])
    found = taught(spec, given, like=[0.2, 0.9, 0.5, 0.8, 0.9]).labels
    second, third = 0.5**0.5, 0.5
    expected = [
        0.5 * 1 + 0.3 * 0.2 + 0.2 * second,
        0.5 * 0 + 0.3 * 0.9 + 0.2 * 1,
        0.5 * 1 + 0.3 * 0.5 + 0.2 * third,
        0.5 * 0 + 0.3 * 0.8 + 0.2 * 1,
        0.5 * 1 + 0.3 * 0.9 + 0.2 * second,
    ]
    assert found.dtype == np.float32 and found.shape == (5, 1)
    assert found[:, 0] == pytest.approx(expected, rel=1e-6)


def test_the_order_counts_half_of_it_every_so_many_places() -> None:
    spec = Distilled(student=zoo.LR, teacher="din", probability=0.0, order=1.0, top=20)
    given = samples([0] * 61, like=[NAN] * 61)
    found = taught(spec, given, like=list(np.linspace(1, 0, 61))).labels[:, 0]
    assert found[[0, 20, 40, 60]].tolist() == [1, 0.5, 0.25, 0.125]
    assert (np.diff(found) < 0).all()


def test_where_nothing_is_known_of_what_happened_the_teacher_speaks_alone() -> None:
    spec = Distilled(student=zoo.LR, teacher="din", truth=0.6, probability=0.1, order=0.3, top=1)
    found = taught(spec, samples([0, 0], like=[NAN, 1]), like=[0.9, 0.4]).labels[:, 0]
    assert found == pytest.approx([(0.1 * 0.9 + 0.3 * 1) / 0.4, 0.6 + 0.1 * 0.4 + 0.3 * 0.5], rel=1e-6)


def test_each_task_has_its_own_truth_and_its_own_order() -> None:
    spec = Distilled(student=zoo.LR, teacher="din", truth=0.5, probability=0.25, order=0.25, top=1)
    given = samples([0, 0], click=[1, 0], like=[NAN, 0])
    found = taught(spec, given, like=[0.1, 0.2], click=[0.8, 0.4]).labels
    click = [0.5 + 0.25 * 0.8 + 0.25, 0.25 * 0.4 + 0.125]
    like = [(0.25 * 0.1 + 0.125) / 0.5, 0.25 * 0.2 + 0.25]
    assert found == pytest.approx(np.array([click, like]).T, rel=1e-6)


def test_a_teachers_numbers_beyond_a_probability_still_give_labels() -> None:
    spec = Distilled(student=zoo.LR, teacher="din", probability=0.5, order=0.5, top=1)
    labelled = taught(spec, samples([0, 0, 0], like=[0, 0, 1]), like=[7.5, -3.0, 0.5])
    assert labelled.labels[:, 0] == pytest.approx([0.5 + 0.5, 0 + 0.125, 0.25 + 0.25])
    labelled.check_labels("student")


def test_the_rows_stay_as_they_are() -> None:
    given = samples([0, 0, 1], like=[1, 0, 0])
    found = taught(Distilled(student=zoo.LR, teacher="din"), given, like=[0.5, 0.1, 0.2])
    assert found.rows is given.rows
    assert found.tasks == ("like",)
    assert np.array_equal(found.weight, given.weight) and np.array_equal(found.origin, given.origin)
    assert given.labels[:, 0].tolist() == [1, 0, 0]


row = st.tuples(
    st.integers(0, 3), st.sampled_from([0, 1, NAN, 0.5]), st.sampled_from([0.0, 0.125, 0.5, 0.75, 1.0, 2.0])
)


@settings(deadline=None)
@given(rows=st.lists(row, min_size=1, max_size=20), parts=st.tuples(*[st.integers(1, 5)] * 3), top=st.integers(1, 7))
def test_labels_are_those_of_a_plain_loop(rows: list, parts: tuple[int, int, int], top: int) -> None:
    truth, probability, order = (part / sum(parts) for part in parts)
    spec = Distilled(student=zoo.LR, teacher="din", truth=truth, probability=probability, order=order, top=top)
    of, happened, said = map(list, zip(*rows, strict=True))
    labelled = taught(spec, samples(of, like=happened), like=said)
    assert labelled.labels.min() >= 0 and labelled.labels.max() <= 1
    for n, (request, what, score) in enumerate(rows):
        better = sum(1 for m, (r, _, s) in enumerate(rows) if r == request and (s > score or (s == score and m < n)))
        own = probability * min(score, 1) + order * 2 ** (-better / top)
        expected = own / (probability + order) if np.isnan(what) else truth * what + own
        assert labelled.labels[n, 0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"truth": 0.5}, r"truth, probability and order to sum to 1, got 0\.5 \+ 0\.2 \+ 0\.8 = 1\.5"),
        ({"probability": 0.0}, r"to sum to 1, got 0 \+ 0 \+ 0\.8 = 0\.8"),
        ({"truth": 1.0, "probability": 0.0, "order": 0.0}, "nothing is left to the teacher; take the student alone"),
        ({"truth": -0.5, "probability": 0.7}, r"Distilled\.truth: expected a number, 0 or more, 1 at most; got -0\.5"),
        ({"order": 1.8}, r"Distilled\.order: expected a number, 0 or more, 1 at most; got 1\.8"),
        ({"top": 0}, r"Distilled\.top: expected a whole number, 1 or more; got 0"),
        ({"requests": 0}, r"Distilled\.requests: expected a whole number, 1 or more; got 0"),
    ],
)
def test_what_is_no_mixture_is_refused(shares: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Distilled(student=zoo.LR, teacher="din", **shares)


SHORT = Training(learning_rate=1e-2, batch=512, epochs=3, device="cpu")
LITTLE = ("item_year", "item_genres", "user_age", "year_gap", "genre_affinity")
NOT_READ = ("item", "history", "tastes", "item_genre")


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    """A ranker, a light model that reads few of its features, and the same taught by the ranker."""
    recipe = world_tiny()
    features = tuple(feature for feature in recipe.features if not feature.name.startswith("by_"))
    read = tuple(feature.name for feature in features if feature.name not in NOT_READ)
    light = replace(zoo.LR, features=LITTLE, training=SHORT)
    return replace(
        recipe,
        data=World(users=120, items=300, events=5_000),
        features=features,
        embeddings={},
        models={
            "taught": Distilled(student=light, teacher="ranker", requests=100),
            "light": light,
            "ranker": replace(zoo.DEEP_FM, dim=8, features=read, training=SHORT),
        },
        scenes={"for_you": Scene(retrieval={"popular": (Popular(), 300)}, ranking="ranker", value={"like": 1.0})},
        sampling=Sampling(requests=2, proposed=30, random=0, unproposed=False),
    )


@dataclass(frozen=True)
class Fitted:
    divided: Divided
    store: Store
    lessons: Lessons
    rankers: dict[str, Ranker]


@pytest.fixture(scope="module")
def fitted(experiment: Experiment) -> Fitted:
    divided = Divided.of(experiment, None)
    store = fit_store(experiment.features, divided.view)
    lessons = draw_lessons(experiment, divided, store, {}, Silent())
    return Fitted(divided, store, lessons, fit_rankers(experiment, lessons, store, progress=Silent()))


def test_a_teacher_is_asked_once_however_many_it_teaches(experiment: Experiment, fitted: Fitted) -> None:
    few = tuple(samples.where(np.arange(len(samples)) < 200) for samples in fitted.lessons.crowd)
    teacher = Says({"like": np.linspace(0, 1, 200, dtype=np.float32)})
    student = experiment.models["taught"].student
    models = {name: Distilled(student=student, teacher="says") for name in ("one", "other")} | {"says": teacher}
    found = fit_rankers(
        replace(experiment, models=models), replace(fitted.lessons, crowd=few), fitted.store, progress=Silent()
    )
    assert [rows is samples.rows for rows, samples in zip(teacher.asked, few, strict=True)] == [True, True]
    one, other = (found[name].score(few[0].rows)["like"] for name in ("one", "other"))
    np.testing.assert_array_equal(one, other)


def test_a_taught_model_lets_more_of_the_rankers_best_through(experiment: Experiment, fitted: Fitted) -> None:
    scene, view = experiment.scenes["for_you"], fitted.divided.view
    channels = fit_channels(scene, view, {}, seed=0)
    pipeline = assemble(scene, view, fitted.store, channels, fitted.rankers)
    held_out = fitted.divided.moments(Part.TEST, view.kinds.all).requests
    light = {name: fitted.rankers[name] for name in ("light", "taught")}
    found = survivals(pipeline, light, held_out, cutoffs=(20, 50, 100), top=20, seed=0, progress=Silent())
    assert found.requests > 50 and found.candidates > 150
    taught, alone, chance = (found.models[name].share for name in ("taught", "light", RANDOM))
    # About 0.26, 0.49, 0.71 against 0.12, 0.26, 0.52 and 0.10, 0.23, 0.45; errors of the means are below 0.02.
    assert (taught > alone + 0.08).all()
    assert (taught > chance + 0.1).all()


def test_the_teacher_is_asked_for_all_that_the_channels_propose(fitted: Fitted) -> None:
    assert fitted.lessons.crowd is not None
    train, valid = fitted.lessons.crowd
    asked = [np.bincount(part.rows.of) for part in (train, valid)]
    assert [len(each) for each in asked] == [100, 100 // VALIDATED]
    # Thirty of each request are kept for the others; nearly three hundred are proposed.
    assert np.bincount(fitted.lessons.train.rows.of).max() < 100 < min(each.min() for each in asked)


def test_models_stand_in_the_order_in_which_they_are_declared(fitted: Fitted) -> None:
    assert list(fitted.rankers) == ["taught", "light", "ranker"]


def test_nobody_is_asked_where_nobody_teaches(experiment: Experiment, fitted: Fitted) -> None:
    alone = replace(experiment, models={name: experiment.models[name] for name in ("light", "ranker")})
    lessons = draw_lessons(alone, fitted.divided, fitted.store, {}, Silent())
    assert lessons.crowd is None
    assert np.array_equal(lessons.train.labels, fitted.lessons.train.labels)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"teacher": "rankr"}, r"model 'taught': teacher 'rankr' is not declared; did you mean 'ranker'\?"),
        ({"teacher": "taught"}, "model 'taught': teacher 'taught' is taught itself; name the model that teaches it"),
        ({"teacher": "other"}, "model 'taught': teacher 'other' is taught itself; name the model that teaches it"),
        (
            {"student": replace(zoo.LR, features=("item_yaer",))},
            r"feature 'item_yaer' is not.*did you mean 'item_year'",
        ),
    ],
)
def test_who_cannot_teach_is_refused_before_any_training(
    experiment: Experiment, change: dict[str, object], message: str
) -> None:
    models = dict(experiment.models)
    models["other"] = Distilled(student=zoo.LR, teacher="ranker")
    with pytest.raises(ValueError, match=message):
        replace(experiment, models=models | {"taught": replace(models["taught"], **change)}).check(Clock.REAL)


def test_all_of_training_for_the_rows_leaves_nothing_for_those_who_propose(experiment: Experiment) -> None:
    everything = replace(experiment, sampling=replace(experiment.sampling, late=1.0))
    with pytest.raises(ValueError, match=r"model 'taught': .*with sampling\.late=1 no event is left.*a smaller `late`"):
        everything.check(Clock.REAL)
    alone = {"light": experiment.models["light"], "ranker": experiment.models["ranker"]}
    replace(everything, models=alone).check(Clock.REAL)


def test_a_taught_model_is_written_down_and_read_again(experiment: Experiment) -> None:
    spec = experiment.models["taught"]
    assert decode(encode(spec)) == spec
