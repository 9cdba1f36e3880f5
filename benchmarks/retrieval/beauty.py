"""Amazon Beauty as S3-Rec publishes it; leave-last-out, full ranking (see leave_last_out.py)."""

from dataclasses import replace
from functools import partial

from benchmarks.retrieval.leave_last_out import Table, run
from benchmarks.retrieval.ml_1m import EVENTS, MIXED, SEQUENCES
from taojin.data.sequences import ItemSequences
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.towers.transformer import Transformer
from taojin.embeddings.towers.zoo import DSSM, MIND, BERT4Rec, GRU4Rec, NeuralCF, SASRec, YouTubeDNN
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.popular import Popular

TABLE = Table(
    source=ItemSequences(file="Beauty.txt"),
    folder="s3rec-amazon",
    longest=50,
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
        "gru4rec": GRU4Rec(dim=128, training=replace(SEQUENCES, learning_rate=5e-3)),
        "sasrec": SASRec(
            dim=256, encoder=Transformer(blocks=1, dropout=0.5), forget=0.1, training=replace(SEQUENCES, drop=0.8)
        ),
        "bert4rec": BERT4Rec(dim=128, training=SEQUENCES),
    },
)
run = partial(run, TABLE)
