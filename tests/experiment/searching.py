"""A search for settings in which a trial takes a moment."""

from dataclasses import replace
from pathlib import Path

import optuna

from taojin.data.sampling import Sampling
from taojin.experiment.search import Searched, search_model
from taojin.nn.training import Training
from taojin.preranking.distilled import Distilled
from taojin.ranking.boosting import Boosting
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.model import RankingModel
from taojin.ranking.spec import Model
from taojin.ranking.trees import Trees
from taojin.recipes.world import world_tiny
from taojin.retrieval.popular import Popular
from taojin.scene import Experiment, Scene
from taojin.world.world import World

READ = ("item_year", "user_likes", "user_mean_rating", "genre_affinity")
NETWORK = RankingModel(
    crosses=(Linear(), MLP((8,))), dim=4, features=READ, training=Training(epochs=1, batch=512, device="cpu")
)
FORESTS = Trees(features=READ, boosting=Boosting(trees=10, threads=1))
STUDENT = Distilled(student=NETWORK, teacher="network")


def small(**models: Model | Distilled) -> Experiment:
    """A world in which a trial takes a moment."""
    recipe = world_tiny()
    kept = (*READ, "item", "item_genres", "history")
    return replace(
        recipe,
        data=World(users=100, items=100, events=4_000),
        features=tuple(feature for feature in recipe.features if feature.name in kept),
        embeddings={},
        models=models or {"network": NETWORK},
        scenes={"for_you": Scene(retrieval={"popular": (Popular(), 40)}, ranking="network", value={"like": 1.0})},
        sampling=Sampling(requests=1, proposed=10),
    )


def find(file: Path, trials: int, experiment: Experiment | None = None, **options: str) -> Searched:
    return search_model(experiment or small(), None, trials=trials, file=file, **options)


def stored(file: Path) -> list[optuna.Study]:
    storage = f"sqlite:///{file}"
    return [optuna.load_study(study_name=name, storage=storage) for name in optuna.get_all_study_names(storage)]


def finished(study: optuna.Study) -> list[tuple[float, dict[str, str]]]:
    """Value and settings of each trial that ended, in the order in which they were made."""
    return [(one.value, one.user_attrs["settings"]) for one in study.trials if one.state.name == "COMPLETE"]
