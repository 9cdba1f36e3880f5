"""Recipes whose parts do not fit each other or the data are refused before anything but features is fitted."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from taojin.data.dataset import Clock
from taojin.data.sampling import Sampling
from taojin.data.tasks import Amount, Reaction, Task
from taojin.embeddings.factors.als import ALS
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.towers.events import TwoTowerModel
from taojin.experiment.fit import Divided, fit_store
from taojin.experiment.rankers import check_models
from taojin.features.attributes import Attribute, Id
from taojin.features.past import Past, Recent
from taojin.features.training_only import Place, TrainingOnly
from taojin.preranking.distilled import Distilled
from taojin.preranking.dot import DotProduct
from taojin.ranking.calibrated import CalibratedModel
from taojin.ranking.crosses.linear import Linear
from taojin.ranking.heads.esmm import ESMM
from taojin.ranking.model import RankingModel
from taojin.recipes.world import world_tiny
from taojin.retrieval.channel import Channel
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.popular import Popular
from taojin.retrieval.user_cf import UserCF
from taojin.rules.already_seen import AlreadySeen
from taojin.scene import Experiment, Scene
from taojin.world.world import World


def check(spec: Experiment, message: str | None) -> None:
    """The models are refused with this message; None: they are not."""
    columns = fit_store(spec.features, Divided.of(spec, None).view).columns
    with nullcontext() if message is None else pytest.raises(ValueError, match=message):
        check_models(spec, columns)


def small(tasks: tuple[str | Task, ...] = ("like",)) -> Experiment:
    """A small world without models."""
    return replace(
        world_tiny(),
        data=World(users=60, items=60, events=2_000),
        features=(
            Id(name="item"),
            Attribute(name="item_year", column="year", buckets=5),
            Attribute(name="item_genre", column="genres", most=1),
            Recent(name="history", event="like"),
        ),
        embeddings={},
        models={},
        scenes={"for_you": Scene(retrieval={"popular": (Popular(), 20)})},
        sampling=Sampling(tasks=tasks),
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": (Past(name="bought", event="buy"),)}, "feature 'bought', Past.event: event 'buy': this data has"),
        ({"embeddings": {"als": ALS(event="licke")}}, "embedding 'als', ALS.event: .* did you mean 'like'"),
        (
            {"features": (TrainingOnly(of=Place(name="place", event="shown")),)},
            "feature 'place', Place.event: event 'shown'",
        ),
    ],
)
def test_every_part_names_kinds_that_the_data_have_before_anything_is_fitted(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Divided.of(replace(small(), **changes), None)


def test_channels_and_rules_name_kinds_that_the_data_have() -> None:
    spec = small()
    scene = spec.scenes["for_you"]
    channel = replace(scene, retrieval={**scene.retrieval, "cf": (ItemCF(event="buy"), 5)})
    rule = replace(scene, rules=(*scene.rules, AlreadySeen(events=("like", "bought"))))
    for changed, message in (
        (channel, "scene 'for_you', channel 'cf', ItemCF.event: event 'buy'"),
        (rule, "scene 'for_you', AlreadySeen.events: event 'bought'"),
    ):
        with pytest.raises(ValueError, match=message):
            Divided.of(replace(spec, scenes={"for_you": changed}), None)


def test_what_starts_from_the_items_of_a_history_needs_their_ids_in_it() -> None:
    spec = small()
    genres = Recent(name="tastes", event="like", columns=("item_genre", "item"))
    both = Recent(name="both", event="like", columns=("item", "item_genre"))
    spec = replace(spec, features=(*spec.features, genres, both))
    message = r"history 'tastes': expected the items' id .* as its first column; got 'item_genre'; name another history"

    def proposing(*channels: Channel) -> Experiment:
        retrieval = {f"c{n}": (channel, 5) for n, channel in enumerate(channels)}
        return replace(spec, scenes={"for_you": Scene(retrieval=retrieval)})

    for channel in (ItemCF(history="tastes"), UserCF(history="tastes")):
        with pytest.raises(ValueError, match=f"scene 'for_you', channel 'c0': {message}"):
            proposing(channel).check(Clock.REAL)
    for embedder in (ALS(history="tastes"), Item2Vec(history="tastes")):
        with pytest.raises(ValueError, match=f"embedding 'vectors': {message}"):
            replace(spec, embeddings={"vectors": embedder}).check(Clock.REAL)
    proposing(ItemCF(), UserCF(history="both"), ItemCF(history="tastes", of="item")).check(Clock.REAL)
    towers = TwoTowerModel(features=("item_genre", "item"), history="tastes")
    replace(spec, embeddings={"als": ALS(history="both"), "towers": towers}).check(Clock.REAL)


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (Amount("stars", event="rate"), "got Amount"),
        (Reaction("rate", among="show"), "got Reaction"),
        (Reaction("rate"), None),
    ],
)
def test_a_chain_multiplies_reactions_that_are_known_everywhere(task: Task, message: str | None) -> None:
    spec = small(tasks=("like", task))
    chain = RankingModel(crosses=(Linear(),), dim=0, head=ESMM(), features=("item_year",))
    spec = replace(spec, models={"chain": CalibratedModel(model=chain)})
    check(spec, message and f"model 'chain': ranking: ESMM multiplies .*{message}")


def test_vectors_of_another_size_are_told_before_they_are_fitted() -> None:
    model = RankingModel(crosses=(Linear(),), dim=16, features=("item_genre",), vectors={"item_genre": "als"})
    spec = replace(small(), embeddings={"als": ALS(dim=8)}, models={"m": model})
    check(spec, "model 'm': ranking: vectors for 'item_genre' are of size 8, the model's of size 16")


LINEAR = RankingModel(crosses=(Linear(),), dim=0, features=("item_year",))
DOT = DotProduct(of="als")


@pytest.mark.parametrize(
    ("models", "ranking", "message"),
    [
        ({"dot": DOT, "lr": LINEAR}, "dot", "scene 'for_you' ranks by 'dot', an inner product"),
        ({"curved": CalibratedModel(model=DOT)}, "curved", "model 'curved': calibrates an inner product"),
        (
            {"dot": DOT, "light": Distilled(student=LINEAR, teacher="dot")},
            "light",
            "model 'light' is taught by 'dot', an inner product",
        ),
        ({"dot": DOT, "lr": LINEAR}, "lr", None),
    ],
)
def test_an_inner_product_comes_before_a_ranker_and_is_none(models: dict, ranking: str, message: str | None) -> None:
    spec = replace(small(), embeddings={"als": ALS(dim=8)}, models=models)
    scene = replace(spec.scenes["for_you"], preranking="dot" if "dot" in models else None, ranking=ranking)
    spec = replace(spec, scenes={"for_you": replace(scene, value={"like": 1.0})})
    check(spec, message and f"{message}; it can only be a scene's `preranking`")
