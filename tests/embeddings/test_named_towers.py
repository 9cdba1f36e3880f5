"""What each named tower sees that its nearest relative does not."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import torch

from taojin.core.batch import Requests, Rows
from taojin.core.events import Events, no_pasts
from taojin.core.progress import Silent
from taojin.core.units import DAY, FIRST, PAD, UNKNOWN
from taojin.data.dataset import Clock, Log, TrainView
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary
from taojin.embeddings.towers.negatives import Negatives
from taojin.embeddings.towers.network import label_aware
from taojin.embeddings.towers.zoo import DSSM, MIND, NeuralCF, YouTubeDNN
from taojin.features.attributes import Id
from taojin.features.past import Recent
from taojin.nn.encoders import Capsules, MeanPool
from taojin.nn.training import Training
from taojin.retrieval.vectors import Nearest

LENGTH = 8
TRAINING = Training(learning_rate=1e-2, batch=64, epochs=15, patience=15, drop=1.0, embedding_l2=0.0, device="cpu")


class Likes:
    """Users who like items [U, steps] one after the other, at times [U, steps]."""

    def __init__(self, item, time, items):
        users, steps = item.shape
        kinds = Kinds(("like",))
        events = Events(
            item.ravel(), np.ones(item.size, np.uint32), np.zeros(item.size, np.float32), time.ravel().astype(np.int64)
        )
        self.view = TrainView(
            users=pa.table({"user": [f"u{n}" for n in range(users)]}),
            items=pa.table({"item": [f"i{n}" for n in range(items)]}),
            user_vocabulary=Vocabulary(tuple(f"u{n}" for n in range(users))),
            item_vocabulary=Vocabulary(tuple(f"i{n}" for n in range(items))),
            kinds=kinds,
            clock=Clock.REAL,
            log=Log.of(np.repeat(FIRST + np.arange(users), steps), events, users + FIRST),
        )
        self.columns = {}
        for feature in (
            Id(name="user", entity="user"),
            Id(name="item"),
            Recent(name="history", event="like", length=LENGTH),
        ):
            self.columns[feature.name] = feature.fit(self.view, self.columns)

    def found(self, spec, histories, k, user=UNKNOWN):
        """The k items for strangers with these histories, int64[R, k]."""
        embedding = spec.fit(self.view, self.columns, seed=0, progress=Silent())
        n = len(histories)
        places = np.full((n, LENGTH, 1), PAD)
        for row, history in enumerate(histories):
            places[row, LENGTH - len(history) :, 0] = history
        who = np.full(n, user)
        requests = Requests(
            user=who,
            item=np.zeros(n, np.int64),
            time=np.full(n, self.view.end),
            seed=np.zeros(n, np.uint64),
            past=no_pasts(n),
        )
        rows = Rows({"history": places, "user": who}, {}, who[:0])
        proposed = Nearest("e").fit(self.view, {"e": embedding}, seed=0).retrieve(requests, rows, k)
        assert (np.diff(proposed.offsets) == k).all()
        return proposed.item.reshape(n, k)


def test_of_two_tastes_one_vector_finds_what_lies_between_and_two_find_both():
    tastes, each, users, steps = 12, 5, 150, 16
    random = np.random.default_rng(0)
    own = np.argsort(random.random((users, tastes)), axis=1)[:, :2]
    taste = np.take_along_axis(own, random.integers(0, 2, (users, steps)), axis=1)
    item = FIRST + taste * each + random.integers(0, each, (users, steps))
    likes = Likes(item, np.tile(np.arange(steps), (users, 1)), tastes * each)
    pairs = [(a, b) for a in range(tastes) for b in range(a)]
    histories = [[FIRST + t * each + n for n in range(4) for t in pair] for pair in pairs]
    few = Negatives(in_batch=True, uniform=32)

    def right(spec):
        found = (likes.found(spec, histories, 2 * each) - FIRST) // each
        return np.mean([np.isin(one, pair) for one, pair in zip(found, pairs, strict=True)])

    training = replace(TRAINING, batch=128, epochs=25, patience=25)
    # In so few dimensions the mean of two tastes lies near others.
    one = right(DSSM(dim=3, negatives=few, dropout=0.0, training=training))
    several = right(MIND(dim=3, encoder=Capsules(interests=2), negatives=few, dropout=0.0, training=training))
    assert several > one + 0.1


def test_what_was_liked_once_is_told_from_what_is_liked_now_by_the_age_of_examples_alone():
    users, steps = 200, 4
    random = np.random.default_rng(0)
    time = np.sort(random.integers(0, 1000, (users, steps)), axis=1)
    item = FIRST + random.integers(0, 10, (users, steps)) + 10 * (time >= 800)
    likes = Likes(item, time * DAY, 20)
    shared = {"dim": 8, "hidden": (16,), "negatives": Negatives(uniform=20), "training": TRAINING}
    aged = likes.found(YouTubeDNN(**shared), [[]], 8)
    ageless = likes.found(YouTubeDNN(**shared, example_age=False), [[]], 8)
    assert (aged >= FIRST + 10).mean() > 0.8
    assert (ageless >= FIRST + 10).mean() < 0.2
    assert YouTubeDNN().needs_clock
    assert not DSSM().needs_clock


def test_neural_cf_knows_a_user_by_id_alone():
    users, steps = 60, 12
    random = np.random.default_rng(0)
    item = np.stack([FIRST + np.argsort(random.random(20))[:steps] * 2 + user % 2 for user in range(users)])
    likes = Likes(item, np.tile(np.arange(steps), (users, 1)), 40)
    long = replace(TRAINING, epochs=40, patience=40)
    spec = NeuralCF(dim=8, hidden=(32,), item_hidden=(32,), dropout=0.0, negatives=Negatives(uniform=64), training=long)
    for user in (FIRST, FIRST + 1):
        found = likes.found(spec, [[]], 10, user=user)
        assert (found % 2 == user % 2).mean() > 0.9
    strangers = likes.found(spec, [[FIRST + n * 2 for n in range(6)], [FIRST + 1 + n * 2 for n in range(6)]], 10)
    assert (strangers % 2 == np.array([[0], [1]])).mean() > 0.9


def routed(vectors, start, bilinear, iterations, interests):
    """Behaviour-to-interest routing of one history by the paper's algorithm 1, place by place, of directions."""
    n = len(vectors)
    active = max(1, min(interests, int(np.log2(max(n, 1)))))
    scaled = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) * vectors.shape[1] ** 0.5
    mapped, b = scaled @ bilinear.T, start[:active].copy()
    for _ in range(iterations):
        w = np.exp(b) / np.exp(b).sum(axis=0)
        capsules = []
        for k in range(active):
            z = sum(w[k, i] * mapped[i] for i in range(n))
            length = np.linalg.norm(z)
            capsules.append(length**2 / (1 + length**2) * z / length)
        b = b + np.array([[capsules[k] @ mapped[i] for i in range(n)] for k in range(active)])
    return np.array(capsules)


