"""MovieLens-1M in the order of SASRec's file; leave-last-out, full ranking (see leave_last_out.py)."""

from dataclasses import replace
from functools import partial

from benchmarks.retrieval.leave_last_out import Table, run
from taojin.data.sequences import ItemSequences
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.towers.losses import GBCE
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.transformer import Transformer
from taojin.embeddings.towers.zoo import DSSM, MIND, BERT4Rec, GRU4Rec, NeuralCF, SASRec, YouTubeDNN
from taojin.nn.trainer import Training
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.popular import Popular

LONGEST = 1_000
"""Events of a user that sequences are cut from, in windows; what lies further back than a history is learned from."""
SEQUENCES = Training(batch=128, epochs=400, patience=12, drop=0.9, embedding_l2=0.0, bf16=True)
EVENTS = Training(batch=1024, learning_rate=2e-3, epochs=30, drop=0.5)
MIXED = Negatives(in_batch=True, uniform=512)

TABLE = Table(
    source=ItemSequences(file="ml-1m.txt"),
    folder="ml-1m/sasrec",
    longest=200,
    channels={
        "popular": Popular(),
        "item_cf": ItemCF(neighbours=500, decay=0.9),
    },
    vectors={
        "item2vec": Item2Vec(dim=64),
    },
    towers={
        "dssm": DSSM(negatives=MIXED, training=EVENTS),
        "youtube_dnn": YouTubeDNN(example_age=False),
        "mind": MIND(negatives=MIXED, training=EVENTS),
        "neural_cf": NeuralCF(training=EVENTS),
        "gru4rec": GRU4Rec(longest=LONGEST, training=replace(SEQUENCES, learning_rate=5e-3)),
        "sasrec": SASRec(encoder=Transformer(dropout=0.2, widen=4), longest=LONGEST, training=SEQUENCES),
        "sasrec_gbce": SASRec(
            loss=GBCE(),
            negatives=Negatives(uniform=256),
            encoder=Transformer(dropout=0.2, widen=4),
            longest=LONGEST,
            training=SEQUENCES,
        ),
        "bert4rec": BERT4Rec(longest=LONGEST, training=SEQUENCES),
    },
)
run = partial(run, TABLE)
