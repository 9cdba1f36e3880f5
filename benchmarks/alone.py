"""EASE and SASRec by themselves, as baselines beside a trained run's funnel."""

from pathlib import Path

from taojin.core.progress import Silent
from taojin.core.stages import Retriever
from taojin.data.split import Part
from taojin.embeddings.towers.zoo import SASRec
from taojin.evaluation.alone import Alone
from taojin.evaluation.baselines import Baseline, choose
from taojin.evaluation.cases import cases
from taojin.experiment.evaluate import Offline
from taojin.experiment.fit import fit_store
from taojin.features.attributes import Id
from taojin.features.past import Recent
from taojin.nn.training import Training
from taojin.nn.transformer import Transformer
from taojin.recipes.films import HALVED_IN_8
from taojin.retrieval.ease import EASE
from taojin.retrieval.vectors import Nearest

LONGEST = 200
"""Likes of a history that are read."""
DECAYS = (1.0, 0.97, HALVED_IN_8)
PENALTIES = (100.0, 300.0, 1000.0, 3000.0)
LEARNED = Training(batch=128, epochs=200, patience=10, drop=0.9, embedding_l2=0.0, bf16=True, minutes=20)


def alone(run: Path) -> dict[str, Baseline]:
    """Both, fitted on the run's training split; EASE's decay is chosen on validation, its penalty on held-out likes."""
    offline = Offline.load(run)
    experiment, view = offline.experiment, offline.view
    event, seed = experiment.positive, experiment.seed
    valid = cases(offline.divided.dataset, offline.divided.part, Part.VALID, view.kinds.bits(event), seed=seed)
    store = fit_store((Id(name="item"), Recent(name="history", event=event, length=LONGEST)), view)

    def baseline(retriever: Retriever, **setting: float) -> Alone:
        return Alone(retriever=retriever, store=store, had=view.kinds.all, items=view.n_items, setting=setting)

    ease = (
        baseline(EASE(event=event, l2=PENALTIES, decay=decay).fit(view, {}, seed=seed), decay=decay) for decay in DECAYS
    )
    spec = SASRec(event=event, encoder=Transformer(dropout=0.2), longest=5 * LONGEST, training=LEARNED)
    learned = spec.fit(view, store.columns, seed=seed, progress=Silent())
    sasrec = baseline(Nearest("sasrec").fit(view, {"sasrec": learned}, seed=seed))
    return {"ease": choose(ease, valid), "sasrec": choose([sasrec], valid)}
