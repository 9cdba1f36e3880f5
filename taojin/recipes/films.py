"""What the recipes for films share: features, embeddings, models and scenes.

A film has `genres`, `year` and (where there is a clock) `released`; users `rate` films, and a good rating is a `like`.
"""

from dataclasses import replace

from taojin.core.units import DAY
from taojin.embeddings.embedding import Embedder
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.towers.dssm import DSSM
from taojin.features.attributes import Age, Attribute, Id
from taojin.features.feature import Feature
from taojin.features.moment import Calendar, Part, Proposal
from taojin.features.out_of_fold import OutOfFold
from taojin.features.past import Affinity, Gap, Past, Recent, What
from taojin.features.windows import Count, Rate, Statistic
from taojin.nn.trainer import Training
from taojin.preranking.dot import DotProduct
from taojin.ranking import zoo
from taojin.reranking.mmr import MMR
from taojin.reranking.scatter import Scatter
from taojin.retrieval.channel import Channel
from taojin.retrieval.hot import Hot
from taojin.retrieval.interest_tags import InterestTags
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.popular import Popular
from taojin.retrieval.top_rated import TopRated
from taojin.retrieval.vectors import Nearest
from taojin.rules.already_seen import AlreadySeen
from taojin.rules.available import Available
from taojin.rules.blocked import Blocked
from taojin.scene import Cutoffs, Model, RuleSpec, Scene

RATE = OutOfFold(of=Rate(name="item_like_rate", top="like", bottom="rate"))
MEAN = OutOfFold(of=Statistic(name="item_mean_rating", event="rate", what="mean"))
LIKES = OutOfFold(of=Count(name="item_likes", event="like"))


def features(*, clock: bool, people: tuple[str, ...] = ()) -> tuple[Feature, ...]:
    """Columns of films and of their viewers.

    clock   there are real times: windows, ages and the calendar mean something
    people  word columns of the users, such as gender
    """
    items: tuple[Feature, ...] = (
        Id(name="item", min_count=2),
        Attribute(name="item_genres", column="genres"),
        Attribute(name="item_year", column="year"),
        Attribute(name="item_decade", column="year", buckets=12),
    )
    users: tuple[Feature, ...] = (
        Id(name="user", entity="user"),
        *(Attribute(name=f"user_{column}", column=column, entity="user") for column in people),
        Past(name="user_ratings", event="rate"),
        Past(name="user_likes", event="like"),
        Past(name="user_mean_rating", event="rate", what=What.MEAN),
        Past(name="user_rating_deviation", event="rate", what=What.DEVIATION),
        Recent(name="history", event="like", length=50),
    )
    pairs: tuple[Feature, ...] = (
        Affinity(name="genre_affinity", event="like", of="item_genres"),
        Gap(name="year_gap", event="like", of="item_year"),
    )
    timed: tuple[Feature, ...] = (
        (
            RATE.of,
            MEAN.of,
            LIKES.of,
            Count(name="item_likes_month", event="like", window=30 * DAY),
            Age(name="item_age", since="released"),
            Calendar(name="hour", part=Part.HOUR),
            Calendar(name="weekday", part=Part.WEEKDAY),
        )
        if clock
        else (RATE, MEAN, LIKES)
    )
    said = tuple(Proposal(name=f"by_{channel}", channel=channel) for channel in channels(clock=clock))
    return (*items, *users, *pairs, *timed, *said)


def channels(*, clock: bool) -> dict[str, tuple[Channel, int]]:
    """Who proposes films to a user, and how many."""
    return {
        "item_cf": (ItemCF(), 200),
        "item2vec": (Nearest("item2vec"), 100),
        "dssm": (Nearest("dssm"), 200),
        "tags": (InterestTags(column="genres"), 60),
        "top_rated": (TopRated(), 40),
        **({"hot": (Hot(window=30 * DAY, half_life=7 * DAY), 40)} if clock else {}),
        "popular": (Popular(), 100),
    }


def embeddings(people: tuple[str, ...] = ()) -> dict[str, Embedder]:
    """Vectors of films: from co-occurrence, and from two towers."""
    towers = (*(f"user_{column}" for column in people), "item", "item_genres", "item_decade")
    return {"item2vec": Item2Vec(dim=64), "dssm": DSSM(dim=64, features=towers)}


def models(*, epochs: int = 20) -> dict[str, Model]:
    """Rankers: logistic regression for pre-ranking (the towers' product beside it), DIN for ranking."""
    training = Training(epochs=epochs)
    return {
        "dot": DotProduct(of="dssm"),
        "lr": replace(zoo.LR, training=training),
        "din": replace(zoo.DIN, training=training),
    }


def rules(*, clock: bool) -> tuple[RuleSpec, ...]:
    """Nothing blocked, nothing that is not out yet."""
    return (Blocked(), *((Available(since="released"),) if clock else ()))


def scenes(*, clock: bool, consumed: tuple[str, ...] = ("rate",)) -> dict[str, Scene]:
    """Films for a user, and films like a film.

    consumed    kinds of event after which a film is not recommended again
    """
    return {
        "for_you": Scene(
            retrieval=channels(clock=clock),
            rules=(*rules(clock=clock), AlreadySeen(events=consumed)),
            preranking="lr",
            ranking="din",
            value={"like": 1.0},
            reranking=(MMR(vectors="item2vec", relevance=0.9), Scatter(feature="item_genres", within=5, at_most=4)),
            cutoffs=Cutoffs(prerank=300, rank=60),
            last_resort="popular",
            consumed=consumed,
        ),
        "similar": Scene(
            retrieval={
                "item_cf": (ItemCF(of="item"), 100),
                "item2vec": (Nearest("item2vec", of="item"), 100),
                "tags": (InterestTags(column="genres", of="item"), 30),
                "popular": (Popular(), 50),
            },
            rules=rules(clock=clock),
            reranking=(Scatter(feature="item_decade", within=5, at_most=4),),
            last_resort="popular",
        ),
    }