def test_capsules_are_those_of_the_paper():
    torch.manual_seed(0)
    module = Capsules(interests=3, iterations=3).build(4, 9)
    vectors, lengths = torch.randn(5, 9, 4), [9, 1, 2, 4, 7]
    known = torch.arange(9) >= 9 - torch.tensor(lengths)[:, None]
    found, active = module(vectors, known).detach().numpy(), module.active(known).numpy()
    for row, n in enumerate(lengths):
        own = vectors[row, 9 - n :].double().numpy()
        start = module.start[:, 9 - n :].double().numpy()
        expected = routed(own, start, module.bilinear.weight.detach().double().numpy(), 3, 3)
        assert active[row].sum() == len(expected)
        np.testing.assert_allclose(found[row, : len(expected)], expected, atol=1e-5)


def test_a_wanted_item_finds_its_interest():
    interests = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]])
    found = label_aware(interests, torch.tensor([[0.1, 0.9]]), 50.0)
    torch.testing.assert_close(found, torch.tensor([[0.0, 1.0]]), atol=1e-6, rtol=0)
    # A vector of zeros is no interest, even where all others point away.
    away = label_aware(interests, torch.tensor([[-1.0, -2.0]]), 50.0)
    torch.testing.assert_close(away, torch.tensor([[1.0, 0.0]]), atol=1e-6, rtol=0)


def test_the_mean_of_nothing_is_nothing():
    module = MeanPool().build(4, 6)
    assert not module(torch.randn(2, 6, 4), torch.zeros(2, 6, dtype=torch.bool)).any()
    one = module(torch.ones(1, 6, 4), torch.tensor([[False] * 4 + [True] * 2]))
    torch.testing.assert_close(one, torch.ones(1, 1, 4))


def test_recipes_change_named_towers_by_their_fields():
    assert replace(MIND(), dim=32).encoder == Capsules(interests=4)
    assert NeuralCF().features == ("user", "item")
