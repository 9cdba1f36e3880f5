"""No spec of retrieval takes a number that means nothing: whatever is a number says what it may be."""

import math
from dataclasses import fields, is_dataclass, replace

import pytest

from taojin.embeddings.factors.bpr import BPR
from taojin.embeddings.factors.lightgcn import LightGCN
from taojin.embeddings.towers.losses import GBCE
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.windows import Masked
from taojin.retrieval.serve.index import HNSW, IVF, LSH, Auto, Exact, Quantised
from taojin.retrieval.serve.merging import ReciprocalRank
from taojin.retrieval.vectors import Nearest
from tests.contracts.every_channel import CHANNELS, EMBEDDERS

OTHERS = (Exact(), HNSW(), IVF(), LSH(), Auto(), Quantised(), ReciprocalRank(), GBCE(), Masked())


def specs(part):
    """A spec and all that it holds."""
    if isinstance(part, dict):
        part = tuple(part.values())
    if isinstance(part, tuple):
        for one in part:
            yield from specs(one)
    if is_dataclass(part):
        yield part
        for field in fields(part):
            yield from specs(getattr(part, field.name))


def numbers(spec):
    for field in fields(spec):
        values = getattr(spec, field.name)
        for value in values if isinstance(values, tuple) else (values,):
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield field.name, isinstance(values, tuple)


FOUND = {type(spec): spec for spec in specs((CHANNELS, EMBEDDERS, OTHERS))}
CASES = [(spec, name, several) for spec in FOUND.values() for name, several in sorted(set(numbers(spec)))]


@pytest.mark.parametrize("wrong", [math.nan, -1e9, "many"])
@pytest.mark.parametrize(
    ("spec", "name", "several"), CASES, ids=[f"{type(spec).__name__}.{name}" for spec, name, _ in CASES]
)
def test_a_number_that_means_nothing_is_refused_by_name(spec, name, several, wrong):
    with pytest.raises(ValueError, match=rf"^\w+\.{name}: expected .*; got "):
        replace(spec, **{name: (wrong,) if several else wrong})


def test_every_kind_of_spec_is_among_them():
    assert {"ItemCF", "Item2Vec", "SequenceModel", "Transformer", "Negatives", "Training", "HoldOut"} <= {
        one.__name__ for one in FOUND
    }


def test_a_number_that_no_float_holds_is_a_count():
    assert replace(CHANNELS["item_cf"], neighbours=10**400).neighbours == 10**400


def test_fractions_and_truth_are_no_counts():
    for wrong in (2.5, True):
        with pytest.raises(ValueError, match=r"ItemCF.neighbours: expected a whole number, 1 or more"):
            replace(CHANNELS["item_cf"], neighbours=wrong)


def test_a_number_is_no_tuple():
    with pytest.raises(ValueError, match=r"EASE.l2: expected a tuple, each part a number, above 0; got 5.0"):
        replace(CHANNELS["ease"], l2=5.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BPR(negatives=128), r"BPR.negatives: expected Negatives; got 128"),
        (lambda: BPR(negatives=None), r"BPR.negatives: expected Negatives; got None"),
        (lambda: BPR(event=5), r"BPR.event: expected text; got 5"),
        (lambda: LightGCN(loss="bpr"), r"LightGCN.loss: expected Loss; got 'bpr'"),
        (lambda: Negatives(in_batch="no"), r"Negatives.in_batch: expected True or False; got 'no'"),
        (lambda: Nearest("bpr", index="hnsw"), r"Nearest.index: expected Index or Auto; got 'hnsw'"),
        (lambda: Nearest("bpr", index=HNSW), r"Nearest.index: expected Index or Auto; got .*; call it: HNSW\(\)"),
    ],
)
def test_what_is_of_another_type_is_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()
