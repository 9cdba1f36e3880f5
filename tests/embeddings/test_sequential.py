"""Models that learn from whole sequences: what they see, what they learn from order, and that they serve as trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from taojin.core.batch import Requests, Rows
from taojin.core.events import Events, no_pasts
from taojin.core.progress import Silent
from taojin.core.units import FIRST, PAD, UNKNOWN
from taojin.data.dataset import Log
from taojin.embeddings.next_item import HoldOut
from taojin.embeddings.query import TowerQuery
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.sequential import SequenceTower, queries
from taojin.embeddings.towers.windows import MASK, Masked, NextItem, Windows
from taojin.embeddings.towers.zoo import DSSM, BERT4Rec, GRU4Rec, SASRec
from taojin.features.attributes import Id
from taojin.features.feature import Level
from taojin.features.inputs import CategoryField
from taojin.features.past import Recent
from taojin.nn.trainer import seeded
from taojin.nn.training import Training
from taojin.nn.transformer import Transformer
from taojin.retrieval.vectors import Nearest

TRAINING = Training(learning_rate=1e-2, batch=32, epochs=15, patience=15, drop=1.0, embedding_l2=0.0, device="cpu")
SPECS = {
    "sasrec": SASRec(dim=16, encoder=Transformer(dropout=0.0), training=TRAINING),
    "gru4rec": GRU4Rec(dim=16, training=TRAINING),
    "bert4rec": BERT4Rec(dim=16, encoder=Transformer(causal=False, dropout=0.0), training=TRAINING),
}
LENGTH = 8


def tower(spec, items=20, length=LENGTH):
    with seeded(0):
        return SequenceTower(CategoryField("item", Level.CANDIDATE, items), spec, length).eval()


def on_the_left(*sequences, length=LENGTH):
    history = np.zeros((len(sequences), length, 1), np.int64)
    for row, sequence in enumerate(sequences):
        history[row, length - len(sequence) :, 0] = sequence
    return history


def on_the_right(*sequences):
    longest = max(map(len, sequences))
    return torch.tensor([[*sequence, *[PAD] * (longest - len(sequence))] for sequence in sequences])


SEQUENCES = ([2, 3, 4], [5], [9, 8, 7, 6, 5, 4, 3, 2], [4, UNKNOWN, 4])


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_what_serves_is_the_last_state_of_what_was_trained(spec):
    model = tower(spec)
    found = queries(model, on_the_left(*SEQUENCES))[:, 0]
    for sequence, query in zip(SEQUENCES, found, strict=True):
        read = [*sequence[1 - LENGTH :], MASK] if model.mask is not None else sequence
        codes = on_the_right(read)
        with torch.no_grad():
            expected = model.states(codes, codes != PAD)[0, len(read) - 1]
        np.testing.assert_allclose(query, expected, atol=1e-5)


@pytest.mark.parametrize("spec", [SPECS["sasrec"], SPECS["gru4rec"]], ids=["sasrec", "gru4rec"])
def test_a_place_sees_nothing_that_comes_after_it(spec):
    model = tower(spec)
    one, other = torch.tensor([[2, 3, 4, 5]]), torch.tensor([[2, 3, 9, PAD]])
    with torch.no_grad():
        first, second = (model.states(codes, codes != PAD) for codes in (one, other))
    torch.testing.assert_close(first[:, :2], second[:, :2])
    assert not torch.allclose(first[:, 2], second[:, 2])


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_a_state_does_not_depend_on_its_neighbours_padding(spec):
    model = tower(spec)
    short, long = on_the_right([2, 3, 4]), on_the_right([2, 3, 4], [2] * 8)
    with torch.no_grad():
        torch.testing.assert_close(
            model.states(short, short != PAD)[0], model.states(long, long != PAD)[0, :3], atol=1e-5, rtol=0
        )


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_onnx_equals_torch_and_strangers_ask_for_nothing(spec, parity):
    embedding = replace(spec, training=replace(TRAINING, epochs=1)).fit(
        parity.view, parity.columns, seed=0, progress=Silent()
    )
    assert isinstance(embedding.query, TowerQuery)
    requests, rows = parity.ask([2, 4, 6], [], [UNKNOWN, UNKNOWN], [3], list(range(2, 52)))
    found = embedding.query.vectors(requests, rows)
    assert found.shape == (5, 1, 16)
    assert found.any(axis=2)[:, 0].tolist() == [True, False, False, True, True]
    assert np.isfinite(found).all()
    again = embedding.query.vectors(requests[:1], replace(rows, request={"history": rows.request["history"][:1]}))
    np.testing.assert_allclose(again, found[:1], atol=1e-6)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_the_network_overfits_64_windows_and_every_parameter_learns(spec):
    codes = np.random.default_rng(0).integers(FIRST, 20, 64 * 5)
    source = windows(codes, np.repeat(np.arange(64), 5), spec.objective)
    model = tower(spec).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    torch.manual_seed(0)
    batch = source.gather(torch.arange(64))  # one mask, over and over, for what masks
    for step in range(150):
        loss = spec._loss(model, source, batch)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            started = loss.item()
            assert all(weight.grad is not None and weight.grad.any() for weight in model.parameters() if weight.numel())
        optimizer.step()
    assert loss.item() < 0.5 * started


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_in_a_low_precision_loss_and_gradients_stay_close(spec):
    codes = np.random.default_rng(0).integers(FIRST, 20, 16 * 5)
    source = windows(codes, np.repeat(np.arange(16), 5), spec.objective)
    model = tower(spec)
    torch.manual_seed(0)
    batch = source.gather(torch.arange(16))
    exact, gradients = spec._loss(model, source, batch), []
    with torch.autocast("cpu", torch.bfloat16):
        rough = spec._loss(model, source, batch)
    torch.testing.assert_close(rough, exact, rtol=0.02, atol=0)
    for loss in (exact, rough):
        model.zero_grad()
        loss.backward()
        gradients.append(model.table.weight.grad.clone())
    assert functional.cosine_similarity(*(one.flatten() for one in gradients), dim=0) > 0.98


def windows(codes, user, objective, length=LENGTH, longest=100):
    count = torch.from_numpy(np.bincount(codes, minlength=20))
    return Windows.of(
        codes, user, length=length, longest=longest, objective=objective, sampler=Negatives().sampler(count)
    )


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(2, 9), st.integers(2, 40))
def test_every_event_that_may_be_guessed_is_guessed_once(lengths, length, longest):
    user = np.repeat(np.arange(len(lengths)), lengths)
    codes = FIRST + np.arange(len(user)) % 18
    source = windows(codes, user, NextItem(), length, longest)
    assert (
        source.events * len(source) == pytest.approx(sum(min(n, longest) - 1 for n in lengths)) if len(source) else True
    )
    seen = []
    for row in range(len(source)):
        batch = source.gather(torch.tensor([row]))
        assert batch.read.shape[1] <= length
        assert (batch.known.sum() == len(batch.wanted)).all()
        start, stop = int(source.start[row]), int(source.stop[row])
        assert len(set(user[start:stop])) == 1
        assert batch.wanted.tolist() == codes[start + 1 : stop].tolist()
        seen += range(start + 1, stop)
    assert len(set(seen)) == len(seen)


def test_pieces_hold_all_rows_and_pad_little():
    lengths = np.random.default_rng(0).integers(2, 9, 50)
    source = windows(np.full(lengths.sum(), 5), np.repeat(np.arange(50), lengths), NextItem())
    rows = torch.randperm(50)
    pieces = source.pieces(rows, places=40)
    assert sorted(torch.cat(pieces).tolist()) == list(range(50))
    assert len(pieces) > 3
    length = source.stop - source.start
    assert all(bool((length[piece].diff() >= 0).all()) for piece in pieces)


def test_the_pieces_of_a_step_add_up_to_the_whole():
    spec = SPECS["sasrec"]
    lengths = np.random.default_rng(0).integers(2, 9, 30)
    codes = np.random.default_rng(1).integers(FIRST, 20, lengths.sum())
    source = windows(codes, np.repeat(np.arange(30), lengths), NextItem())
    model = tower(spec)
    whole = spec._loss(model, source, source.gather(torch.arange(30)))
    pieces = source.pieces(torch.arange(30), 40)
    parts = sum(spec._loss(model, source, source.gather(piece)) * len(piece) / 30 for piece in pieces)
    torch.testing.assert_close(parts, whole)


def test_masks_hide_what_is_guessed_and_never_padding():
    codes = on_the_right([2, 3, 4, 5, UNKNOWN], [6, 7, 8]).repeat(200, 1)
    torch.manual_seed(0)
    lesson = Masked(share=0.5, last=0.0).lesson(codes)
    hidden = lesson.read == MASK
    assert (lesson.wanted[hidden] == codes[hidden]).all()
    assert (lesson.wanted[~hidden] == PAD).all()
    assert (lesson.read[~hidden] == codes[~hidden]).all()
    assert (codes[hidden] >= FIRST).all()
    assert 0.4 < hidden[codes >= FIRST].float().mean() < 0.6
    alone = Masked(share=0.5, last=1.0).lesson(codes[1:2]).wanted
    assert alone.tolist() == [[PAD, PAD, 8, PAD, PAD]]


def test_objective_and_encoder_must_fit():
    with pytest.raises(ValueError, match=r"what guesses the next item must be causal, or it sees it"):
        SASRec(encoder=Transformer(causal=False))
    with pytest.raises(ValueError, match=r"got causal=True for Masked"):
        SASRec(objective=Masked())
    with pytest.raises(ValueError, match=r"expected a width that 3 heads divide, got 16"):
        Transformer(heads=3).build(16, 5)


class Pairs:
    """Users like x, y and what a random table has for (x, y): other than for (y, x), and no sum of x's and y's part."""

    def __init__(self, parity, each=3, items=6):
        first, second = (side.ravel() for side in np.indices((items, items)))
        self.asked = FIRST + np.stack([first, second], axis=1)[first != second]
        self.answer = FIRST + items + np.random.default_rng(0).integers(0, items, len(self.asked))
        item = np.tile(np.column_stack([self.asked, self.answer]), (each, 1))
        kinds = np.full(item.size, parity.view.kinds.all, np.uint32)
        time = np.tile(np.arange(3), len(item))
        events = Events(item.ravel(), kinds, np.zeros(item.size, np.float32), time)
        users = np.repeat(FIRST + np.arange(len(item)), 3)
        self.view = replace(parity.view, log=Log.of(users, events, len(item) + FIRST))
        self.columns = {}
        for feature in (Id(name="item"), Recent(name="history", event="like", length=LENGTH)):
            self.columns[feature.name] = feature.fit(self.view, self.columns)

    def right(self, spec):
        """Share of the pairs whose answer is the best of all answers."""
        embedding = spec.fit(self.view, self.columns, seed=0, progress=Silent())
        nobody = np.zeros(len(self.asked), np.int64)
        requests = Requests(
            user=nobody + UNKNOWN,
            item=nobody,
            time=nobody + 99,
            seed=nobody.astype(np.uint64),
            past=no_pasts(len(nobody)),
        )
        rows = Rows({"history": on_the_left(*self.asked)}, {}, nobody[:0])
        found = Nearest("e").fit(self.view, {"e": embedding}, seed=0).retrieve(requests, rows, 100)
        answers = found.where(found.item >= self.answer.min())
        return (answers.item[answers.position == 0] == self.answer).mean()


def test_order_is_seen_by_what_reads_sequences_and_not_by_a_mean(parity):
    pairs = Pairs(parity)
    training = replace(TRAINING, epochs=60, patience=60)
    for name in ("sasrec", "gru4rec"):
        assert pairs.right(replace(SPECS[name], held=HoldOut(share=0.1), training=training)) > 0.9, name
    few = Negatives(in_batch=True, uniform=16)
    assert pairs.right(DSSM(dim=16, dropout=0.0, negatives=few, held=HoldOut(share=0.1), training=training)) < 0.7


def test_the_same_seed_gives_the_same_vectors(parity):
    short = replace(SPECS["sasrec"], negatives=Negatives(uniform=10), training=replace(TRAINING, epochs=2))
    first, again = (short.fit(parity.view, parity.columns, seed=3, progress=Silent()) for _ in range(2))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert first.query.graph == again.query.graph


def test_a_killed_fit_goes_on(parity, tmp_path):
    spec = replace(SPECS["gru4rec"], training=replace(TRAINING, epochs=2))
    whole = spec.fit(parity.view, parity.columns, seed=0, progress=Silent())
    for _ in range(2):  # the second finds all epochs done
        again = spec.fit(parity.view, parity.columns, seed=0, progress=Silent(), checkpoint=tmp_path / "towers.pt")
        np.testing.assert_array_equal(again.vectors, whole.vectors)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"item": "film"}, r"no feature 'film'; there are item, genres, history"),
        ({"item": "genres"}, r"column 'item' must be a"),
    ],
)
def test_names_are_checked(parity, how, message):
    with pytest.raises(ValueError, match=message):
        replace(SPECS["sasrec"], **how).fit(parity.view, parity.columns, seed=0, progress=Silent())
