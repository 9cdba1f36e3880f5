"""MovieLens-1M in the order of SASRec's file; leave-last-out, full ranking (see leave_last_out.py)."""

from dataclasses import replace
from functools import partial

from benchmarks.retrieval.leave_last_out import Table, run
from taojin.data.sequences import ItemSequences
from taojin.embeddings.embedding import Embedder
from taojin.embeddings.factors.als import ALS
from taojin.embeddings.factors.bpr import BPR
from taojin.embeddings.factors.lightgcn import LightGCN
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.towers.events import TwoTowerModel
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.windows import Masked
from taojin.embeddings.towers.zoo import DSSM, MIND, BERT4Rec, GRU4Rec, NeuralCF, SASRec, YouTubeDNN
from taojin.embeddings.walks.deepwalk import DeepWalk
from taojin.embeddings.walks.node2vec import Node2Vec
from taojin.nn.training import Training
from taojin.nn.transformer import Transformer
from taojin.recipes.films import HALVED_IN_8
from taojin.retrieval.association import Association
from taojin.retrieval.channel import Channel
from taojin.retrieval.ease import EASE
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.popular import Popular
from taojin.retrieval.spectral import Spectral
from taojin.retrieval.swing import Swing
from taojin.retrieval.user_cf import UserCF

LONGEST = 1_000
"""Events of a user that sequences are cut from, in windows; what lies further back than a history is learned from."""
SEQUENCES = Training(batch=128, epochs=400, patience=12, drop=0.9, embedding_l2=0.0, bf16=True)
EVENTS = Training(batch=1024, learning_rate=2e-3, epochs=30, drop=0.5)
WALKED = Training(learning_rate=2e-2, batch=512, epochs=30, drop=0.3)
MIXED = Negatives(in_batch=True, uniform=512)
WIDE = Transformer(dropout=0.2, widen=4)

CHANNELS: dict[str, Channel] = {
    "popular": Popular(),
    "item_cf": ItemCF(neighbours=500, decay=HALVED_IN_8),
    "user_cf": UserCF(newest=0.99),
    "swing": Swing(neighbours=500, popularity=0.7, decay=HALVED_IN_8),
    "association": Association(neighbours=500, popularity=0.3, decay=HALVED_IN_8),
    "ease": EASE(l2=(100.0, 300.0, 1000.0), decay=HALVED_IN_8),
    "spectral": Spectral(decay=HALVED_IN_8),
}
VECTORS: dict[str, Embedder] = {
    "item2vec": Item2Vec(dim=64, window=5, decay=0.8, training=WALKED),
    "deepwalk": DeepWalk(dim=64),
    "node2vec": Node2Vec(dim=64, q=0.5),
    "als": ALS(dim=64, unobserved=0.3),
    "bpr": BPR(dim=64),
    "lightgcn": LightGCN(dim=64),
}
EVENT_TOWERS: dict[str, TwoTowerModel] = {
    "dssm": DSSM(negatives=MIXED, training=EVENTS),
    "youtube_dnn": YouTubeDNN(example_age=False),
    "mind": MIND(negatives=MIXED, training=EVENTS),
    "neural_cf": NeuralCF(training=EVENTS),
}
"""What Beauty is measured with, too."""

TABLE = Table(
    source=ItemSequences(file="ml-1m.txt"),
    folder="ml-1m/sasrec",
    longest=200,
    channels=CHANNELS,
    vectors=VECTORS,
    towers={
        **EVENT_TOWERS,
        "gru4rec": GRU4Rec(longest=LONGEST, training=replace(SEQUENCES, learning_rate=5e-3)),
        "sasrec": SASRec(encoder=WIDE, longest=LONGEST, training=SEQUENCES),
        "bert4rec": BERT4Rec(
            objective=Masked(share=0.4), longest=LONGEST, training=replace(SEQUENCES, batch=32, patience=6)
        ),
    },
)
run = partial(run, TABLE)
