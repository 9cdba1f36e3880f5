"""Gowalla as LightGCN's authors cut it: recall@20 and NDCG@20 of each model over the whole catalogue.

Every user with an item to be found asks once; what the user has had is removed; recall is divided by the number of
items to be found, NDCG by the best list of min(20, items to be found). Without `--final` the last tenth of each user's
training items, in an order drawn by a seed, is to be found and not learned from; with it the test is, and all of
training is learned from.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from benchmarks.retrieval.clock import Watch, within
from taojin.data.dataset import Dataset
from taojin.data.gowalla import Gowalla
from taojin.data.split import Part
from taojin.embeddings.embedding import Embedder
from taojin.embeddings.factors.als import ALS
from taojin.embeddings.factors.bpr import BPR
from taojin.embeddings.factors.lightgcn import LightGCN
from taojin.evaluation.alone import Alone
from taojin.evaluation.cases import Cases, cases
from taojin.evaluation.metrics import hits, ndcg, recall
from taojin.experiment.fit import fit_store
from taojin.features.attributes import Id
from taojin.features.past import Recent
from taojin.retrieval.channel import Channel
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.popular import Popular
from taojin.retrieval.spectral import Spectral
from taojin.retrieval.vectors import Nearest

K = 20
LONGEST = 1_000
"""Items of a history that are read: more than any user has."""

SLOWER = replace(LightGCN().training, patience=10, drop=0.9)


@dataclass(frozen=True)
class Recipe:
    """A channel, and the embeddings that it reads."""

    channel: Channel
    embedders: Mapping[str, Embedder] = field(default_factory=dict)


MODELS: dict[str, Callable[[], Recipe]] = {
    "popular": lambda: Recipe(Popular()),
    "item_cf": lambda: Recipe(ItemCF(similarity="cosine", neighbours=500, shrinkage=0.0, decay=1.0, longest=LONGEST)),
    "als": lambda: Recipe(Nearest("als"), {"als": ALS(unobserved=0.01, regularization=0.003)}),
    "bpr": lambda: Recipe(Nearest("bpr"), {"bpr": BPR()}),
    "lightgcn": lambda: Recipe(Nearest("lightgcn"), {"lightgcn": LightGCN(temperature=0.1, training=SLOWER)}),
    "gf_cf": lambda: Recipe(Spectral(user_power=0.5, rank=256, low_pass=0.3, steps=0)),
    "spectral": lambda: Recipe(Spectral(rank=1024)),
}
"""`gf_cf` has its paper's constants; those of `spectral`, `als` and `lightgcn` were chosen on validation, the others'
are the defaults."""


def run(data: Path, only: str | None, final: bool) -> dict[str, dict[str, float]]:
    """Fit and judge every model, or one; `seconds` are those of the fit.

    data    the folder that holds `gowalla-lightgcn`
    """
    if only is not None and only not in MODELS:
        raise SystemExit(f"retrieval: no model {only!r}; there are {', '.join(MODELS)}")
    dataset = Gowalla().load(data / "gowalla-lightgcn")
    part = dataset.log.given
    assert part is not None, "Gowalla names the part of each event"
    judged = cases(dataset, part, Part.TEST if final else Part.VALID, dataset.kinds.all, min_past=0)
    learned = part != Part.TEST if final else part == Part.TRAIN
    found = {}
    print(f"| {'model':10} | recall@{K} | ndcg@{K} | fit, s |\n|---|---:|---:|---:|")
    for name in MODELS if only is None else (only,):
        found[name] = _judge(MODELS[name](), dataset, learned, judged)
        print("| {:10} | {:9.4f} | {:7.4f} | {:6.0f} |".format(name, *found[name].values()), flush=True)
    return found


def _judge(recipe: Recipe, dataset: Dataset, learned: np.ndarray, judged: Cases) -> dict[str, float]:
    view = dataset.view(learned)
    store = fit_store((Id(name="item"), Recent(name="history", event="like", length=LONGEST)), view)
    watch, start = Watch(), time.perf_counter()
    embeddings = {
        name: within(embedder).fit(view, store.columns, seed=0, progress=watch)
        for name, embedder in recipe.embedders.items()
    }
    retriever = recipe.channel.fit(view, embeddings, seed=0)
    seconds = time.perf_counter() - start
    alone = Alone(retriever=retriever, store=store, had=dataset.kinds.all, items=dataset.n_items)
    found = hits(alone.recommend(judged.requests, K).item, judged.offsets, judged.item)
    return {
        f"recall@{K}": float(recall(found, judged.relevant, K).mean()),
        f"ndcg@{K}": float(ndcg(found, judged.relevant, K).mean()),
        "seconds": seconds,
        **watch.figures(seconds),
    }
