"""`python -m benchmarks channels RECIPE --data DIR`: every channel on a recipe's data, what each adds, and quotas.

The recipe's scene `for_you` is fitted again with every channel that its data can feed and without rankers; then come
the table of channels of `taojin evaluate` and the quotas of `taojin tune quotas`, both on the validation part. Last,
what each channel finds for the same users if nothing is known of them but what they say of themselves (SPEC R30).
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from benchmarks.environment import ROOT
from benchmarks.retrieval.clock import within
from taojin.core.events import Pasts
from taojin.core.progress import Silent
from taojin.core.units import DAY
from taojin.data.split import Part
from taojin.embeddings.content import TfIdf
from taojin.embeddings.embedding import Embedder
from taojin.embeddings.factors.als import ALS
from taojin.embeddings.factors.bpr import BPR
from taojin.embeddings.factors.lightgcn import LightGCN
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.zoo import DSSM, MIND, BERT4Rec, GRU4Rec, SASRec, YouTubeDNN
from taojin.embeddings.walks.deepwalk import DeepWalk
from taojin.embeddings.walks.eges import EGES
from taojin.embeddings.walks.node2vec import Node2Vec
from taojin.evaluation.cases import cases
from taojin.evaluation.report_table import quota_tables, report_table
from taojin.experiment.evaluate import Offline, evaluate
from taojin.experiment.train import train
from taojin.experiment.tune import proposals, tune_quotas
from taojin.nn.training import Training
from taojin.nn.transformer import Transformer
from taojin.recipes.films import HALVED_IN_8
from taojin.retrieval.association import Association
from taojin.retrieval.channel import Channel
from taojin.retrieval.content import Content
from taojin.retrieval.ease import EASE
from taojin.retrieval.hot import Hot
from taojin.retrieval.interest_tags import InterestTags
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.latest import Latest
from taojin.retrieval.popular import Popular
from taojin.retrieval.segments import Segments
from taojin.retrieval.spectral import Spectral
from taojin.retrieval.swing import Swing
from taojin.retrieval.top_rated import TopRated
from taojin.retrieval.user_cf import UserCF
from taojin.retrieval.vectors import Nearest
from taojin.run import RECIPES, find
from taojin.scene import Experiment

DEPTH = 200
"""Quota of every channel: what `recall@200` is of."""


def main(arguments: list[str]) -> None:
    """Fit, print two tables, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks channels", description=__doc__)
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--minutes", type=float, default=5.0, help="what a network gets")
    parser.add_argument("--budget", type=int, default=500, help="candidates a request, for the quotas")
    parser.add_argument("--without", nargs="*", default=(), help="channels that are left out")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "channels", help="where the bundle goes")
    options = parser.parse_args(arguments)
    out = options.runs / f"{options.recipe}-{options.data.name if options.data else 'built-in'}"
    train(every_channel(find(options.recipe), options.minutes, options.without), options.data, out)
    found = evaluate(out, part="valid")
    Console(width=160).print(report_table(found))
    quotas = tune_quotas(out, budget=options.budget)
    Console(width=160).print(quota_tables(quotas.today, quotas.learned, quotas.curve, quotas.users))
    alone = strangers(out)
    print(f"\nrecall@{DEPTH} without any history: " + ", ".join(f"{name} {value:.4f}" for name, value in alone.items()))
    known = {"evaluation": found.to_json(), "quotas": quotas.to_json(), "strangers": alone}
    print(json.dumps({"benchmark": "channels", **known}))


def strangers(run: Path) -> dict[str, float]:
    """Recall of each channel for validation users whose past is withheld, best first.

    BPR and LightGCN know them all the same: they have a vector of each user of training.
    """
    offline = Offline.load(run, None)
    experiment, divided = offline.experiment, offline.divided
    positive = offline.view.kinds.bits(experiment.positive)
    judged = cases(divided.dataset, divided.part, Part.VALID, positive, seed=experiment.seed)
    past = judged.requests.past
    blank = replace(judged.requests, past=Pasts(past.events, past.end, past.end))
    pipeline = offline.pipeline(experiment.sampling.scene, Part.VALID)
    found = proposals(pipeline, replace(judged, requests=blank), depth=DEPTH, progress=Silent())
    none = dict.fromkeys(found.channels, 0)
    alone = {name: found.recall({**none, name: DEPTH}) for name in found.channels}
    return dict(sorted(alone.items(), key=lambda one: -one[1]))


