"""A recipe for any log with a catalogue: what `taojin new` writes down for somebody's files, and a start to change."""

from dataclasses import dataclass, replace

from taojin.core.units import DAY
from taojin.data.sampling import Sampling
from taojin.data.split import UserTimeSplit
from taojin.embeddings.factors.als import ALS
from taojin.embeddings.item2vec import Item2Vec
from taojin.features.attributes import Age, Attribute, Id
from taojin.features.feature import Feature
from taojin.features.moment import Proposal
from taojin.features.out_of_fold import OutOfFold
from taojin.features.past import Affinity, Gap, Past, Recent, What
from taojin.features.windows import Count
from taojin.nn.training import Training
from taojin.ranking import zoo
from taojin.ranking.crosses.mlp import MLP
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.spec import Model
from taojin.recipes.films import HALVED_IN_8
from taojin.reranking.mmr import MMR
from taojin.reranking.scatter import Scatter
from taojin.retrieval.again import Again
from taojin.retrieval.association import Association
from taojin.retrieval.channel import Channel
from taojin.retrieval.content import Content
from taojin.retrieval.hot import Hot
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.popular import Popular
from taojin.retrieval.user_cf import UserCF
from taojin.retrieval.vectors import Nearest
from taojin.rules.already_seen import AlreadySeen
from taojin.rules.available import Available
from taojin.rules.blocked import Blocked
from taojin.scene import Cutoffs, Experiment, RuleSpec, Scene, Source

ATTENDED = 3
RATE, STEPS = 1e-2, 200
"""Learning rate, and steps of an epoch at least: with few events, usual ones end before anything is learned."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known, by the names of the columns.

    events      kinds of event
    success     the kind that the recommender is to bring about
    interest    the kind that tells tastes, where successes are few; None: successes do
    consumed    kinds after which an item is not shown again
    valued      the kind whose values are ratings or shares, so that their mean says something; None: no such
    words       of the items: one a cell (brand)
    lists       of the items: several a cell (genres)
    numbers     of the items
    described   those of the words and lists by which items are alike, for what nobody has touched yet
    texts       of the items, for the same
    released    of the items: the date from which on they may be shown
    people      of the users: words
    ages        of the users: numbers
    clock       events have times, not an order alone
    """

    events: tuple[str, ...]
    success: str
    interest: str | None = None
    consumed: tuple[str, ...] = ()
    valued: str | None = None
    words: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    described: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    released: str | None = None
    people: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()
    clock: bool = True

    @property
    def taste(self) -> str:
        """The kind whose items say what a user likes."""
        return self.interest or self.success


def own(name: str, data: Source, known: Known, *, light: bool = False, epochs: int = 12) -> Experiment:
    """The whole experiment: channels, two rankers, lists for a user and beside an item.

    light   logistic regression ranks, for few events; otherwise attention to the user's past (DIN)
    epochs  of the rankers, at most
    """
    return Experiment(
        name=name,
        data=data,
        split=UserTimeSplit(valid=0.1, test=0.2),
        features=features(known),
        embeddings={
            "item2vec": Item2Vec(dim=32, event=known.taste),
            "als": ALS(dim=64, event=known.taste, unobserved=0.3),
        },
        models=models(known, light=light, epochs=epochs),
        sampling=Sampling(tasks=(known.success,), requests=4, proposed=60, random=0, unproposed=False),
        positive=known.success,
        scenes=scenes(known, light=light),
    )


def features(known: Known) -> tuple[Feature, ...]:
    """Columns of items and users, and what can be counted."""
    success = known.success
    items: tuple[Feature, ...] = (
        Id(name="item", min_count=2),
        *(Attribute(name=f"item_{column}", column=column) for column in (*known.words, *known.lists)),
        *(Attribute(name=f"item_{column}_first", column=column, most=1) for column in known.lists),
        *(Attribute(name=f"item_{column}", column=column) for column in known.numbers),
        *(Attribute(name=f"item_{column}_range", column=column, buckets=20) for column in known.numbers),
        *((Age(name="item_age", since=known.released),) if known.released and known.clock else ()),
    )
    users: tuple[Feature, ...] = (
        *(Attribute(name=f"user_{column}", column=column, entity="user") for column in (*known.people, *known.ages)),
        *(Past(name=f"user_{event}s", event=event) for event in known.events),
        *((Past(name="user_mean_value", event=known.valued, what=What.MEAN),) if known.valued else ()),
        *((Past(name="user_away", event=success, what=What.SINCE),) if known.clock else ()),
        Recent(name="history", event=known.taste, length=50),
        Recent(name="tastes", event=known.taste, length=50, columns=attended(known)),
    )
    pairs: tuple[Feature, ...] = (
        *(
            Affinity(name=f"{column}_affinity", event=known.taste, of=f"item_{column}")
            for column in (*known.lists, *known.words)
        ),
        *(Gap(name=f"{column}_gap", event=known.taste, of=f"item_{column}") for column in known.numbers),
    )
    counts = tuple(Count(name=f"item_{event}s", event=event) for event in known.events)
    counted: tuple[Feature, ...] = (
        (
            *counts,
            Count(name="item_month", event=success, window=30 * DAY),
            Count(name="item_week", event=success, window=7 * DAY),
        )
        if known.clock
        else tuple(OutOfFold(of=count) for count in counts)
    )
    said = tuple(Proposal(name=f"by_{channel}", channel=channel) for channel in channels(known))
    return (*items, *users, *pairs, *counted, *said)


