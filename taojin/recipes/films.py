"""What the recipes for films share: features, embeddings, models and scenes.

A film has `genres`, `year` and (where there is a clock) `released`; users `rate` films, and a good rating is a `like`.
"""

from dataclasses import replace

from taojin.core.units import DAY
from taojin.data.sampling import Sampling
from taojin.data.split import UserTimeSplit
from taojin.embeddings.embedding import Embedder
from taojin.embeddings.factors.als import ALS
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.towers.zoo import DSSM
from taojin.features.attributes import Attribute, Id
from taojin.features.feature import Feature
from taojin.features.moment import Proposal
from taojin.features.out_of_fold import OutOfFold
from taojin.features.past import Affinity, Gap, Past, Recent, What
from taojin.features.windows import Count, Rate, Statistic
from taojin.nn.training import Training
from taojin.preranking.dot import DotProduct
from taojin.ranking import zoo
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.spec import Model
from taojin.reranking.mmr import MMR
from taojin.reranking.scatter import Scatter
from taojin.retrieval.association import Association
from taojin.retrieval.channel import Channel
from taojin.retrieval.ease import EASE
from taojin.retrieval.hot import Hot
from taojin.retrieval.interest_tags import InterestTags
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.popular import Popular
from taojin.retrieval.top_rated import TopRated
from taojin.retrieval.user_cf import UserCF
from taojin.retrieval.vectors import Nearest
from taojin.rules.already_seen import AlreadySeen
from taojin.rules.available import Available
from taojin.rules.blocked import Blocked
from taojin.scene import Cutoffs, Experiment, RuleSpec, Scene, Source

HALVED_IN_8 = 0.5 ** (1 / 8)
"""Weight of a like against the next newer one, so that the eighth newest counts half."""

RATE = OutOfFold(of=Rate(name="item_like_rate", top="like", bottom="rate"))
MEAN = OutOfFold(of=Statistic(name="item_mean_rating", event="rate", what="mean"))
LIKES = OutOfFold(of=Count(name="item_likes", event="like"))


def films(
    name: str,
    data: Source,
    *,
    clock: bool = True,
    people: tuple[str, ...] = (),
    makers: tuple[str, ...] = (),
    consumed: tuple[str, ...] = ("rate", "like"),
    epochs: int = 12,
) -> Experiment:
    """The whole experiment.

    clock       there are real times: windows, ages and the calendar mean something
    people      word columns of the users, such as gender
    makers      columns of the films that list who made them, such as directors
    consumed    kinds of event after which a film is not recommended again
    epochs      of the rankers, at most
    """
    declared = features(clock=clock, people=people, makers=makers)
    return Experiment(
        name=name,
        data=data,
        split=UserTimeSplit(valid=0.1, test=0.2),
        features=declared,
        embeddings=embeddings(people, makers),
        models=models(tuple(feature.name for feature in declared), epochs=epochs),
        # The distribution that the ranker will serve, and nothing else, measured best (docs/LOG.md).
        sampling=Sampling(requests=4, proposed=60, random=0, unproposed=False),
        scenes=scenes(clock=clock, consumed=consumed),
    )


