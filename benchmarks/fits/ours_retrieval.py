"""The package's channels and embeddings on the same sequences, through the functions of `benchmarks retrieval`."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch
import torch._dynamo  # torch reads it with its first optimiser; peers are read before their clock starts

from benchmarks.fits.next_item import Task, answer
from benchmarks.retrieval.clock import Watch
from benchmarks.retrieval.leave_last_out import measure
from benchmarks.retrieval.ml_1m import TABLE
from taojin.embeddings.factors.als import ALS
from taojin.embeddings.factors.bpr import BPR
from taojin.embeddings.item2vec import Item2Vec
from taojin.retrieval.ease import EASE
from taojin.retrieval.item_cf import ItemCF

ALL = 4_000
"""More events than any user has: the peers read all."""
LAST = 200
"""What towers read, as the peer does; what item2vec reads, as an item further back weighs nothing."""
MODELS = replace(
    TABLE,
    longest=ALL,
    channels={
        "EASE": EASE(l2=(1000.0,), neighbours=500, longest=ALL, decay=1.0),
        "cosine": ItemCF(similarity="cosine", shrinkage=0.0, neighbours=500, longest=ALL, decay=1.0),
        "bm25": ItemCF(shrinkage=0.0, neighbours=500, longest=ALL, decay=1.0),
    },
    vectors={
        "als": ALS(dim=64, unobserved=1.0, regularization=1.0, frequency=0.0, iterations=4),
        "BPR": BPR(dim=64, training=replace(BPR().training, epochs=6)),
        "item2vec": Item2Vec(
            dim=64, window=5, decay=0.8, training=replace(Item2Vec().training, epochs=1, batch=256, learning_rate=2e-2)
        ),
    },
    towers={
        "SASRec": TABLE.towers["sasrec"],
    },
)

SHOWN = {
    "dim": "dimensions",
    "neighbours": "neighbours",
    "l2": "penalty",
    "iterations": "iterations",
    "window": "window",
}
"""Fields of a spec that the table shows, and what it calls them."""


def about(spec: object) -> str:
    """The size of a model and its precision, in words."""
    sizes = [f"{name} {getattr(spec, field)}" for field, name in SHOWN.items() if hasattr(spec, field)]
    training = getattr(spec, "training", None)
    return ", ".join([*sizes, "bf16" if training is not None and training.bf16 else "fp32"])


def main() -> None:
    """Fit as the settings of the command line say."""
    task = Task(**json.loads(sys.argv[1]))
    torch.set_num_threads(task.threads)
    dataset = MODELS.source.load(Path(task.file))
    watch = Watch()
    table = replace(MODELS, longest=LAST) if task.model in ("item2vec", *MODELS.towers) else MODELS
    found = measure(task.model, table, dataset, final=False, watch=watch, minutes=task.minutes)
    whole = (found["seconds"], found["ndcg@10"])
    # A tower's own validation is this very figure, so that each of its epochs is a point.
    of_epochs = watch.points if task.model in MODELS.towers else []
    epochs = f"{found['epochs']} epochs, " if "epochs" in found else ""
    spec = {**table.channels, **table.vectors, **table.towers}[task.model]
    answer([*of_epochs, whole], epochs + about(spec))


if __name__ == "__main__":
    main()
