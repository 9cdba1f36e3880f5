"""What is said of items becomes their vectors."""

import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

from taojin.core.progress import Silent
from taojin.core.units import FIRST
from taojin.embeddings.content import Sentences, TfIdf, sentences, tf_idf
from taojin.embeddings.item2vec import Item2Vec
from taojin.embeddings.joined import Joined, join
from taojin.nn.training import Training
from taojin.retrieval.vectors import Nearest


def said(parity, titles, **columns):
    """The first items of parity with other columns; the rest is null."""
    rows = parity.view.items.num_rows
    table = {"title": titles, **columns}
    padded = {name: pa.array(values + [None] * (rows - len(values))) for name, values in table.items()}
    return replace(parity.view, items=pa.table(padded))


def fit(spec, view, parity):
    return spec.fit(view, parity.columns, seed=0, progress=Silent())


def test_weights_equal_the_formula(parity):
    view = said(parity, ["The river, the RIVER", "A river", "été: 2 trees", None, ""])
    weights = tf_idf(view, (), ("title",), "here").toarray()[FIRST:]
    the, river = np.log(1 + view.n_items / 1), np.log(1 + view.n_items / 2)
    first = (1 + np.log(2)) * np.array([the, river])
    np.testing.assert_allclose(np.sort(weights[0][weights[0] > 0]), np.sort(first / np.linalg.norm(first)), rtol=1e-5)
    assert (weights[1] > 0).sum() == 2
    assert (weights[2] > 0).sum() == 3
    assert not weights[3:].any()


def test_new_items_have_vectors_and_lie_with_their_like(parity):
    embedding = fit(TfIdf(columns=("genres", "studio"), dim=8), parity.view, parity)
    assert np.flatnonzero(embedding.cold).tolist() == [58, 59, 60, 61]
    found = Nearest("e", cold=True).fit(parity.view, {"e": embedding}, seed=0).retrieve(*parity.ask([2, 4], [3, 5]), 20)
    assert (found.item % 2 == found.request).mean() > 0.9
    assert (found.item >= 58).any()
    again = fit(TfIdf(columns=("genres", "studio"), dim=8), parity.view, parity)
    np.testing.assert_array_equal(embedding.vectors, again.vectors)


def test_fewer_terms_than_dimensions_and_items_of_which_nothing_is_said(parity):
    view = said(parity, ["one two", "one two three", "two three", "four"], tags=[["x"], [], None, ["x", None]])
    embedding = fit(TfIdf(columns=("tags",), texts=("title",), dim=16), view, parity)
    assert np.flatnonzero(embedding.known).tolist() == [2, 3, 4, 5]
    assert embedding.vectors.shape == (view.n_items, 16)
    np.testing.assert_allclose(np.linalg.norm(embedding.vectors[embedding.known], axis=1), 1, rtol=1e-5)
    nothing = fit(TfIdf(texts=("title",)), said(parity, [None]), parity)
    assert not nothing.known.any()
    assert not nothing.vectors.any()


def test_only_text_is_read(parity):
    with pytest.raises(ValueError, match="TfIdf: column 'year' must hold words or lists of words, not double"):
        fit(TfIdf(columns=("year",)), parity.view, parity)
    with pytest.raises(ValueError, match="no column 'plot'"):
        fit(TfIdf(columns=("plot",)), parity.view, parity)
    with pytest.raises(ValueError, match="no column; name columns"):
        TfIdf()


def test_a_sentence_encoder_reads_the_columns_as_one_text(parity, monkeypatch):
    class Encoder:
        def __init__(self, model):
            assert model == "some/model"

        def encode(self, texts, *, batch_size, show_progress_bar):
            return np.array([[len(text), 1.0] for text in texts])

    package = ModuleType("sentence_transformers")
    package.SentenceTransformer = Encoder
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    view = said(parity, ["Heat", None, None], tags=[["crime", "heist"], ["calm"], None])
    assert sentences(view, ("title", "tags"))[:3] == ["Heat. crime heist", "calm", ""]
    embedding = fit(Sentences(columns=("title", "tags"), model="some/model"), view, parity)
    assert np.flatnonzero(embedding.known).tolist() == [2, 3]
    np.testing.assert_allclose(embedding.vectors[2], np.array([17, 1]) / np.hypot(17, 1), rtol=1e-5)


def test_a_missing_encoder_is_named_with_its_remedy(parity, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ValueError, match="sentence-transformers is not installed; pip install"):
        fit(Sentences(columns=("genres",)), parity.view, parity)


BEHAVIOUR = Item2Vec(dim=8, training=Training(learning_rate=2e-2, batch=4, epochs=3, device="cpu"))
CONTENT = TfIdf(columns=("genres",), dim=4)


def test_joined_products_are_weighted_sums_of_cosines(parity):
    parts = {"behaviour": fit(BEHAVIOUR, parity.view, parity), "content": fit(CONTENT, parity.view, parity)}
    joined = join(parts, {"content": 0.25})
    requests, rows = parity.ask([2, 4], [], [60, 61])
    product = joined.query.vectors(requests, rows)[:, 0] @ joined.vectors.T
    expected = np.zeros_like(product)
    for part, weight in zip(parts.values(), (1.0, 0.25), strict=True):
        query = part.query.vectors(requests, rows)[:, 0]
        lengths = np.linalg.norm(query, axis=1)[:, None] * np.linalg.norm(part.vectors, axis=1)
        expected += weight * np.divide(query @ part.vectors.T, lengths, out=np.zeros_like(product), where=lengths > 0)
    np.testing.assert_allclose(product, expected, atol=1e-5)
    assert not product[1].any()  # nothing is known of the second
    assert joined.cold[58:].all()


def test_joined_fits_its_parts_and_checks_their_names(parity):
    spec = Joined(parts={"behaviour": BEHAVIOUR, "content": CONTENT}, weights={"content": 0.5})
    assert (spec.features, spec.needs_clock) == (("history",), False)
    joined = fit(spec, parity.view, parity)
    assert joined.vectors.shape == (parity.view.n_items, 12)
    found = Nearest("e", cold=True).fit(parity.view, {"e": joined}, seed=0).retrieve(*parity.ask([2], [60]), 5)
    assert len(found) == 10
    with pytest.raises(ValueError, match="weight of 'text', but the parts are behaviour, content"):
        replace(spec, weights={"text": 1.0})
    with pytest.raises(ValueError, match="expected a number above 0"):
        replace(spec, weights={"content": 0.0})