def attended(known: Known) -> tuple[str, ...]:
    """What attention looks at in the past: few words, which carry over to items that few have met, or the items."""
    words = [*(f"item_{column}_first" for column in known.lists), *(f"item_{column}" for column in known.words)]
    ranges = [f"item_{column}_range" for column in known.numbers]
    return tuple([*words, *ranges][:ATTENDED]) or ("item",)


def channels(known: Known) -> dict[str, tuple[Channel, int]]:
    """Who proposes items to a user, and how many."""
    taste = known.taste
    alike = bool(known.described or known.texts)
    return {
        "als": (Nearest("als"), 150),
        "item_cf": (ItemCF(event=taste, similarity="bm25", neighbours=200, shrinkage=25.0, decay=HALVED_IN_8), 200),
        "association": (Association(event=taste, neighbours=200, popularity=0.3, decay=HALVED_IN_8), 200),
        "user_cf": (UserCF(event=taste, newest=0.99), 150),
        **({"hot": (Hot(event=taste, window=30 * DAY, half_life=7 * DAY), 60)} if known.clock else {}),
        **({"content": (Content(columns=known.described, texts=known.texts), 60)} if alike else {}),
        **({"again": (Again(events=known.events), 50)} if not known.consumed else {}),
        "popular": (Popular(event=known.success), 100),
    }


def models(known: Known, *, light: bool, epochs: int) -> dict[str, Model]:
    """Logistic regression, and attention to the past where there are events enough."""
    unread = {"history", "item"} - set(attended(known))
    names = tuple(feature.name for feature in features(known) if feature.name not in unread)
    training = Training(learning_rate=RATE, epochs=epochs, steps=STEPS, embedding_l2=1e-3)
    regression = replace(zoo.LR, features=tuple(name for name in names if name != "tastes"), training=training)
    if light:
        return {"lr": regression}
    attention = replace(
        zoo.DIN,
        dim=8,
        interests=(TargetAttention((32, 16)),),
        crosses=(MLP((64, 32)),),
        features=names,
        training=training,
    )
    return {"lr": regression, "din": attention}


def scenes(known: Known, *, light: bool) -> dict[str, Scene]:
    """Items for a user, and items like an item."""
    released = known.released if known.clock else None
    rules: tuple[RuleSpec, ...] = (Blocked(), *((Available(since=released),) if released else ()))
    category = next((f"item_{column}" for column in (*known.lists, *known.words)), None)
    scatter = (Scatter(feature=category, within=5, at_most=3),) if category else ()
    beside: dict[str, tuple[Channel, int]] = {
        "item_cf": (ItemCF(event=known.taste, of="item"), 100),
        "item2vec": (Nearest("item2vec", of="item"), 100),
        "popular": (Popular(event=known.success), 50),
    }
    return {
        "for_you": Scene(
            retrieval=channels(known),
            rules=(*rules, *((AlreadySeen(events=known.consumed),) if known.consumed else ())),
            preranking=None if light else "lr",
            ranking="lr" if light else "din",
            value={known.success: 1.0},
            # A scatter over categories costs a shop, whose visits are about one, a third of its hits (docs/LOG.md).
            reranking=(MMR(vectors="item2vec", relevance=0.9),),
            cutoffs=Cutoffs(prerank=300, rank=60),
            last_resort="popular",
            consumed=known.consumed,
        ),
        "similar": Scene(retrieval=beside, rules=rules, reranking=scatter, last_resort="popular"),
    }