def features(*, clock: bool, people: tuple[str, ...] = (), makers: tuple[str, ...] = ()) -> tuple[Feature, ...]:
    """Columns of films and of their viewers."""
    items: tuple[Feature, ...] = (
        Id(name="item", min_count=2),
        Attribute(name="item_genres", column="genres"),
        Attribute(name="item_genre", column="genres", most=1),
        Attribute(name="item_year", column="year"),
        Attribute(name="item_decade", column="year", buckets=12),
        *(Attribute(name=f"item_{column}", column=column) for column in makers),
    )
    users: tuple[Feature, ...] = (
        *(Attribute(name=f"user_{column}", column=column, entity="user") for column in people),
        Past(name="user_ratings", event="rate"),
        Past(name="user_likes", event="like"),
        Past(name="user_mean_rating", event="rate", what=What.MEAN),
        Past(name="user_rating_deviation", event="rate", what=What.DEVIATION),
        Recent(name="history", event="like", length=50),
        # What the ranker attends to. Genre and decade carry over to films that few have seen; with ids in their place
        # the ranker learnt who was popular in its rows (docs/LOG.md).
        Recent(name="tastes", event="like", length=50, columns=("item_genre", "item_decade")),
    )
    pairs: tuple[Feature, ...] = (
        Affinity(name="genre_affinity", event="like", of="item_genres"),
        Gap(name="year_gap", event="like", of="item_year"),
        *(Affinity(name=f"{column}_affinity", event="like", of=f"item_{column}") for column in makers),
    )
    timed: tuple[Feature, ...] = (
        (
            RATE.of,
            MEAN.of,
            LIKES.of,
            Count(name="item_likes_month", event="like", window=30 * DAY),
        )
        if clock
        else (RATE, MEAN, LIKES)
    )
    said = tuple(Proposal(name=f"by_{channel}", channel=channel) for channel in channels(clock=clock))
    return (*items, *users, *pairs, *timed, *said)


def channels(*, clock: bool) -> dict[str, tuple[Channel, int]]:
    """Who proposes films to a user, and how many: the set that found most on validation (docs/LOG.md)."""
    return {
        "dssm": (Nearest("dssm"), 300),
        "association": (Association(neighbours=200, popularity=0.3, decay=HALVED_IN_8), 200),
        "item_cf": (ItemCF(similarity="bm25", neighbours=200, shrinkage=25.0, decay=HALVED_IN_8), 200),
        "user_cf": (UserCF(newest=0.99), 150),
        "als": (Nearest("als"), 100),
        "ease": (EASE(l2=(300.0,), neighbours=200, at_least=5, decay=HALVED_IN_8), 100),
        **({"hot": (Hot(window=30 * DAY, half_life=7 * DAY), 40)} if clock else {}),
        "popular": (Popular(), 60),
        "top_rated": (TopRated(), 20),
    }


def embeddings(people: tuple[str, ...] = (), makers: tuple[str, ...] = ()) -> dict[str, Embedder]:
    """Vectors of films: from co-occurrence, from the matrix of likes, and from two towers."""
    films = ("item", "item_genres", "item_decade", *(f"item_{column}" for column in makers))
    towers = (*(f"user_{column}" for column in people), *films)
    return {
        "item2vec": Item2Vec(dim=64),
        "als": ALS(dim=64, unobserved=0.3),
        "dssm": DSSM(dim=64, features=towers),
    }


def models(names: tuple[str, ...], *, epochs: int = 12) -> dict[str, Model]:
    """Rankers: logistic regression for pre-ranking (the towers' product beside it), DIN for ranking.

    names   features that the experiment declares
    """
    training = Training(epochs=epochs, embedding_l2=1e-3)
    numbers = tuple(name for name in names if name not in NOT_RANKED_BY)
    wide = tuple(name for name in numbers if name not in ("item_genre", "tastes"))
    attention = TargetAttention((32, 16))
    return {
        "dot": DotProduct(of="dssm"),
        "lr": replace(zoo.LR, features=wide, training=training),
        "din": replace(
            zoo.DIN, dim=8, interests=(attention,), crosses=(MLP((64, 32)),), features=numbers, training=training
        ),
    }


NOT_RANKED_BY = ("item", "history")
"""Features that only the towers and the channels read: a ranker with ids was worse on validation (docs/LOG.md)."""


def rules(*, clock: bool) -> tuple[RuleSpec, ...]:
    """Nothing blocked, nothing that is not out yet."""
    return (Blocked(), *((Available(since="released"),) if clock else ()))


def scenes(*, clock: bool, consumed: tuple[str, ...]) -> dict[str, Scene]:
    """Films for a user, and films like a film."""
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