def every_channel(experiment: Experiment, minutes: float, without: tuple[str, ...]) -> Experiment:
    """The experiment with all channels and no ranker."""
    scene = experiment.scenes[experiment.sampling.scene]
    names = {feature.name for feature in experiment.features}
    clock = any(isinstance(channel, Hot) for channel, _ in scene.retrieval.values())
    people = tuple(name.removeprefix("user_") for name in names if name in ("user_gender", "user_age", "user_region"))
    vectors = embedders(experiment, minutes)
    near = {name: Nearest(name) for name in vectors} | {"dssm_cold": Nearest("dssm", cold=True)}
    every = {**channels(clock=clock, people=people), **near}
    unknown = sorted(set(without) - set(every))
    if unknown:
        raise ValueError(f"--without: no channel {', '.join(unknown)}; there are {', '.join(every)}")
    chosen = {name: (channel, DEPTH) for name, channel in every.items() if name not in without}
    scene = replace(scene, retrieval=chosen, preranking=None, ranking=None, value={}, reranking=())
    features = tuple(feature for feature in experiment.features if not feature.name.startswith("by_"))
    return replace(
        experiment,
        name=f"{experiment.name}_channels",
        features=features,
        embeddings={name: vectors[name] for name in vectors if name not in without},
        models={},
        scenes={experiment.sampling.scene: scene},
    )


def channels(*, clock: bool, people: tuple[str, ...]) -> dict[str, Channel]:
    """Those that read no vectors."""
    return {
        "popular": Popular(),
        "top_rated": TopRated(),
        **({"hot": Hot(window=30 * DAY, half_life=7 * DAY)} if clock else {}),
        **({"latest": Latest()} if clock else {}),
        **({"segments": Segments(columns=people)} if people else {}),
        "tags": InterestTags(column="genres"),
        "content": Content(columns=("genres",), cold=False),
        "item_cf": ItemCF(similarity="bm25", neighbours=500, shrinkage=25.0, decay=HALVED_IN_8),
        "item_cf_cosine": ItemCF(similarity="cosine", neighbours=500, decay=HALVED_IN_8),
        "item_cf_conditional": ItemCF(similarity="conditional", neighbours=500, decay=HALVED_IN_8),
        "user_cf": UserCF(newest=0.99),
        "swing": Swing(decay=HALVED_IN_8),
        "association": Association(neighbours=500, popularity=0.3, decay=HALVED_IN_8),
        "ease": EASE(l2=(100.0, 300.0, 1000.0), decay=HALVED_IN_8),
        "spectral": Spectral(decay=HALVED_IN_8),
    }


def embedders(experiment: Experiment, minutes: float) -> dict[str, Embedder]:
    """All vectors that users have a query for."""
    dssm = experiment.embeddings["dssm"]
    assert isinstance(dssm, DSSM), "the film recipes name their towers so"
    sequences = Training(batch=128, epochs=100, patience=5, drop=0.8, embedding_l2=0.0, bf16=True, minutes=minutes)
    events = replace(dssm.training, minutes=minutes)
    dropped = Transformer(dropout=0.2)
    return {
        "item2vec": Item2Vec(dim=64),
        "deepwalk": DeepWalk(dim=64),
        "node2vec": Node2Vec(dim=64, p=1.0, q=0.5),
        "eges": EGES(side=("item_genres", "item_decade"), dim=64),
        "tf_idf": TfIdf(columns=("genres",), texts=("title",), dim=64),
        "als": ALS(dim=64, unobserved=0.3),
        "bpr": within(BPR(dim=64), minutes),
        "lightgcn": within(LightGCN(dim=64), minutes),
        "dssm": replace(dssm, training=events),
        "dssm_dot": replace(dssm, cosine=False, temperature=1.0, training=events),
        "youtube_dnn": within(YouTubeDNN(features=dssm.features, example_age=False), minutes),
        "mind": MIND(features=dssm.features, training=events),
        "sasrec": SASRec(encoder=dropped, longest=1000, training=sequences),
        "bert4rec": BERT4Rec(longest=1000, training=sequences),
        "gru4rec": within(GRU4Rec(longest=1000), minutes),
        "sasrec_sampled": SASRec(encoder=dropped, longest=1000, negatives=Negatives(uniform=512), training=sequences),
    }
