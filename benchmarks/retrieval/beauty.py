"""Amazon Beauty as S3-Rec publishes it; leave-last-out, full ranking (see leave_last_out.py)."""

from dataclasses import replace
from functools import partial

from benchmarks.retrieval.leave_last_out import Table, run
from benchmarks.retrieval.ml_1m import CHANNELS, EVENT_TOWERS, SEQUENCES, VECTORS
from taojin.data.sequences import ItemSequences
from taojin.embeddings.towers.zoo import BERT4Rec, GRU4Rec, SASRec
from taojin.nn.transformer import Transformer

TABLE = Table(
    source=ItemSequences(file="Beauty.txt"),
    folder="s3rec-amazon",
    longest=50,
    channels=CHANNELS,
    vectors=VECTORS,
    towers={
        **EVENT_TOWERS,
        "gru4rec": GRU4Rec(dim=128, training=replace(SEQUENCES, learning_rate=5e-3)),
        "sasrec": SASRec(
            dim=256,
            encoder=Transformer(blocks=1, dropout=0.5),
            forget=0.1,
            training=replace(SEQUENCES, drop=0.8),
        ),
        "bert4rec": BERT4Rec(dim=128, training=SEQUENCES),
    },
)
run = partial(run, TABLE)
