"""The vectors of any embedding may be features of a ranker, which learns from and serves the same ones."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from taojin.core.progress import Silent
from taojin.data.sampling import Sampling
from taojin.data.split import Part
from taojin.embeddings.content import TfIdf
from taojin.embeddings.joined import Joined
from taojin.embeddings.walks.deepwalk import DeepWalk
from taojin.embeddings.walks.eges import EGES
from taojin.experiment.fit import Divided, assemble, fit_channels, fit_embeddings, fit_store, with_vectors
from taojin.experiment.lessons import draw_lessons
from taojin.experiment.rankers import fit_rankers
from taojin.nn.training import Training
from taojin.ranking import zoo
from taojin.recipes.world import world_tiny
from taojin.retrieval.popular import Popular
from taojin.scene import Experiment, Scene
from taojin.world.world import World

SHORT = Training(learning_rate=1e-2, batch=512, epochs=1, device="cpu")
CONTENT = TfIdf(columns=("genres",), dim=6)
WALK = DeepWalk(dim=8, walks=1, length=6, training=SHORT)
EMBEDDINGS = {
    "content": CONTENT,
    "deepwalk": WALK,
    "eges": EGES(side=("item_genres",), dim=8, walks=1, length=6, training=SHORT),
    "joined": Joined(parts={"content": CONTENT, "deepwalk": WALK}),
}


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    ranker = replace(zoo.LR, features=("item_year", *EMBEDDINGS), training=SHORT)
    recipe = replace(
        world_tiny(),
        data=World(users=150, items=150, events=6_000),
        embeddings=EMBEDDINGS,
        models={"lr": ranker},
        scenes={"for_you": Scene(retrieval={"popular": (Popular(), 60)}, ranking="lr", value={"like": 1.0})},
        sampling=Sampling(requests=2, proposed=10, random=0, unproposed=False),
    )
    return replace(recipe, features=tuple(f for f in recipe.features if not f.name.startswith("by_")))


def test_a_ranker_reads_vectors_that_do_not_know_its_labels(experiment: Experiment) -> None:
    divided = Divided.of(experiment, None)
    view = divided.view
    declared = fit_store(experiment.features, view)
    late = fit_embeddings(experiment, view, declared, experiment.embeddings, Silent())
    store = with_vectors(declared, late)
    lessons = draw_lessons(experiment, divided, store, late, Silent())
    assert set(lessons.vectors) == set(EMBEDDINGS)
    assert not np.array_equal(lessons.vectors["deepwalk"].vectors, late["deepwalk"].vectors)
    for name, embedding in lessons.vectors.items():
        for samples in (lessons.train, lessons.valid):
            found = samples.rows[name]
            assert found.shape == (len(samples), embedding.vectors.shape[1])
            known = {row.tobytes() for row in embedding.vectors}
            assert all(row.tobytes() in known for row in found)

    store = with_vectors(store, lessons.vectors)
    rankers = fit_rankers(experiment, lessons, store, progress=Silent())
    scene = experiment.scenes["for_you"]
    pipeline = assemble(scene, view, store, fit_channels(scene, view, late, seed=0), rankers)
    found = pipeline.recommend(divided.moments(Part.TEST, view.kinds.all).requests[:5])
    assert len(found)
    assert all(np.isfinite(score).all() for score in found.scores.values())


def test_a_ranker_begins_with_vectors_that_do_not_know_its_labels(experiment: Experiment) -> None:
    still = Training(batch=4096, epochs=1, learning_rate=1e-9, sparse=False, embedding_l2=0.0, device="cpu")
    model = replace(zoo.DEEP_FM, dim=8, features=("item", "item_year"), vectors={"item": "deepwalk"}, training=still)
    begun = replace(experiment, models={"lr": model})
    divided = Divided.of(begun, None)
    store = fit_store(begun.features, divided.view)
    late = fit_embeddings(begun, divided.view, store, begun.embeddings, Silent())
    lessons = draw_lessons(begun, divided, with_vectors(store, late), late, Silent())
    assert set(lessons.starts) == {"deepwalk"} and not lessons.vectors
    early = lessons.starts["deepwalk"]
    assert not np.array_equal(early.vectors, late["deepwalk"].vectors)
    rankers = fit_rankers(begun, lessons, store, progress=Silent())
    weights = [
        onnx.numpy_helper.to_array(part) for part in onnx.load_from_string(rankers["lr"].graph).graph.initializer
    ]
    table = next(part for part in weights if part.ndim == 2 and len(part) > 100 and part.shape[1] == 8)
    rows = {row.tobytes() for row in np.round(table, 4)}
    known = np.round(early.vectors[early.known], 4)
    found = np.mean([row.tobytes() in rows for row in known])
    assert found > 0.9


def test_a_ranker_that_begins_with_nothing_known_is_refused(experiment: Experiment) -> None:
    model = replace(zoo.DEEP_FM, dim=8, features=("item",), vectors={"item": "depwalk"})
    with pytest.raises(ValueError, match=r"model 'lr': embedding.*'depwalk'"):
        replace(experiment, models={"lr": model}).check(experiment.data.load(None).clock)
