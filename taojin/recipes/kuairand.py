"""KuaiRand: short videos for a user, ranked by several reactions at once.

Rankers learn from what the channels propose: a long view is one of all candidates, the other reactions are known only
of what was shown. The funnel is judged by the videos that a user went on to watch for long.
"""

from taojin.core.units import DAY, HOUR
from taojin.data.kuairand import RANGES, KuaiRand
from taojin.data.sampling import Sampling
from taojin.data.split import TimeSplit
from taojin.data.tasks import Amount, Reaction, Task
from taojin.embeddings.embedding import Embedder
from taojin.embeddings.factors.als import ALS
from taojin.embeddings.item2vec import Item2Vec
from taojin.features.attributes import Age, Attribute, Id
from taojin.features.feature import Feature
from taojin.features.moment import Calendar, Proposal
from taojin.features.past import Affinity, Past, Recent, What
from taojin.features.windows import Count, Rate, Statistic
from taojin.nn.training import Training
from taojin.ranking import zoo
from taojin.ranking.crosses.flat import Flat
from taojin.ranking.heads.mmoe import MMoE
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.model import RankingModel
from taojin.ranking.spec import Model
from taojin.reranking.mmr import MMR
from taojin.reranking.scatter import Scatter
from taojin.retrieval.channel import Channel
from taojin.retrieval.hot import Hot
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.popular import Popular
from taojin.retrieval.vectors import Nearest
from taojin.rules.already_seen import AlreadySeen
from taojin.rules.available import Available
from taojin.rules.blocked import Blocked
from taojin.scene import Cutoffs, Experiment, Scene

TASKS: tuple[Task, ...] = (
    *(Reaction(name, among="show") for name in ("click", "like", "follow")),
    Reaction("long_view"),
    Amount("watch_ratio", event="show"),
)
COUNTED = ("watch", "show", "click", "like", "long_view", "skip")
CODES = tuple(f"onehot_feat{number}" for number in range(12))


def kuairand() -> Experiment:
    """The whole experiment."""
    return Experiment(
        name="kuairand",
        data=KuaiRand(),
        # Of all events, most of which are views before the logs; the last four days are a tenth of them.
        split=TimeSplit(valid=0.03, test=0.07),
        features=features(),
        embeddings=embeddings(),
        models=models(),
        # Rows of exposures alone tell the reactions apart, but not what to show (docs/LOG.md).
        sampling=Sampling(tasks=TASKS, requests=1, proposed=30, random=0, unproposed=False),
        positive="long_view",
        scenes=scenes(),
    )


def features() -> tuple[Feature, ...]:
    """Columns of videos and their viewers."""
    items: tuple[Feature, ...] = (
        Id(name="item", min_count=5),
        Attribute(name="item_author", column="author", min_count=3),
        Attribute(name="item_tags", column="tags"),
        Attribute(name="item_tag", column="tags", most=1),
        Attribute(name="item_upload", column="upload"),
        Attribute(name="item_music", column="music", min_count=5),
        Attribute(name="item_length", column="duration", buckets=20),
        Age(name="item_age", since="released"),
    )
    users: tuple[Feature, ...] = (
        *(Attribute(name=f"user_{name}", column=name, entity="user") for name in ("active", "author", "streamer")),
        *(Attribute(name=f"user_{name}", column=name, entity="user") for name in (*RANGES, *CODES)),
        *(
            Past(name=f"user_{event}s", event=event)
            for event in ("watch", "show", "click", "like", "long_view", "skip")
        ),
        Past(name="user_watch_ratio", event="show", what=What.MEAN),
        Past(name="user_away", event="watch", what=What.SINCE),
        Recent(name="history", event="long_view", length=50),
        Recent(name="tastes", event="long_view", length=50, columns=("item", "item_author", "item_tag", "item_length")),
        Calendar(name="hour"),
    )
    pairs: tuple[Feature, ...] = (
        Affinity(name="tag_affinity", event="long_view", of="item_tags"),
        Affinity(name="author_affinity", event="long_view", of="item_author"),
        Affinity(name="length_affinity", event="long_view", of="item_length"),
    )
    timed: tuple[Feature, ...] = (
        Rate(name="item_click_rate", top="click", bottom="show"),
        Rate(name="item_long_view_rate", top="long_view", bottom="watch"),
        Rate(name="item_like_rate", top="like", bottom="watch", strength=50.0),
        Rate(name="item_follow_rate", top="follow", bottom="show", strength=200.0),
        Rate(name="item_skip_rate", top="skip", bottom="show"),
        Statistic(name="item_watch_ratio", event="show"),
        Count(name="item_watches", event="watch"),
        Count(name="item_watches_day", event="watch", window=DAY),
    )
    said = tuple(Proposal(name=f"by_{channel}", channel=channel) for channel in channels())
    return (*items, *users, *pairs, *timed, *said)


def channels() -> dict[str, tuple[Channel, int]]:
    """Who proposes videos to a user, and how many."""
    return {
        "als": (Nearest("als"), 200),
        "item_cf": (ItemCF(event="long_view"), 200),
        "hot": (Hot(event="long_view", window=3 * DAY, half_life=12 * HOUR), 200),
        "popular": (Popular(event="long_view"), 100),
    }


def embeddings() -> dict[str, Embedder]:
    """Vectors of videos: from co-occurrence, and from the matrix of long views."""
    return {"item2vec": Item2Vec(dim=64, event="long_view"), "als": ALS(dim=64, event="long_view")}


def models() -> dict[str, Model]:
    """A logistic regression for pre-ranking, and a mixture of experts over attention to what was watched."""
    declared = tuple(feature.name for feature in features())
    read = tuple(name for name in declared if name != "history")
    training = Training(epochs=4, embedding_l2=1e-3, sparse=True)
    return {
        "lr": RankingModel(
            crosses=zoo.LR.crosses, dim=0, features=tuple(n for n in read if n != "tastes"), training=training
        ),
        "experts": RankingModel(
            interests=(TargetAttention((32, 16)),),
            crosses=(Flat(),),
            head=MMoE(experts=4),
            dim=8,
            features=read,
            training=training,
        ),
    }


def scenes() -> dict[str, Scene]:
    """Videos for a user, and videos like a video."""
    consumed = ("watch",)
    return {
        "for_you": Scene(
            retrieval=channels(),
            rules=(Blocked(), Available(since="released"), AlreadySeen(events=consumed)),
            preranking="lr",
            ranking="experts",
            value={"long_view": 1.0},
            reranking=(MMR(vectors="item2vec", relevance=0.9), Scatter(feature="item_tags", within=5, at_most=3)),
            cutoffs=Cutoffs(prerank=300, rank=60),
            last_resort="popular",
            consumed=consumed,
        ),
        "similar": Scene(
            retrieval={
                "item_cf": (ItemCF(of="item", event="long_view"), 100),
                "item2vec": (Nearest("item2vec", of="item"), 100),
                "popular": (Popular(event="long_view"), 50),
            },
            rules=(Blocked(), Available(since="released")),
            reranking=(Scatter(feature="item_author", within=5, at_most=2),),
            last_resort="popular",
        ),
    }
